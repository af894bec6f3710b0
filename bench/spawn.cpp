// SPDX-License-Identifier: MIT
// spawn: create_task and await, all handles kept at once (MODE all, default) or in batches of 10,000 (batch).
#include <algorithm>
#include <vector>

#include "support/jay_main.hpp"

namespace {

jay::task<long> value(long i) { co_return i; }

jay::task<long> spawn(long first, long last) {
  std::vector<jay::task_handle<long>> handles;
  handles.reserve(static_cast<std::size_t>(last - first));
  for (long i = first; i < last; ++i) handles.push_back(jay::create_task(value, i));
  long sum = 0;
  for (auto& handle : handles) {
    const long part = co_await handle;
    sum += part;
  }
  co_return sum;
}

jay::task<> spawn_all(long count, long batch, bench::reporter report) {
  const bench::stopwatch watch;
  long sum = 0;
  for (long first = 0; first < count; first += batch) {
    const long part = co_await spawn(first, std::min(first + batch, count));
    sum += part;
  }
  const double wall = watch.wall(), cpu = watch.cpu();
  bench::require(sum == count * (count - 1) / 2, "sum of the spawned tasks");
  report.per_item("ns_per_task", static_cast<double>(count), wall, cpu);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1'000'000);
  const bool batches = given.mode(0, "all") == "batch";
  const bench::reporter report(batches ? "spawn_batch" : "spawn", "jay", given.workers);
  const long batch = batches ? 10'000 : std::max(given.size, 1L);
  jay::run(spawn_all(given.size, batch, report), bench::with_workers(given.workers));
}
