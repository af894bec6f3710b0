// SPDX-License-Identifier: MIT
// latch: tasks wait until it has been counted down to 0, once. std::latch.
//
//   jay::latch ready(3);
//   ready.count_down();             // by any thread, three times
//   co_await ready.wait();          // at once when it is 0, and for ever after
//
// May be made outside a runtime. Whoever was woken, or has seen it at 0, may destroy the latch at once. Waiters are woken in
// the order in which they came. A cancel ends the wait; one that comes when the latch is at 0 already waits for the next
// suspension.
#pragma once

#include <cstddef>

#include <jay/detail/op.hpp>
#include <jay/detail/wait_list.hpp>

namespace jay {

class latch;

namespace detail {

/// Counts down by `by` first.
class JAY_API latch_awaiter : public suspends<latch_awaiter> {
 public:
  static constexpr auto awaits = awaited::latch;
  latch_awaiter(latch* l, std::size_t by) noexcept : latch_(*l), by_(by) {}
  bool await_ready() const noexcept { return false; }
  void await_resume();

 private:
  friend suspends<latch_awaiter>;
  bool suspend();
  latch& latch_;
  std::size_t by_;
};

}  // namespace detail

class JAY_API latch {
 public:
  explicit latch(std::size_t count) noexcept : left_(count) {}
  latch(const latch&) = delete;

  /// Throws std::invalid_argument, with nothing changed, if fewer than n are left.
  void count_down(std::size_t n = 1);
  bool try_wait() const noexcept;
  auto wait() noexcept { return op<detail::latch_awaiter, latch*, std::size_t>(this, 0); }
  /// Both in one step. What was counted stays counted if the wait is cancelled; a cancel that was due before may come
  /// first, and nothing is counted.
  auto arrive_and_wait(std::size_t n = 1) { return op<detail::latch_awaiter, latch*, std::size_t>(this, n); }

 private:
  friend class detail::latch_awaiter;
  /// With the lock held.
  void count(std::size_t n, const char* what, detail::woken_list& woken);

  mutable detail::spin_mutex mutex_;  // guards what follows
  std::size_t left_;
  detail::waiter_list waiters_;  // empty once it is at 0
};

}  // namespace jay
