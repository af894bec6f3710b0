// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "bench_results.hpp"

namespace jay_tool {

/// One HTML file with everything in it: no script, no font, nothing fetched.
std::string report_html(const bench_results& results);

/// The same tables for a document.
std::string report_markdown(const bench_results& results);

/// One SVG for a document: of each of these questions (all, where none is named) everybody's median beside jay's. Throws
/// usage_error for an unknown one, std::runtime_error where there is nothing to compare.
std::string report_plot(const bench_results& results, const std::vector<std::string>& names);

}  // namespace jay_tool
