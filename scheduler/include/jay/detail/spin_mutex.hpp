// SPDX-License-Identifier: MIT
// A one-byte lock for critical sections of a few instructions that never block: one read-modify-write to lock, a plain
// store to unlock. A waiter looks less and less often, so the current holder can often lock again from a warm cache. In the
// end a waiter also yields its time slice, as the holder may have been preempted. Nobody waits more than about twice as
// long as it must. (One queue between two workers that are both busy, ns an
// item: 241 looking all the time, then with a longest wait of 8 pauses 202, 32: 119, 128: 83, 512: 67.)
#pragma once

#include <jay/detail/assert.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

class spin_mutex {
 public:
  void lock() noexcept {
    for (int wait = 1; !try_lock(); wait = wait < longest_wait ? 2 * wait : wait) {
      if (wait == longest_wait) thread_yield();
      for (int i = 0; i < wait; ++i) cpu_relax();
    }
  }
  bool try_lock() noexcept {
    return !locked_.load(std::memory_order_relaxed) &&           // relaxed: a hint
           !locked_.exchange(true, std::memory_order_acquire);   // [L1] acquire: with [L1] in unlock
  }
  void unlock() noexcept {
    JAY_DEBUG_ASSERT(is_locked());
    locked_.store(false, std::memory_order_release);  // [L1] release: with [L1] in try_lock
  }
  /// For assertions where the caller has to hold it; by whom it is held is not known. (The model checker, which would take
  /// it for one step more to try in every order, believes it.)
  bool is_locked() const noexcept {
#if JAY_MODEL
    return true;
#else
    return locked_.load(std::memory_order_relaxed);  // relaxed: who holds it has written it
#endif
  }

 private:
  static constexpr int longest_wait = 512;  // pauses: some 20 us
  atomic<bool> locked_{false};
};

class spin_guard {
 public:
  explicit spin_guard(spin_mutex& m) noexcept : m_(m) { m_.lock(); }
  spin_guard(const spin_guard&) = delete;
  ~spin_guard() { m_.unlock(); }

 private:
  spin_mutex& m_;
};

}  // namespace jay::detail
