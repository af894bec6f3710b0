// SPDX-License-Identifier: MIT
// semaphore: at most n tasks at a time. asyncio.Semaphore and asyncio.BoundedSemaphore.
//
//   jay::semaphore slots(8);
//   auto g = co_await slots.scoped();   // `async with slots`: released when g goes
//
// First come, first served, without barging: a permit that comes back goes to the task that has waited longest; one that
// was cancelled before it could run passes it on. Any thread may release; may be made outside a runtime.
#pragma once

#include <cstddef>

#include <jay/lock.hpp>

namespace jay {

class JAY_API semaphore {
 public:
  /// Throws std::invalid_argument for a negative value.
  explicit semaphore(std::ptrdiff_t value = 1) : semaphore(value, detail::permits::no_bound) {}
  semaphore(const semaphore&) = delete;

  auto acquire() noexcept { return op<detail::acquire_awaiter<exclusive>, detail::permits*>(&permits_); }
  /// Acquires, and gives a guard that releases.
  auto scoped() noexcept { return op<detail::scoped_awaiter<semaphore>, semaphore*>(this); }
  /// Need not be called by whoever acquired. A bounded semaphore throws std::invalid_argument if that would make more
  /// permits than it began with.
  void release() {
    if (!permits_.release(bound_, exclusive)) [[unlikely]] throw_released_too_often();
  }
  /// acquire() would wait.
  bool locked() const noexcept { return !permits_.at_hand(); }

 protected:
  semaphore(std::ptrdiff_t value, std::uint64_t bound) : permits_(checked(value)), bound_(bound) {}

 private:
  static constexpr bool exclusive = false;
  template <class>
  friend class detail::scoped_awaiter;
  static std::uint64_t checked(std::ptrdiff_t value);
  [[noreturn]] void throw_released_too_often() const;

  mutable detail::permits permits_;
  std::uint64_t bound_;
};

/// A semaphore that finds out when it is released more often than it was acquired.
class JAY_API bounded_semaphore : public semaphore {
 public:
  explicit bounded_semaphore(std::ptrdiff_t value = 1) : semaphore(value, static_cast<std::uint64_t>(value)) {}
};

}  // namespace jay
