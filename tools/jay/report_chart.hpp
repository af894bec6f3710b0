// SPDX-License-Identifier: MIT
#pragma once

// Plots as SVG text. Colours and fonts come from the page's style sheet: series n has the class "s<n>".

#include <string>
#include <vector>

#include "bench_results.hpp"

namespace jay_tool {

std::string html_escape(const std::string& text);

struct chart_bar {
  std::string label, value_text, note;
  double value = 0;
  interval range;
  int series = 0;
};

struct chart_group {
  std::string title;
  std::vector<chart_bar> bars;
};

/// Horizontal bars from zero, whiskers for the ranges. `caption` names the axis.
std::string bar_chart(const std::vector<chart_group>& groups, const std::string& caption);

struct chart_percentiles {
  std::string label;
  std::vector<double> values;  ///< one for each name of percentile, ascending
  int series = 0;
};

/// A row for each runtime, its percentiles as dots on a logarithmic axis, microseconds.
std::string percentile_chart(const std::vector<chart_percentiles>& rows, const std::vector<std::string>& names);

struct chart_line {
  std::string label;
  std::vector<std::pair<double, double>> points;  ///< workers, speed-up
  int series = 0;
};

/// Speed-up over the number of workers, with the straight line that nobody beats.
std::string scaling_chart(const std::vector<chart_line>& lines);

}  // namespace jay_tool
