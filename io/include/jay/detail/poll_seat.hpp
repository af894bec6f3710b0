// SPDX-License-Identifier: MIT
// The one seat from which a worker waits for events beside the I/O threads, and how it is called from there.
//
// A worker takes the seat; then it either watches (the I/O threads are at work) or sits down, waits for events and stands up
// again. The epoch is odd while somebody sits. Who gives work away looks at it afterwards, and raises an event if it is
// odd; who sits down looks for work afterwards: so one of the two sees the other ([PE1]).
//
// The event may come to an I/O thread, or to a worker in its turn, instead of the one that sits: all wait on one epoll
// instance. It is then raised again (pass_on). An I/O thread stays away from the epoll instance until the worker has
// stood up, or it would take the event again. So at most one hop per I/O thread, and the worker gets it.
// Here as the reactor uses it and as tests/model checks it.
#pragma once

#include <cstdint>

#include <jay/detail/assert.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

template <class Worker>
class basic_poll_seat {
 public:
  /// False: another worker has it.
  bool try_take() noexcept {
    // relaxed: a hint. [PW1] acquire: what the last one has left
    return !in_use_.load(std::memory_order_relaxed) && !in_use_.exchange(true, std::memory_order_acquire);
  }
  /// By who has taken it and does not sit.
  void give_back() noexcept { in_use_.store(false, std::memory_order_release); }  // [PW1]

  /// By who has taken it. Looks for work afterwards.
  void sit(Worker* who) noexcept {
    JAY_DEBUG_ASSERT(!is_occupied());
    who_.store(who, std::memory_order_relaxed);        // relaxed: each worker only looks whether it is its own
    epoch_.fetch_add(1, std::memory_order_seq_cst);    // [PE1] before the look for work; [W1] of kept_jobs.hpp
  }
  /// Gives the seat back too.
  void stand() noexcept {
    JAY_DEBUG_ASSERT(is_occupied());
    who_.store(nullptr, std::memory_order_relaxed);    // relaxed: as in sit
    // [PE2] seq_cst: the epoch moves before the look for who waits for that
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) != 0) futex_wake(epoch_, INT32_MAX);  // [PE2]
    // Last: the next to sit makes the epoch odd, and must not find it so.
    give_back();
  }

  /// After work was given away, which is counted by then: somebody may sit who has not seen it.
  bool is_occupied() const noexcept { return epoch_.load(std::memory_order_seq_cst) & 1; }  // [PE1]
  /// relaxed: as in sit
  bool is_of(const Worker* w) const noexcept { return who_.load(std::memory_order_relaxed) == w; }

  /// The event that was raised for who sits here has come to another thread: `raise` raises it again. If this thread
  /// `stays_away`, it comes back when the other has stood up.
  template <class Raise>
  void pass_on(bool stays_away, Raise raise) noexcept {
    // [PE1] seq_cst, though it may have been raised by who saw nobody sit yet: who sits later sees the work
    const std::uint32_t epoch = epoch_.load(std::memory_order_seq_cst);
    if (!(epoch & 1)) return;
    if (!stays_away) return raise();
    waiting_.fetch_add(1, std::memory_order_seq_cst);  // [PE2] seq_cst: counted before the next look
    raise();
    while (epoch_.load(std::memory_order_seq_cst) == epoch) futex_wait(epoch_, epoch);  // [PE2]
    waiting_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: a wake for nobody does no harm
  }

 private:
  atomic<bool> in_use_{false};
  atomic<Worker*> who_{nullptr};
  atomic<std::uint32_t> epoch_{0};  // futex word; odd: somebody sits
  atomic<std::uint32_t> waiting_{0};
};

}  // namespace jay::detail
