// SPDX-License-Identifier: MIT
// Debug mode: says so, once, when tasks wait for each other in a circle, while others go on.
//
// No alarm is false: a circle is told when it has been found to stand at one moment (wait_graph::holds_now), twice, a look
// apart. Each of its strands waits for what only the next can give, so none goes on by itself. What can end it is a cancel,
// or somebody who releases a lock that another has acquired: a guard that was given away. Circles that a time limit may end are
// not looked at, nor are waits for queues, events and futures: anybody may end those.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <jay/detail/job.hpp>

namespace jay::detail {

struct scheduler_core;

class circle_watch {
 public:
  explicit circle_watch(scheduler_core& core) noexcept : core_(core) {}
  /// Looks, if it is time to. A look costs the more the more tasks there are: at most a twentieth of the time is spent so.
  void look_in_time();

 private:
  using clock = std::chrono::steady_clock;
  using keys = std::set<std::vector<std::pair<std::uint64_t, const job*>>>;
  void look();

  scheduler_core& core_;
  clock::time_point next_{};
  keys seen_, told_;  // in the look before; of those that stand
};

}  // namespace jay::detail
