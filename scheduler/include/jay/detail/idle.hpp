// SPDX-License-Identifier: MIT
// Who sleeps, who searches, who must be woken: the protocol between a thread that has made work and a worker that finds
// none. The worst that could happen here is a job that stands in a queue while every worker sleeps.
//
// Nouns. A worker is *busy*, *searching* (awake, looking for work) or *sleeping*. `word` counts the latter two. A
// sleeper stands in the list `asleep`; who takes it off the list makes it a searcher and unparks it. Each worker has an
// attention word, which only it looks at for free.
//
//   a worker goes to sleep (announce)             a thread has made work (after a push)
//   [S1] word: searching - 1, sleeping + 1        [P1] the job is visible in its queue
//   [S2] set `wake_wanted` in each attention           light fence (an owner's push), seq_cst RMW (the shared queues)
//        word; heavy fence                        [P2] an owner: read its attention word; wake_wanted -> clear it,
//   [S3] look at every queue; work: retract            then read word. Others: read word
//                                                 [P3] sleeping > 0 and searching = 0: wake one
//
// No job is left behind. Take the last worker to go to sleep and any push. If P2's first read comes before S1/S2 in the
// order of the fences, P1 is visible at S3 and the worker stays. Otherwise the pusher sees `wake_wanted` (an owner), or the
// count (others). An owner that finds it clear although somebody sleeps has cleared it earlier, which
// read `word` afterwards: it woke somebody, or saw a searcher. A searcher ends in one of two ways: it sleeps, and S2
// sets it again, S3 looks at everything; or it finds work, and if it was the last searcher it wakes the next
// sleeper (found), who then searches. So as long as somebody sleeps there is a searcher, or wake_wanted is set everywhere.
//
// Rejected: waking one per push (a wake costs the waker 11-17 us here); a shared word read at each push (one more line
// for each fork to load than the attention word, which it reads anyway); a wake by the thief only (the first job after
// a quiet time would wait for a spinner).
#pragma once

#include <cstddef>
#include <vector>

#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

/// Bits of the attention word: set by others, looked at by the worker at each fork and whenever it is in its loop.
namespace attention {
inline constexpr std::uint32_t wake_wanted = 1;  // somebody sleeps and nobody searches: wake one when you have pushed
inline constexpr std::uint32_t ready = 2;    // a task stands in a shared queue: it goes first
inline constexpr std::uint32_t slow_forks = 4;  // constant: this worker's forks never take the fast path
inline constexpr std::uint32_t turn = 8;     // the ticker asks for a turn (turns.hpp): come back to the loop
inline constexpr std::uint32_t late = 16;    // that request is more than a tick old
inline constexpr std::uint32_t hold = 32;    // stand still (standstill.hpp)
inline constexpr std::uint32_t due = 64;     // order = "asyncio": timers are due at the next turn
inline constexpr std::uint32_t noting = 128;  // debug mode, set by the worker itself: who acquires a lock is noted
}  // namespace attention

/// A worker, as the others see it.
struct parker {
  alignas(64) atomic<std::uint32_t> attention{0};
  atomic<std::uint32_t> token{awake};
  bool asleep = false;  // in idle's list; guarded by its lock
  parker* next_asleep = nullptr;

  // values of token
  static constexpr std::uint32_t awake = 0, notified = 1, on_futex = 2, polling = 3;

  /// A hint.
  bool sleeps() const noexcept {
    const std::uint32_t t = token.load(std::memory_order_relaxed);  // relaxed: a hint
    return t == on_futex || t == polling;
  }
  /// Blocks until unpark; at once if it has been called since the last time.
  void park() noexcept {
    block([this] {
      futex_wait(token, on_futex);
      return true;
    });
  }
  /// The same, but not longer than that. False: the time has passed.
  template <class TimePoint>
  bool park_until(TimePoint until) noexcept {
    return block([&] { return futex_wait_until(token, on_futex, until); });
  }
  /// False: unpark has been called; do not poll. After the poll: end_polling.
  bool begin_polling() noexcept {
    std::uint32_t expected = awake;
    // [K1] acquire on failure: with [K1] in unpark
    if (token.compare_exchange_strong(expected, polling, std::memory_order_acq_rel, std::memory_order_acquire)) return true;
    token.store(awake, std::memory_order_relaxed);  // relaxed: this worker is awake, and the notification is used up
    return false;
  }
  void end_polling() noexcept { token.exchange(awake, std::memory_order_acq_rel); }  // [K1] acquire: with unpark

  /// True: the worker is polling and must be interrupted.
  [[nodiscard]] bool unpark() noexcept {
    std::uint32_t was = token.exchange(notified, std::memory_order_acq_rel);  // [K1] release: with block, begin_polling
    if (was == on_futex) futex_wake(token, 1);
    return was == polling;
  }

