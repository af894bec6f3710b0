// SPDX-License-Identifier: MIT
#include "bench_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace jay_tool {

std::string spread_text(const bench_row& row) {
  const interval range = row.range();
  const double middle = row.middle();
  if (row.samples.size() < 2 || middle == 0) return "-";
  const double percent = 50 * (range.high - range.low) / middle;
  return fmt::format("{:.{}f} %", percent, percent < 9.95 ? 1 : 0);
}

std::string ratio_text(const bench_row& row, const bench_row* jay) {
  if (jay == nullptr || jay == &row) return "";
  const double mine = row.middle(), its = jay->middle();
  if (mine <= 0 || its <= 0) return "";
  if (row.samples.size() > 1 && row.range().overlaps(jay->range())) return "same";
  const double worse = row.lower_is_better ? mine / its : its / mine;
  const double factor = std::max(worse, 1 / worse);
  return fmt::format("{:.{}f} x {}", factor,
                     factor < 9.995   ? 2
                     : factor < 99.95 ? 1
                                      : 0,
                     worse >= 1 ? "worse" : "better");
}

std::vector<unsigned> worker_counts(const bench_results& results, const std::string& bench) {
  std::set<unsigned> counts;
  for (const bench_row& row : results.rows) {
    if (row.bench == bench) counts.insert(row.workers);
  }
  return {counts.begin(), counts.end()};
}

std::vector<const bench_row*> standings(const bench_results& results, const std::string& bench, unsigned workers,
                                        const std::string& metric) {
  std::vector<const bench_row*> rows;
  for (const bench_row& row : results.rows) {
    if (row.bench == bench && row.workers == workers && row.metric == metric) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](const bench_row* a, const bench_row* b) {
    if ((a->runtime == "jay") != (b->runtime == "jay")) return a->runtime == "jay";
    if (a->middle() == b->middle()) return a->runtime < b->runtime;
    return (a->middle() < b->middle()) == a->lower_is_better;
  });
  return rows;
}

std::string table_text(const bench_results& results, const bench_question& question, unsigned workers) {
  const std::vector<const bench_row*> first = standings(results, question.name, workers, question.shown.front().name);
  if (first.empty()) return "";
  std::string text =
      fmt::format("\n{}: {}, {} worker{}\n", question.name, question.title, workers, workers == 1 ? "" : "s");
  for (const shown_metric& metric : question.shown) {
    const auto rows = standings(results, question.name, workers, metric.name);
    if (rows.empty()) continue;
    const bench_row* jay = rows.front()->runtime == "jay" ? rows.front() : nullptr;
    const bool lower = rows.front()->lower_is_better;
    text += fmt::format("  {:<44} {:>10} {:>10} {:>8}   {}\n",
                        fmt::format("{} ({} is better)", metric.title, lower ? "lower" : "higher"), "median",
                        lower ? "least" : "most", "+-", jay != nullptr ? "against jay" : "");
    for (const bench_row* row : rows) {
      text += fmt::format("    {:<42} {:>10} {:>10} {:>8}   {}\n", row->runtime, figure_text(row->middle(), row->unit),
                          figure_text(row->best(), row->unit), spread_text(*row), ratio_text(*row, jay));
    }
  }
  return text;
}

}  // namespace jay_tool
