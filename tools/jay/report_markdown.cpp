// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "bench_table.hpp"
#include "report.hpp"
#include "report_facts.hpp"

namespace jay_tool {
namespace {

std::string cell(const bench_row* row) {
  return row == nullptr ? "" : fmt::format("{} ({})", figure_text(row->middle(), row->unit), spread_text(*row));
}

/// One table for each metric of a question: a line for each runtime, a column for each number of workers.
std::string question_table(const bench_results& results, const bench_question& question) {
  const auto counts = worker_counts(results, question.name);
  std::string text = fmt::format("### {}\n\n{}.\n\n", question.name, question.title);
  std::string head = "| runtime |", rule = "|---|";
  struct column {
    unsigned workers;
    std::string metric;
  };
  std::vector<column> columns;
  std::vector<std::string> runtimes;
  for (const shown_metric& metric : question.shown) {
    for (const unsigned workers : counts) {
      const auto rows = standings(results, question.name, workers, metric.name);
      if (rows.empty()) continue;
      columns.push_back({workers, metric.name});
      head += fmt::format(" {}, {} worker{} |", metric.title, workers, workers == 1 ? "" : "s");
      rule += "---:|";
      for (const bench_row* row : rows) {
        if (std::find(runtimes.begin(), runtimes.end(), row->runtime) == runtimes.end())
          runtimes.push_back(row->runtime);
      }
    }
  }
  text += head + "\n" + rule + "\n";
  for (const std::string& runtime : runtimes) {
    const std::string name = runtime == "jay" ? "**jay**" : runtime;
    text += "| " + name + " |";
    for (const column& one : columns)
      text += " " + cell(results.find(question.name, runtime, one.workers, one.metric)) + " |";
    text += "\n";
  }
  return text + "\n";
}

}  // namespace

std::string report_markdown(const bench_results& results) {
  std::string text;
  for (const auto& [name, value] : environment_facts(results)) text += fmt::format("* {}: {}\n", name, value);
  text += "\nMedian (+-: half the range that holds the median with 95 %, as a share of it).\n\n";
  for (const report_section& section : report_sections(results)) {
    text += fmt::format("## {}\n\n{}\n\n", section.title, section.text);
    for (const bench_question* question : section.questions) text += question_table(results, *question);
  }
  for (const bench_failure& failure : results.failures)
    text += fmt::format("* failed: {} {}, {} workers: {}\n", failure.bench, failure.runtime, failure.workers,
                        failure.reason);
  return text;
}

}  // namespace jay_tool