 private:
  /// wait() blocks while the token is on_futex; false: its time has passed.
  template <class Wait>
  bool block(Wait wait) noexcept {
    std::uint32_t expected = awake;
    // [K1] acquire: what the waker did before unpark; with [K1] there
    if (token.compare_exchange_strong(expected, on_futex, std::memory_order_acq_rel, std::memory_order_acquire)) {
      while (token.load(std::memory_order_acquire) == on_futex) {
        if (wait()) continue;
        expected = on_futex;
        // [K1] acquire on failure: as above
        if (token.compare_exchange_strong(expected, awake, std::memory_order_acq_rel, std::memory_order_acquire)) return false;
      }
    }
    token.store(awake, std::memory_order_relaxed);  // relaxed: only this worker waits on it
    return true;
  }
};

class idle {
 public:
  explicit idle(std::vector<parker*> parkers) : parkers_(std::move(parkers)) {}

  /// Awake and out of work: may it search? At most half of the workers do.
  bool begin_search() noexcept {
    std::uint64_t w = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    do {
      if (2 * searching(w) >= parkers_.size()) return false;
      // [P3] seq_cst: who has made work sees this searcher, or is seen by it
    } while (!word_.compare_exchange_weak(w, w + 1, std::memory_order_seq_cst, std::memory_order_relaxed));
    return true;
  }
  /// A searcher has found work. True: it was the last one and somebody sleeps: call wake_one.
  [[nodiscard]] bool found() noexcept {
    std::uint64_t w = word_.fetch_sub(1, std::memory_order_seq_cst);  // [P3] seq_cst: in one order with announce
    return searching(w) == 1 && sleeping(w) > 0;
  }

  /// [S1], [S2]. The caller then looks at every queue ([S3]), and parks, or retracts.
  void announce(parker& s, bool was_searching) noexcept {
    {
      spin_guard g(mutex_);
      s.asleep = true;
      s.next_asleep = asleep_;
      asleep_ = &s;
      word_.fetch_add(one_sleeper - (was_searching ? 1 : 0), std::memory_order_seq_cst);  // [S1] seq_cst: with [P2], wanting
    }
    // [S2] seq_cst: with the RMW in clear_wanted; the fence: with the light one of a push, before [P2]
    for (parker* other : parkers_) other->attention.fetch_or(attention::wake_wanted, std::memory_order_seq_cst);
    asymmetric_heavy();
  }
  /// Back from announce, as a searcher. False: a waker has chosen this worker already; its unpark is under way.
  bool retract(parker& s) noexcept {
    spin_guard g(mutex_);
    if (!s.asleep) return false;
    for (parker** p = &asleep_;; p = &(*p)->next_asleep) {
      if (*p != &s) continue;
      *p = s.next_asleep;
      break;
    }
    s.asleep = false;
    word_.fetch_add(1 - one_sleeper, std::memory_order_seq_cst);  // [P3] seq_cst: in one order with announce
    return true;
  }

  /// [P3]'s condition. seq_cst: with announce [S1]; the caller's push is before it.
  bool wanting() const noexcept {
    std::uint64_t w = word_.load(std::memory_order_seq_cst);
    return sleeping(w) > 0 && searching(w) == 0;
  }
  /// An owner that has seen wake_wanted after a push. True: call wake_one.
  [[nodiscard]] bool clear_wanted(parker& mine) noexcept {
    mine.attention.fetch_and(~attention::wake_wanted, std::memory_order_seq_cst);  // [S2] seq_cst: before the read of word
    return wanting();
  }
  /// Takes a sleeper off the list and makes it a searcher; the caller unparks it. Null: nobody sleeps.
  parker* wake_one() noexcept {
    spin_guard g(mutex_);
    parker* s = asleep_;
    if (!s) return nullptr;
    asleep_ = s->next_asleep;
    s->asleep = false;
    word_.fetch_add(1 - one_sleeper, std::memory_order_seq_cst);  // [TW1] for the ticker, [P3] for who makes work
    return s;
  }

  // relaxed: hints
  bool anyone_searching() const noexcept { return searching(word_.load(std::memory_order_relaxed)) > 0; }
  std::size_t sleepers() const noexcept { return sleeping(word_.load(std::memory_order_relaxed)); }
  /// [TR2] seq_cst: with announce and wake_one; for the ticker, which rests while everybody sleeps.
  bool all_asleep() const noexcept { return sleeping(word_.load(std::memory_order_seq_cst)) == parkers_.size(); }

 private:
  static constexpr std::uint64_t one_sleeper = std::uint64_t{1} << 32;
  static std::uint64_t searching(std::uint64_t w) noexcept { return w & (one_sleeper - 1); }
  static std::uint64_t sleeping(std::uint64_t w) noexcept { return w >> 32; }

  std::vector<parker*> parkers_;
  spin_mutex mutex_;
  parker* asleep_ = nullptr;
  alignas(64) atomic<std::uint64_t> word_{0};
};

}  // namespace jay::detail
