// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "bench_questions.hpp"
#include "bench_results.hpp"

namespace jay_tool {

/// One run of one program: a row for each metric, with one sample in it.
struct bench_step {
  const bench_question* question = nullptr;
  bench_contestant contestant;
  unsigned workers = 1;

  long size(bool quick) const;
};

struct bench_limits {
  bool quick = false;
  double seconds = 0;  ///< that one program may take; 0: far more than it should
};

/// Runs it. Throws program_error where it fails, `interrupted` at Ctrl-C.
std::vector<bench_row> measure(const bench_step& step, const bench_folder& folder, const bench_limits& limits);

/// Reads a result line of a program, as bench/support/report.hpp prints it. Throws program_error for anything else.
bench_row parse_result_line(const std::string& line);

}  // namespace jay_tool
