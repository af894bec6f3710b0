// SPDX-License-Identifier: MIT
// A one-byte lock for critical sections of a few instructions that never block: one read-modify-write to lock, a plain
// store to unlock. A waiter spins briefly, then yields its time slice, as the holder may have been preempted.
#pragma once

#include <jay/detail/sync.hpp>

namespace jay::detail {

class spin_mutex {
 public:
  void lock() noexcept {
    for (int spins = 0; !try_lock(); ++spins) {
      if (spins < 64) cpu_relax();
      else thread_yield();
    }
  }
  bool try_lock() noexcept {
    return !locked_.load(std::memory_order_relaxed) &&           // relaxed: a hint
           !locked_.exchange(true, std::memory_order_acquire);   // [L1] acquire: with [L1] in unlock
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }  // [L1] release: with [L1] in try_lock

 private:
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
