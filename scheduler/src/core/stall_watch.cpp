// SPDX-License-Identifier: MIT
#include "stall_watch.hpp"

#include <new>

#include "live_schedulers.hpp"
#include "now_ns.hpp"
#include "scheduler_core.hpp"
#include "task/task_notes.hpp"

namespace jay::detail {

stall_watch::stall_watch(scheduler_core& core) : core_(core), reported_(core.workers.size()), circles_(core) {
  thread_ = std::thread([this] { loop(); });
}

stall_watch::~stall_watch() {
  ending_.store(1, std::memory_order_release);  // with loop
  futex_wake(ending_, 1);
  thread_.join();
}

void stall_watch::loop() noexcept {
  constexpr std::uint32_t without_slow_steps = 100;
  const std::uint32_t slow = core_.debug.slow_step > 0 ? core_.debug.slow_step : without_slow_steps;
  const auto period = std::chrono::milliseconds(slow) / 2 + std::chrono::milliseconds(1);
  while (ending_.load(std::memory_order_acquire) == 0) {  // with ~stall_watch
    futex_wait_until(ending_, 0, std::chrono::steady_clock::now() + period);
    try {
      if (!core_.self.debugging()) continue;
      if (core_.debug.slow_step > 0) look();
      circles_.look_in_time();
    } catch (const std::bad_alloc&) {  // there is none to say so with
    }
  }
}

void stall_watch::look() {
  for (std::size_t i = 0; i < core_.workers.size(); ++i) {
    worker& w = *core_.workers[i];
    std::int64_t begun = w.step.load(std::memory_order_acquire);  // [SW1] acquire: with note_step
    std::int64_t ms = (now_ns() - begun) / 1'000'000;
    if (begun == 0 || begun == reported_[i] || ms < core_.debug.slow_step) continue;
    // relaxed: [SW1] orders them
    std::uint64_t number = w.step_task.load(std::memory_order_relaxed);
    const std::source_location at = w.step_at.load(std::memory_order_relaxed);
    if (w.step.load(std::memory_order_acquire) != begun) continue;  // [SW1]:  // it has ended meanwhile
    reported_[i] = begun;
    std::string name = "a callback", where;
    if (at.line() != 0) where = " since it went on in " + place_of(at);
    for (auto& t : core_.all_tasks()) {
      if (t->number != number) continue;
      name = t->get_name();
      if (const std::string origin = origin_of(*t); !origin.empty()) where += "; it was made by " + origin;
    }
    core_.self.call_exception_handler(
        {"slow step: the task has kept worker " + std::to_string(i) + " for " + std::to_string(ms) +
             " ms without an await" + where + "; use jay::to_thread for calls that block, co_await jay::checkpoint() in long loops",
         nullptr, name});
  }
}

}  // namespace jay::detail
