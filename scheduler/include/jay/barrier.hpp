// SPDX-License-Identifier: MIT
// barrier: n tasks wait for each other, again and again. asyncio.Barrier.
//
//   std::size_t i = co_await b.wait();   // 0 to n - 1, another for each of the n
//
// abort() breaks the barrier: all that wait, now or later, get broken_barrier_error until reset(). reset() gives those
// that wait now the error, and makes the barrier as new. A waiter that is cancelled leaves; the others go on waiting.
// May be made outside a runtime, and is usable from every worker. One that has been let through may destroy the barrier
// when all others have left it.
#pragma once

#include <cstddef>

#include <jay/lock.hpp>

namespace jay {

class barrier;

namespace detail {

class JAY_API barrier_awaiter : public suspends<barrier_awaiter> {
 public:
  static constexpr auto awaits = awaited::barrier;
  explicit barrier_awaiter(barrier* b) noexcept : barrier_(b) {}

  bool await_ready() const noexcept { return false; }
  std::size_t await_resume();

 private:
  friend suspends<barrier_awaiter>;
  friend class jay::barrier;
  static constexpr std::size_t broken = static_cast<std::size_t>(-1);
  bool suspend();

  barrier* barrier_;
  std::size_t index_ = 0;
};

}  // namespace detail

class JAY_API barrier {
 public:
  /// Throws std::invalid_argument for 0 parties.
  explicit barrier(std::size_t parties);
  barrier(const barrier&) = delete;

  auto wait() noexcept { return op<detail::barrier_awaiter, barrier*>(this); }
  void abort() noexcept;
  void reset() noexcept;

  std::size_t parties() const noexcept { return parties_; }
  std::size_t n_waiting() const noexcept;
  bool broken() const noexcept;

 private:
  friend class detail::barrier_awaiter;
  void fail_waiters(detail::woken_list& woken) noexcept;

  const std::size_t parties_;
  mutable detail::spin_mutex mutex_;  // guards what follows
  std::size_t waiting_ = 0;           // in the list; a cancelled waiter counts until it has left, as in asyncio
  bool broken_ = false;
  detail::waiter_list waiters_;
};

}  // namespace jay
