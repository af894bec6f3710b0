// SPDX-License-Identifier: MIT
// Which job a worker runs next: the rule, apart from the queues, so that it can be tried on queues of a model
// (tests/model/turns_model_test.cpp) as it is shipped.
//
// There are five places where a job can wait for this worker:
//
//   ready    what I/O has made ready, and tasks of high priority
//   shared   what threads outside have made or woken
//   own      this worker's deque; it runs the youngest first, as caches are warm there and memory stays bounded by the
//            depth of the tree
//   later    tasks that have given way (sleep(0s), checkpoint, a spent budget)
//   low      tasks of low priority
//
// and a sixth, the deques of others that do not come to a point for more than a tick: their jobs wait for whoever looks.
//
// The ordinary rule is an order of preference. While somebody calls (the attention word), `ready` goes first; but one job
// in `share` is its own, and every second one `shared` (in a turn, every fourth), as long as there are any. Otherwise own
// (the youngest), then ready, shared, later, low. That rule alone starves: two tasks that wake each other keep `own` busy for ever.
//
// So there are turns. A thread that does nothing else (ticker.hpp) asks every running worker for one, every `tick`; a
// fork, an await, a checkpoint, and the end of a forked child look at that request and lead back to this rule, so a tree of
// forks that never comes back to the loop is interrupted too. In a turn the worker serves what has waited: in rotation the
// oldest of its own, then one of `later`, one of `low`, one that another worker has left; of its own and of `later` as many
// as stood there when the turn began, of the other two one. Between two of them calls are answered; what has waited comes
// first, so a turn serves one of them however soon it ends. A turn ends when all that waited is served, or at the next
// request; the interval after that belongs to the ordinary rule again, so what computes keeps half of the time at least. What
// a turn has not come to is served by the next, from where the rotation stood.
//
// The bound. Let s be the longest time between two points at which a running task looks, and tick the ticker's period.
//   * ready and shared: a call is answered at the next point, so their first job begins within s, or share * s if both are
//     flooded; each job before it in its queue costs as much again.
//   * own and later: what stands there when a turn begins is served in that turn or in the turns that follow, one turn every
//     2 * tick; the first of them begins within 4 * tick + s. (An own job must have been the oldest for a whole tick. To
//     begin the oldest of a tree opens one more branch of it, which costs memory, and small jobs for thieves.)
//   * low, and what another worker has left: one a turn, so the first begins within 4 * tick + s, and each that stands before
//     it costs 2 * tick more.
// That is for steps that are short beside a tick. Where a turn has time for one of them only, the rotation takes four turns
// of two steps each: 4 * tick + 8 s.
// `hasty` makes the ordinary case quicker than the bound: if few jobs stand in the deque and the oldest has been that for
// `hasty` picks, it is taken. Nobody has to wait for a tick beside two tasks that wake each other.
//
// A tree that is interrupted once per two ticks opens one branch each time. What is open is at most the work of the tree
// divided by two ticks, so some 100 kB for each second of compute.
//
// Rejected: the oldest job every 61 jobs whatever stands there (fib by task groups, 800,000 tasks: 5,556 thefts; now 48); a
// time stamp at each fork (7 ns of 12).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <jay/detail/job.hpp>

namespace jay::detail {

/// The owner's alone. `Queues` has, each null or 0 where there is nothing:
///   bool turn_asked()                takes the request for a turn
///   bool called(), void answered()   somebody calls to ready or shared; after a look at them
///   bool calm()                      no turn is asked for, and nobody calls
///   job* ready(), shared(), youngest(), oldest(), later(), low()
///   std::uint64_t oldest_index()     the same as long as the same job is the oldest of its own
///   std::size_t own_size(), later_size(); bool any_low(), any_left(); job* left()
class turns {
 public:
  template <class Queues>
  job* next(Queues& q) {
    ++picks_;
    if (q.calm() && !in_turn_ && picks_ % hasty != 0) [[likely]] {  // mostly: the rule then asks for the youngest first
      if (job* j = q.youngest()) return j;
      return none_of_its_own(q);
    }
    return by_rule(q);
  }
  /// After a sleep: nothing has waited for its turn meanwhile.
  void rested() noexcept {
    in_turn_ = low_marked_ = false;
    later_marked_ = 0;
    marked_ = unmarked;
  }

  static constexpr std::uint32_t share = 32, hasty = 61;

 private:
  static constexpr std::size_t few = 8;
  /// So many jobs of its own that make further jobs may begin in one turn: each opens a branch.
  static constexpr std::uint32_t most_branches = 8;
  static constexpr std::size_t none = ~std::size_t{0};
  static constexpr std::uint64_t unmarked = ~std::uint64_t{0};

