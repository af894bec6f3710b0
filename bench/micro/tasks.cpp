// SPDX-License-Identifier: MIT
// The price of a task, alone, on one worker: Google Benchmark (see --help for its options).
#include <vector>

#include "measure.hpp"

namespace {

using bench::measure;

jay::task<int> one() { co_return 1; }

jay::task<> await_loop(benchmark::State& state) {
  while (state.KeepRunning()) {
    const int value = co_await one();
    benchmark::DoNotOptimize(value);
  }
}

jay::task<> gather_pair_loop(benchmark::State& state) {
  while (state.KeepRunning()) {
    auto [a, b] = co_await jay::gather(one(), one());
    benchmark::DoNotOptimize(a + b);
  }
}

jay::task<> gather_vector_loop(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  while (state.KeepRunning()) {
    std::vector<jay::task<int>> children;
    children.reserve(count);
    for (std::size_t i = 0; i < count; ++i) children.push_back(one());
    const std::vector<int> values = co_await jay::gather(std::move(children));
    benchmark::DoNotOptimize(values.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

jay::task<> create_task_loop(benchmark::State& state) {
  while (state.KeepRunning()) {
    auto handle = jay::create_task(one);
    const int value = co_await handle;
    benchmark::DoNotOptimize(value);
  }
}

jay::task<> task_group_loop(benchmark::State& state) {
  while (state.KeepRunning()) {
    jay::task_group group;
    group.create_task(one);
    group.create_task(one);
    co_await group.join();
  }
}

jay::task<> future_loop(benchmark::State& state) {
  while (state.KeepRunning()) {
    auto [promise, future] = jay::with_resolvers<int>();
    promise.set_result(1);
    const int value = co_await future;
    benchmark::DoNotOptimize(value);
  }
}

jay::task<> yield_loop(benchmark::State& state) {
  while (state.KeepRunning()) co_await jay::sleep(std::chrono::seconds(0));
}

jay::task<> empty() { co_return; }

void start_and_stop(benchmark::State& state) {
  jay::config config;
  config.scheduler.workers = 1;
  for (auto _ : state) jay::run(empty(), config);
}

JAY_BENCHMARK(await);
JAY_BENCHMARK(gather_pair);
JAY_BENCHMARK(gather_vector)->Arg(2)->Arg(10)->Arg(100);
JAY_BENCHMARK(create_task);
JAY_BENCHMARK(task_group);
JAY_BENCHMARK(future);
JAY_BENCHMARK(yield);
BENCHMARK(start_and_stop)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
