// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "bench_questions.hpp"
#include "bench_results.hpp"

namespace jay_tool {

/// Half the width of a row's range as a share of its median, "3 %".
std::string spread_text(const bench_row& row);

/// How a row stands to jay's: "1.00", "5.31 x slower", "1.2 x faster", and "same" where the ranges overlap.
std::string ratio_text(const bench_row& row, const bench_row* jay);

/// The numbers of workers that a question was answered with, ascending.
std::vector<unsigned> worker_counts(const bench_results& results, const std::string& bench);

/// The runtimes that answered it, jay first, the others by their median from best to worst.
std::vector<const bench_row*> standings(const bench_results& results, const std::string& bench, unsigned workers,
                                        const std::string& metric);

/// One question and number of workers, as a table for a terminal.
std::string table_text(const bench_results& results, const bench_question& question, unsigned workers);

}  // namespace jay_tool
