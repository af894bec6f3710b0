// SPDX-License-Identifier: MIT
#pragma once

// The subcommands of `jay bench`; bench.cpp reads their command lines.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace jay_tool {

/// `jay bench compare` found something slower than it may be.
inline constexpr int exit_worse = 3;
inline constexpr int exit_interrupted = 130;

struct bench_run_options {
  std::vector<std::string> names, peers = {"all"};
  std::vector<unsigned> workers;  ///< empty: 1 and all processors
  unsigned repeat = 5;
  double time_limit = 0;  ///< seconds for one program; 0: far more than it should take
  bool quick = false, json = false, plan_only = false;
  std::string out;
  std::filesystem::path folder;
};

/// Measures, prints a table, writes the results file. Gives the exit code: 0, exit_failed where a program failed.
int run_benchmarks(const bench_run_options& options);

struct bench_compare_options {
  std::string before, after;
  std::optional<double> fail_percent;
  bool json = false;
};

/// Gives 0, or exit_worse where something is worse beyond the limit.
int compare_results(const bench_compare_options& options);

}  // namespace jay_tool
