// SPDX-License-Identifier: MIT
#include "circle_watch.hpp"

#include <algorithm>
#include <string>

#include <jay/detail/log.hpp>

#include "core/scheduler_core.hpp"
#include "wait_graph.hpp"

namespace jay::detail {

void circle_watch::look_in_time() {
  const clock::time_point begun = clock::now();
  if (begun < next_) return;
  look();
  const clock::time_point ended = clock::now();
  const auto pause = std::chrono::milliseconds(core_.debug.slow_step > 0 ? 2 * core_.debug.slow_step : 200);
  next_ = ended + std::max<clock::duration>(pause, 20 * (ended - begun));
}

void circle_watch::look() {
  const tasks_by_number tasks(core_.all_tasks());
  wait_graph graph(tasks);
  for (const auto& t : tasks.all()) graph.add(t, strands_of(*t, 1));
  graph.connect();
  keys seen, told;
  for (const wait_graph::circle& c : graph.circles()) {
    auto key = graph.key_of(c);
    if (told_.contains(key)) {
      told.insert(std::move(key));
    } else if (!graph.holds_now(c)) {
      continue;
    } else if (!seen_.contains(key)) {
      seen.insert(std::move(key));
    } else {
      log(log_level::warn, "tasks wait for each other in a circle, which only a cancel can end: %s", graph.text_of(c).c_str());
      told.insert(std::move(key));
    }
  }
  seen_.swap(seen);
  told_.swap(told);
}

}  // namespace jay::detail
