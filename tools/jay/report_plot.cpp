// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "bench_questions.hpp"
#include "bench_table.hpp"
#include "report.hpp"
#include "report_chart.hpp"
#include "report_palette.hpp"
#include "report_style.hpp"

namespace jay_tool {
namespace {

/// What takes longer than so many times jay's is cut off here, and says how many times it was.
constexpr double most_shown = 6;

/// A group of bars, each how many times jay's time or cost it is; empty where jay stands alone.
chart_group group_of(const bench_results& results, const bench_question& question, const palette& colours) {
  const shown_metric& metric = question.shown.front();
  chart_group group{fmt::format("{} ({})", question.title, metric.title), {}};
  const std::vector<unsigned> workers = worker_counts(results, question.name);
  if (workers.empty()) return group;
  const auto rows = standings(results, question.name, workers.back(), metric.name);
  const auto own = std::find_if(rows.begin(), rows.end(), [](const bench_row* row) { return row->runtime == "jay"; });
  if (own == rows.end() || rows.size() < 2) return group;
  for (const bench_row* row : rows) {
    auto against_jay = [&](double value) {
      const double base = (*own)->middle();
      return row->lower_is_better ? value / base : base / value;
    };
    const double ratio = against_jay(row->middle()), a = against_jay(row->range().low), b = against_jay(row->range().high);
    const std::string figure = figure_text(row->middle(), row->unit);
    group.bars.push_back({row->runtime, ratio > most_shown ? fmt::format("{} ({:.0f} x)", figure, ratio) : figure,
                          fmt::format("{}: {}, {:.2f} x", row->runtime, figure, ratio), std::min(ratio, most_shown),
                          {std::min({a, b, most_shown}), std::min(std::max(a, b), most_shown)},
                          colours.of(row->runtime)});
  }
  return group;
}

}  // namespace

std::string report_plot(const bench_results& results, const std::vector<std::string>& names) {
  const palette colours(results);
  std::vector<chart_group> groups;
  for (const bench_question* question : select_questions(names, false)) {
    chart_group group = group_of(results, *question, colours);
    if (!group.bars.empty()) groups.push_back(std::move(group));
  }
  if (groups.empty()) throw std::runtime_error("nothing to plot: the results have no question that jay and a peer answered");
  std::string svg = bar_chart(groups, "time, or the inverse of a rate, beside jay's: shorter is better");
  const std::string root = "<svg ";
  svg.insert(svg.find('\n') + 1, fmt::format("<style><![CDATA[{}]]></style>\n"
                                             "<rect width=\"100%\" height=\"100%\" style=\"fill: var(--card)\"/>\n",
                                             report_style));
  return svg.insert(svg.find(root) + root.size(), "xmlns=\"http://www.w3.org/2000/svg\" ");
}

}  // namespace jay_tool
