// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <jay/jay.hpp>

namespace bench {

/// Runs the loop of one benchmark inside a runtime with one worker; its start and stop are not measured.
template <class Loop>
void measure(benchmark::State& state, Loop loop) {
  jay::config config;
  config.scheduler.workers = 1;
  jay::run(loop(state), config);
}

/// BENCHMARK for a coroutine `name`_loop(benchmark::State&), where `using bench::measure` stands.
#define JAY_BENCHMARK(name) BENCHMARK_CAPTURE(measure, name, name##_loop)->UseRealTime()

}  // namespace bench
