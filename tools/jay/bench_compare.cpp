// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench_commands.hpp"
#include "bench_results.hpp"

namespace jay_tool {
namespace {

enum class verdict { noise, better, worse, gone };

const char* name_of(verdict found) {
  switch (found) {
    case verdict::noise: return "noise";
    case verdict::better: return "better";
    case verdict::worse: return "worse";
    case verdict::gone: return "gone";
  }
  return "";
}

struct comparison {
  const bench_row* before;
  const bench_row* after;  ///< null: the second file lacks it
  double percent = 0;      ///< change of the median
  verdict found = verdict::gone;
};

comparison compare(const bench_row& before, const bench_row* after) {
  comparison made{&before, after};
  if (after == nullptr) return made;
  const double old_value = before.middle(), new_value = after->middle();
  made.percent = old_value == 0 ? (new_value == 0 ? 0 : 100) : 100 * (new_value / old_value - 1);
  if (before.range().overlaps(after->range())) made.found = verdict::noise;
  else made.found = (new_value < old_value) == before.lower_is_better ? verdict::better : verdict::worse;
  return made;
}

bool breaks_limit(const comparison& made, const bench_compare_options& options) {
  if (!options.fail_percent) return false;
  return made.found == verdict::gone ||
         (made.found == verdict::worse && std::abs(made.percent) > *options.fail_percent);
}

void print_table(const std::vector<comparison>& all, const bench_compare_options& options) {
  fmt::print("{:<22} {:<10} {:>7} {:<18} {:>10} {:>10} {:>9}  {}\n", "benchmark", "runtime", "workers", "metric",
             "before", "after", "change", "");
  for (const comparison& made : all) {
    const bench_row& row = *made.before;
    fmt::print("{:<22} {:<10} {:>7} {:<18} {:>10} {:>10} {:>9}  {}{}\n", row.bench, row.runtime, row.workers,
               row.metric, figure_text(row.middle(), row.unit),
               made.after != nullptr ? figure_text(made.after->middle(), row.unit) : "-",
               made.after != nullptr ? fmt::format("{:+.1f} %", made.percent) : "-", name_of(made.found),
               breaks_limit(made, options) ? "  <-- beyond the limit" : "");
  }
}

void print_json(const std::vector<comparison>& all, const bench_compare_options& options) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const comparison& made : all) {
    const bench_row& row = *made.before;
    nlohmann::ordered_json entry = {{"bench", row.bench},
                                    {"runtime", row.runtime},
                                    {"workers", row.workers},
                                    {"metric", row.metric},
                                    {"before", row.middle()}};
    entry["after"] = made.after != nullptr ? nlohmann::ordered_json(made.after->middle()) : nlohmann::ordered_json();
    entry["percent"] = made.percent;
    entry["verdict"] = name_of(made.found);
    entry["beyond_limit"] = breaks_limit(made, options);
    rows.push_back(entry);
  }
  fmt::print("{}\n", rows.dump(1));
}

}  // namespace

int compare_results(const bench_compare_options& options) {
  const bench_results before = load_results(options.before), after = load_results(options.after);
  std::vector<comparison> all;
  for (const bench_row& row : before.rows)
    all.push_back(compare(row, after.find(row.bench, row.runtime, row.workers, row.metric)));
  const auto beyond =
      std::count_if(all.begin(), all.end(), [&](const comparison& made) { return breaks_limit(made, options); });
  if (options.json) {
    print_json(all, options);
  } else {
    print_table(all, options);
    const auto noise =
        std::count_if(all.begin(), all.end(), [](const comparison& made) { return made.found == verdict::noise; });
    fmt::print("{} compared, {} of them within the noise (the ranges of the medians overlap)\n", all.size(), noise);
    if (options.fail_percent)
      fmt::print("{} worse than {} % beyond the noise, or gone\n", beyond, *options.fail_percent);
  }
  return beyond > 0 ? exit_worse : 0;
}

}  // namespace jay_tool
