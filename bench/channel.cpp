// SPDX-License-Identifier: MIT
// channel: four producers and four consumers over one bounded queue.
#include <vector>

#include "support/channel.hpp"
#include "support/jay_main.hpp"

namespace {

jay::task<> produce(jay::queue<long>& queue, long first, long count) {
  for (long i = first; i < count; i += bench::channel_producers) co_await queue.put(i);
}

jay::task<long> consume(jay::queue<long>& queue) {
  long mine = 0;
  for (;;) {
    const long value = co_await queue.get();
    if (value < 0) break;
    mine += value;
  }
  co_return mine;
}

jay::task<> pass_all(long count, bench::reporter report) {
  jay::queue<long> queue(bench::channel_capacity);
  std::vector<jay::task_handle<>> producers;
  std::vector<jay::task_handle<long>> consumers;
  const bench::stopwatch watch;
  for (long i = 0; i < bench::channel_consumers; ++i) consumers.push_back(jay::create_task(consume, std::ref(queue)));
  for (long i = 0; i < bench::channel_producers; ++i)
    producers.push_back(jay::create_task(produce, std::ref(queue), i, count));
  for (auto& producer : producers) co_await producer;
  for (long i = 0; i < bench::channel_consumers; ++i) co_await queue.put(-1);
  long sum = 0;
  for (auto& consumer : consumers) {
    const long part = co_await consumer;
    sum += part;
  }
  const double wall = watch.wall(), cpu = watch.cpu();
  bench::require(sum == count * (count - 1) / 2, "sum of the items");
  report.per_item("ns_per_item", static_cast<double>(count), wall, cpu);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1'000'000);
  const bench::reporter report("channel", "jay", given.workers);
  jay::run(pass_all(given.size, report), bench::with_workers(given.workers));
}
