// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "bench_results.hpp"

namespace jay_tool {

/// One HTML file with everything in it: no script, no font, nothing fetched.
std::string report_html(const bench_results& results);

/// The same tables for a document.
std::string report_markdown(const bench_results& results);

}  // namespace jay_tool