  template <class Queues>
  [[gnu::noinline]] job* by_rule(Queues& q) {
    if (q.turn_asked()) [[unlikely]] begin(q);
    const bool calls = q.called();
    if (in_turn_ && !(calls && std::exchange(answer_next_, !answer_next_))) [[unlikely]] {
      if (job* j = waiting(q)) return j;
    }
    if (calls) {
      job* j = nullptr;
      // Counted apart from the picks: where each step is as long as a tick, every second pick is a turn's.
      if (++answers_ % share != 0) {
        if (answers_ & 1) j = q.shared();
        if (!j) j = q.ready();
      }
      q.answered();
      if (j) return j;
    }
    if (picks_ % hasty == 0) [[unlikely]]
      if (job* j = in_haste(q)) return j;
    if (job* j = q.youngest()) return j;
    return none_of_its_own(q);
  }

  template <class Queues>
  [[gnu::noinline]] job* none_of_its_own(Queues& q) {
    if (job* j = q.ready()) return j;
    if (job* j = q.shared()) return j;
    if (job* j = q.later()) return j;
    return q.low();
  }

  template <class Queues>
  job* in_haste(Queues& q) {
    const std::uint64_t oldest = q.oldest_index();
    const bool stood = std::exchange(hasty_mark_, oldest) == oldest;
    return stood && q.own_size() <= few ? q.oldest() : nullptr;
  }

  template <class Queues>
  void begin(Queues& q) {
    const std::uint64_t oldest = q.oldest_index();
    if (in_turn_) {  // this interval is the youngest's
      in_turn_ = false;
      return;
    }
    own_ = oldest == marked_ ? q.own_size() : 0;
    mark(q);
    const std::size_t later = q.later_size();
    later_ = std::min(later, std::exchange(later_marked_, later));
    const bool low = q.any_low();
    low_ = std::exchange(low_marked_, low) && low;
    left_ = q.any_left();
    answer_next_ = false;
    branches_ = most_branches;
    left_behind_ = none;
    in_turn_ = own_ != 0 || later_ != 0 || low_ || left_;
  }

  /// Where none stands, the index is that of the next to come, which has not stood at all.
  template <class Queues>
  void mark(Queues& q) {
    marked_ = q.own_size() != 0 ? q.oldest_index() : unmarked;
  }

  /// The next of those that waited; null: all are served.
  template <class Queues>
  job* waiting(Queues& q) {
    if (left_behind_ != none && q.own_size() > left_behind_ && --branches_ == 0) own_ = 0;
    left_behind_ = none;
    for (int looks = 0; looks < 4; ++looks) {
      job* j = nullptr;
      switch (place_++ % 4) {
        case 0:
          if (own_ == 0) break;
          --own_;
          if ((j = q.oldest())) left_behind_ = q.own_size();
          mark(q);  // what stands behind it has stood as long
          break;
        case 1:
          if (later_ == 0) break;
          --later_;
          j = q.later();
          break;
        case 2:
          if (std::exchange(low_, false)) j = q.low();
          break;
        default:
          if (std::exchange(left_, false)) j = q.left();
      }
      if (j) return j;
    }
    in_turn_ = own_ != 0 || later_ != 0;  // others may have been taking
    return nullptr;
  }

  std::uint32_t picks_ = 0, answers_ = 0;  // answers_: those at which somebody called
  bool in_turn_ = false, answer_next_ = false;
  std::uint32_t place_ = 0;
  std::size_t own_ = 0, later_ = 0;  // still to be served in this turn
  bool low_ = false, left_ = false;
  std::uint32_t branches_ = 0;
  std::size_t left_behind_ = none;  // jobs of its own that stood there when the last was taken
  // at the last turn: what has not stood for a whole tick, the ordinary rule may still come to
  std::size_t later_marked_ = 0;
  bool low_marked_ = false;
  std::uint64_t marked_ = unmarked;      // the index of the oldest,
  std::uint64_t hasty_mark_ = unmarked;  // and `hasty` picks ago
};

/// The rule of order = "asyncio", whose one worker runs its own first in, first out. What I/O has made ready comes in between,
/// and what others have made or woken in turns with its own: also where both never end. Low priority, which asyncio does not
/// have, comes when there is nothing else, and once in `patience` picks: so its first begins within so many steps. `Queues`
/// as above.
class turns_in_order {
 public:
  template <class Queues>
  job* next(Queues& q) {
    ++picks_;
    if (picks_ % patience == 0)
      if (job* j = q.low()) return j;
    if (q.called()) {
      job* j = picks_ % turns::share != 0 ? q.ready() : nullptr;
      if (!j && std::exchange(shared_next_, !shared_next_)) j = q.shared();
      q.answered();
      if (j) return j;
    }
    if (job* j = q.oldest()) return j;
    if (job* j = q.ready()) return j;
    if (job* j = q.shared()) return j;
    if (job* j = q.later()) return j;
    return q.low();
  }

  static constexpr std::uint32_t patience = 61;

 private:
  std::uint32_t picks_ = 0;
  bool shared_next_ = false;
};

}  // namespace jay::detail
