// SPDX-License-Identifier: MIT
#include "simulated_driver.hpp"

#include <algorithm>

#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

void simulated_driver::fire() noexcept {
  ready_list out(sched_);
  timers_.expire(out);
  out.run_deferred();
  for (job* j : out.jobs()) schedule(sched_, j);
}

void simulated_driver::look() noexcept {
  if (++steps_ % steps_in_a_row == 0) timers_.move_clock(timers_.now() + creep);
  if (timers_.earliest() <= timers_.now()) fire();
}

// What it fires and what blocked_ makes runnable stands in the queues: it gives none back itself.
std::size_t simulated_driver::poll(job**, std::size_t, int limit) noexcept {
  if (called_.exchange(0, std::memory_order_acquire) != 0) return 0;  // [SD1]
  steps_ = 0;
  const time_point next = timers_.earliest();
  if (next != time_point::max()) {
    timers_.move_clock(std::max(next, timers_.now()));
    fire();
    return 0;
  }
  if (blocked_) blocked_();
  wait(limit);
  return 0;
}

void simulated_driver::wait(int limit) noexcept {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit);
  while (called_.exchange(0, std::memory_order_acquire) == 0) {  // [SD1]
    if (limit < 0) futex_wait(called_, 0);
    else if (!futex_wait_until(called_, 0, until)) return;
  }
}

void simulated_driver::interrupt() noexcept {
  called_.store(1, std::memory_order_release);  // [SD1]
  futex_wake(called_, 1);
}

}  // namespace jay::detail
