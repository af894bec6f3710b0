// SPDX-License-Identifier: MIT
// Debug mode: a thread that says so when a task keeps its worker for longer than debug.slow_step between two awaits,
// while it does (a loop that never ends is reported too), once per step. It looks for circles too.
#pragma once

#include <thread>
#include <vector>

#include <jay/detail/worker.hpp>

#include "task/circle_watch.hpp"

namespace jay::detail {

struct scheduler_core;

class stall_watch {
 public:
  explicit stall_watch(scheduler_core& core);
  ~stall_watch();

 private:
  void loop() noexcept;
  void look();
  scheduler_core& core_;
  std::vector<std::int64_t> reported_;  // by worker: the step that was reported last
  circle_watch circles_;
  atomic<std::uint32_t> ending_{0};     // futex word
  std::thread thread_;
};

}  // namespace jay::detail
