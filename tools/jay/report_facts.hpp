// SPDX-License-Identifier: MIT
#pragma once

// What both forms of the report say.

#include <string>
#include <utility>
#include <vector>

#include "bench_questions.hpp"
#include "bench_results.hpp"

namespace jay_tool {

/// The environment as name and text, in the order to show.
std::vector<std::pair<std::string, std::string>> environment_facts(const bench_results& results);

struct report_section {
  std::string title, text;
  std::vector<const bench_question*> questions;  ///< those that have results
};
std::vector<report_section> report_sections(const bench_results& results);

/// jay against the best of the others at one question, with the most workers.
struct headline {
  std::string bench, figure, meaning;
  bool better = false, same = false;
};
std::vector<headline> headlines(const bench_results& results);

}  // namespace jay_tool
