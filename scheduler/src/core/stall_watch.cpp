// SPDX-License-Identifier: MIT
#include "stall_watch.hpp"

#include <new>

#include "live_schedulers.hpp"
#include "now_ns.hpp"
#include "scheduler_core.hpp"

namespace jay::detail {

void note_step(worker& w, job* j) noexcept {
  scope* s = j->continuation ? scope_of(promise_of(j).context) : nullptr;
  task_state* t = s ? s->task() : task_of_start(j);
  w.step_task.store(t ? t->number : 0, std::memory_order_relaxed);
  w.step.store(now_ns(), std::memory_order_release);  // [SW1] release: whose step it is; with look
}

stall_watch::stall_watch(scheduler_core& core) : core_(core), reported_(core.workers.size()) {
  for (auto& w : core.workers) w->watched.store(true, std::memory_order_relaxed);  // relaxed: it is never taken back
  thread_ = std::thread([this] { loop(); });
}

stall_watch::~stall_watch() {
  ending_.store(1, std::memory_order_release);  // with loop
  futex_wake(ending_, 1);
  thread_.join();
}

void stall_watch::loop() noexcept {
  auto period = std::chrono::milliseconds(core_.debug.slow_step) / 2 + std::chrono::milliseconds(1);
  while (ending_.load(std::memory_order_acquire) == 0) {  // with ~stall_watch
    futex_wait_until(ending_, 0, std::chrono::steady_clock::now() + period);
    try {
      look();
    } catch (const std::bad_alloc&) {  // there is none to say so with
    }
  }
}

void stall_watch::look() {
  if (!core_.self.debugging()) return;
  for (std::size_t i = 0; i < core_.workers.size(); ++i) {
    worker& w = *core_.workers[i];
    std::int64_t begun = w.step.load(std::memory_order_acquire);  // [SW1] acquire: with note_step
    std::int64_t ms = (now_ns() - begun) / 1'000'000;
    if (begun == 0 || begun == reported_[i] || ms < core_.debug.slow_step) continue;
    std::uint64_t number = w.step_task.load(std::memory_order_relaxed);
    if (w.step.load(std::memory_order_acquire) != begun) continue;  // [SW1]:  // it has ended meanwhile
    reported_[i] = begun;
    std::string name = "a callback";
    for (auto& t : core_.all_tasks())
      if (t->number == number) name = t->get_name();
    core_.self.call_exception_handler(
        {"slow step: the task has kept worker " + std::to_string(i) + " for " + std::to_string(ms) +
             " ms without an await; use jay::to_thread for calls that block, co_await jay::checkpoint() in long loops",
         nullptr, name});
  }
}

}  // namespace jay::detail
