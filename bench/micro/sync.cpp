// SPDX-License-Identifier: MIT
// The price of lock, semaphore, event and queue, uncontended, on one worker: Google Benchmark (see --help for its options).
#include "measure.hpp"

namespace {

using bench::measure;

jay::task<> lock_loop(benchmark::State& state) {
  jay::lock lock;
  while (state.KeepRunning()) {
    co_await lock.acquire();
    lock.release();
  }
}

jay::task<> scoped_lock_loop(benchmark::State& state) {
  jay::lock lock;
  while (state.KeepRunning()) {
    auto guard = co_await lock.scoped();
    benchmark::ClobberMemory();
  }
}

jay::task<> semaphore_loop(benchmark::State& state) {
  jay::semaphore permits(2);
  while (state.KeepRunning()) {
    co_await permits.acquire();
    permits.release();
  }
}

jay::task<> event_set_loop(benchmark::State& state) {
  jay::event event;
  event.set();
  while (state.KeepRunning()) co_await event.wait();
}

jay::task<> queue_loop(benchmark::State& state) {
  jay::queue<int> queue;
  while (state.KeepRunning()) {
    co_await queue.put(1);
    const int value = co_await queue.get();
    benchmark::DoNotOptimize(value);
  }
}

jay::task<> queue_nowait_loop(benchmark::State& state) {
  jay::queue<int> queue;
  while (state.KeepRunning()) {
    queue.put_nowait(1);
    const int value = queue.get_nowait();
    benchmark::DoNotOptimize(value);
  }
  co_return;
}

JAY_BENCHMARK(lock);
JAY_BENCHMARK(scoped_lock);
JAY_BENCHMARK(semaphore);
JAY_BENCHMARK(event_set);
JAY_BENCHMARK(queue);
JAY_BENCHMARK(queue_nowait);

}  // namespace
