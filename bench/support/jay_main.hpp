// SPDX-License-Identifier: MIT
// The frame of a question answered by jay: the runtime with as many workers as asked, and the measuring coroutine.
#pragma once

#include <jay/jay.hpp>

#include "fork_join_main.hpp"

namespace bench {

inline jay::config with_workers(unsigned workers) {
  jay::config config;
  config.scheduler.workers = workers;
  return config;
}

/// Runs `solve(size)`, a function that returns a `jay::task<long>`, inside one runtime: start and stop are not measured.
template <class Solve>
jay::task<> measure_jay(const question& asked, const arguments& given, const reporter& report, Solve solve) {
  const long warm = co_await solve(asked.warm_up_size);
  require(warm == asked.expected(asked.warm_up_size), asked.name);
  const stopwatch watch;
  const long value = co_await solve(given.size);
  const double wall = watch.wall(), cpu = watch.cpu();
  print_checked(asked, given, report, value, wall, cpu);
}

}  // namespace bench
