// SPDX-License-Identifier: MIT
// The frame of a fork-join question: warm up, measure once, check, print. `solve(size)` is the runtime's part.
#pragma once

#include <string>

#include "fork_join.hpp"

namespace bench {

struct question {
  const char* name;
  long default_size;
  long warm_up_size;
  long (*expected)(long size);
  double (*tasks)(long size);
};

inline constexpr question fib_question = {"fib", 36, 20, fib_value, fib_tasks};
inline constexpr question skynet_question = {"skynet", 8, 3, skynet_value, skynet_tasks};
inline constexpr question queens_question = {
    "nqueens", 14, 8, [](long n) { return queens_solutions.at(static_cast<std::size_t>(n)); }, nullptr};

inline void print_checked(const question& asked, const arguments& given, const reporter& report, long value,
                          double wall, double cpu) {
  require(value == asked.expected(given.size), asked.name);
  if (asked.tasks != nullptr) {
    report.per_item("ns_per_task", asked.tasks(given.size), wall, cpu);
  } else {
    report.per_item("ns_per_solution", static_cast<double>(value), wall, cpu);
  }
}

/// For a runtime whose solver is an ordinary call.
template <class Solve>
void measure(const question& asked, const arguments& given, const reporter& report, Solve solve) {
  require(solve(asked.warm_up_size) == asked.expected(asked.warm_up_size), asked.name);
  const stopwatch watch;
  const long value = solve(given.size);
  const double wall = watch.wall(), cpu = watch.cpu();
  print_checked(asked, given, report, value, wall, cpu);
}

template <class Multiply>
void measure_matmul(const arguments& given, const reporter& report, Multiply multiply) {
  matmul_problem problem(given.size);
  multiply(problem.whole());  // touches all memory
  problem.clear();
  const stopwatch watch;
  multiply(problem.whole());
  const double wall = watch.wall(), cpu = watch.cpu();
  require(problem.right(), "matmul");
  const double size = static_cast<double>(given.size);
  report.higher("gop_per_s", "Gop/s", 2 * size * size * size / wall * 1e-9);
  report.lower("wall", "ms", wall * 1e3);
  report.lower("cpu", "ms", cpu * 1e3);
  report.lower("peak_rss", "MiB", peak_rss_mib());
}

}  // namespace bench
