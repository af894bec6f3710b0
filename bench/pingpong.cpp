// SPDX-License-Identifier: MIT
// pingpong: two tasks, two queues of one, a round trip each time.
#include "support/jay_main.hpp"

namespace {

jay::task<> answer(jay::queue<long>& in, jay::queue<long>& out, long count) {
  for (long i = 0; i < count; ++i) {
    const long value = co_await in.get();
    co_await out.put(value + 1);
  }
}

jay::task<> ask(long count, bench::reporter report) {
  jay::queue<long> there(1), back(1);
  const auto answering = jay::create_task(answer, std::ref(there), std::ref(back), count);
  const bench::stopwatch watch;
  long value = 0;
  for (long i = 0; i < count; ++i) {
    co_await there.put(value);
    value = co_await back.get();
  }
  const double wall = watch.wall(), cpu = watch.cpu();
  co_await answering;
  bench::require(value == count, "round trips");
  report.per_item("ns_per_round_trip", static_cast<double>(count), wall, cpu);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1'000'000);
  const bench::reporter report("pingpong", "jay", given.workers);
  jay::run(ask(given.size, report), bench::with_workers(given.workers));
}
