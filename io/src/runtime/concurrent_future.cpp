// SPDX-License-Identifier: MIT
#include <jay/concurrent_future.hpp>

#include <climits>
#include <stdexcept>

#include <jay/detail/blocking_pool.hpp>

namespace jay::detail {

void thread_event::set() noexcept {
  word_.store(1, std::memory_order_release);  // [TE1] release: the result
  futex_wake(word_, INT_MAX);
}
void thread_event::wait() noexcept {
  while (!is_set()) futex_wait(word_, 0);
}
bool thread_event::wait_until(time_point deadline) noexcept {
  while (!is_set())
    if (!futex_wait_until(word_, 0, deadline)) return is_set();
  return true;
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
