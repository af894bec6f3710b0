// SPDX-License-Identifier: MIT
// timers: tasks that sleep, all at once, for 0 to 1 s each.
#include <vector>

#include "support/jay_main.hpp"
#include "support/random_delay.hpp"

namespace {

/// Gives whether it slept long enough.
jay::task<bool> sleep_once(std::chrono::nanoseconds delay) {
  const auto start = bench::clock::now();
  co_await jay::sleep(delay);
  co_return bench::clock::now() - start >= delay;
}

jay::task<> sleep_all(long count, bench::reporter report) {
  const bench::stopwatch watch;
  bench::random_delay delays;
  std::vector<jay::task_handle<bool>> sleepers;
  sleepers.reserve(static_cast<std::size_t>(count));
  for (long i = 0; i < count; ++i) sleepers.push_back(jay::create_task(sleep_once, delays.next()));
  long in_time = 0;
  for (auto& sleeper : sleepers) {
    const bool slept = co_await sleeper;
    in_time += slept ? 1 : 0;
  }
  const double wall = watch.wall(), cpu = watch.cpu();
  bench::require(in_time == count, "number of sleepers woken, and none early");
  report.per_item("wall_ns_per_timer", static_cast<double>(count), wall, cpu);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 100'000);
  const bench::reporter report("timers", "jay", given.workers);
  jay::run(sleep_all(given.size, report), bench::with_workers(given.workers));
}
