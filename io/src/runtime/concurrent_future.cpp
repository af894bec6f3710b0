// SPDX-License-Identifier: MIT
#include <jay/concurrent_future.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <stdexcept>

#include <jay/detail/blocking_pool.hpp>
#include <jay/home_thread.hpp>

namespace jay::detail {

void thread_event::set() noexcept {
  word_.store(1, std::memory_order_release);  // [TE1] release: the result
  futex_wake(word_, INT_MAX);
}
// What it waits for may want to go on in a home of this very thread.
void thread_event::wait() noexcept {
  while (!is_set()) {
    if (any_home_here()) wait_at_home(time_point::max());
    else futex_wait(word_, 0);
  }
}
bool thread_event::wait_until(time_point deadline) noexcept {
  while (!is_set()) {
    if (any_home_here()) {
      if (!wait_at_home(deadline)) return is_set();
    } else if (!futex_wait_until(word_, 0, deadline)) {
      return is_set();
    }
  }
  return true;
}
/// False: the deadline has passed.
bool thread_event::wait_at_home(time_point deadline) noexcept {
  constexpr std::chrono::milliseconds between_looks{1};
  poll_homes_here();
  futex_wait_until(word_, 0, std::min(deadline, std::chrono::steady_clock::now() + between_looks));
  return std::chrono::steady_clock::now() < deadline;
}

void check_may_block(const task_state& t) {
  scheduler* here = current_scheduler();
  if (here && here->number() == t.home_number)
    throw std::runtime_error("concurrent_future::get: it would block the loop that its task runs in; await the operation instead");
  if (run_that_waits() == t.home_number)
    throw std::runtime_error(
        "concurrent_future::get: inside jay::testing::run everything waits for this blocking call, its task too; await the "
        "operation instead");
}

}  // namespace jay::detail
