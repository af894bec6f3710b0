// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench_questions.hpp"
#include "bench_table.hpp"
#include "report.hpp"
#include "report_chart.hpp"
#include "report_facts.hpp"
#include "report_palette.hpp"
#include "report_style.hpp"

namespace jay_tool {
namespace {

std::string workers_text(unsigned workers) { return fmt::format("{} worker{}", workers, workers == 1 ? "" : "s"); }

std::string bars(const bench_results& results, const bench_question& question, const shown_metric& metric,
                 const palette& colours) {
  std::vector<chart_group> groups;
  bool lower = true;
  for (const unsigned workers : worker_counts(results, question.name)) {
    chart_group group{workers_text(workers), {}};
    for (const bench_row* row : standings(results, question.name, workers, metric.name)) {
      lower = row->lower_is_better;
      const interval range = row->range();
      group.bars.push_back({row->runtime, figure_text(row->middle(), row->unit),
                            fmt::format("{}: median {}, {} to {}, {} runs, {}", row->runtime,
                                        figure_text(row->middle(), row->unit), figure_text(range.low, row->unit),
                                        figure_text(range.high, row->unit), row->samples.size(), row->compiler),
                            row->middle(), range, colours.of(row->runtime)});
    }
    if (!group.bars.empty()) groups.push_back(group);
  }
  return bar_chart(groups, fmt::format("{} ({} is better)", metric.title, lower ? "shorter" : "longer"));
}

std::string percentiles(const bench_results& results, const bench_question& question, unsigned workers,
                        const palette& colours) {
  std::vector<chart_percentiles> rows;
  for (const bench_row* first : standings(results, question.name, workers, "p50")) {
    const bench_row* middle = results.find(question.name, first->runtime, workers, "p99");
    const bench_row* last = results.find(question.name, first->runtime, workers, "p999");
    if (middle == nullptr || last == nullptr) continue;
    rows.push_back({first->runtime, {first->middle(), middle->middle(), last->middle()}, colours.of(first->runtime)});
  }
  return percentile_chart(rows, {"p50", "p99", "p99.9"});
}

std::string details(const bench_results& results, const bench_question& question) {
  std::string text =
      "<details><summary>Figures</summary><div class=\"wide\"><table>\n<tr><th>runtime</th><th>workers</th><th "
      "class=\"left\">metric</th><th>median</th><th>best</th><th>+-</th><th>against jay</th><th "
      "class=\"left\">compiler</th></tr>\n";
  std::vector<std::string> metrics;
  for (const bench_row& row : results.rows) {
    if (row.bench == question.name && std::find(metrics.begin(), metrics.end(), row.metric) == metrics.end())
      metrics.push_back(row.metric);
  }
  for (const unsigned workers : worker_counts(results, question.name)) {
    for (const std::string& metric : metrics) {
      const auto rows = standings(results, question.name, workers, metric);
      const bench_row* jay = !rows.empty() && rows.front()->runtime == "jay" ? rows.front() : nullptr;
      for (const bench_row* row : rows) {
        text += fmt::format(
            "<tr{}><td>{}</td><td>{}</td><td class=\"left\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td "
            "class=\"left\">{}</td></tr>\n",
            row == jay ? " class=\"own\"" : "", html_escape(row->runtime), row->workers, html_escape(row->metric),
            figure_text(row->middle(), row->unit), figure_text(row->best(), row->unit), spread_text(*row),
            ratio_text(*row, jay), html_escape(row->compiler));
      }
    }
  }
  return text + "</table></div></details>\n";
}

std::string figure(const bench_results& results, const bench_question& question, const palette& colours) {
  std::string charts;
  if (question.kind == bench_kind::program) {
    charts = bars(results, question, question.shown.front(), colours);
  } else {
    for (const unsigned workers : worker_counts(results, question.name)) {
      charts += fmt::format("<p class=\"soft\">Latency, {}, logarithmic</p>\n", workers_text(workers)) +
                percentiles(results, question, workers, colours);
    }
    const char* rate = question.kind == bench_kind::echo ? "req_per_s" : "leaves_per_s";
    for (const shown_metric& metric : question.shown) {
      if (metric.name == rate) charts += bars(results, question, metric, colours);
    }
  }
  if (charts.empty()) return "";
  return fmt::format("<figure id=\"{}\"><h3>{}</h3><figcaption>{}</figcaption>\n{}{}</figure>\n", question.name,
                     question.name, html_escape(question.title), charts, details(results, question));
}

std::string scaling(const bench_results& results, const bench_question& question, const palette& colours) {
  const shown_metric& metric = question.shown.front();
  const auto counts = worker_counts(results, question.name);
  std::vector<chart_line> lines;
  if (counts.size() < 2) return "";
  for (const bench_row* base : standings(results, question.name, counts.front(), metric.name)) {
    chart_line one{base->runtime, {}, colours.of(base->runtime)};
    for (const unsigned workers : counts) {
      const bench_row* row = results.find(question.name, base->runtime, workers, metric.name);
      if (row == nullptr || row->middle() <= 0) continue;
      const double ratio = base->middle() / row->middle();
      one.points.emplace_back(workers, row->lower_is_better ? ratio : 1 / ratio);
    }
    if (one.points.size() > 1 && counts.front() == 1) lines.push_back(one);
  }
  const std::string chart = scaling_chart(lines);
  return chart.empty() ? ""
                       : fmt::format(
                             "<figure><h3>{}</h3><figcaption>speed-up over one worker; dashed: as many times as "
                             "workers</figcaption>\n{}</figure>\n",
                             question.name, chart);
}

std::string cards(const bench_results& results) {
  std::string text;
  for (const headline& one : headlines(results)) {
    text +=
        fmt::format("<div class=\"card\"><span class=\"what\">{}</span><b class=\"{}\">{}</b><span>{}</span></div>\n",
                    html_escape(one.bench),
                    one.better ? "good"
                    : one.same ? ""
                               : "bad",
                    html_escape(one.figure), html_escape(one.meaning));
  }
  return text.empty() ? "" : "<div class=\"cards\">\n" + text + "</div>\n";
}

std::string failures(const bench_results& results) {
  if (results.failures.empty()) return "";
  std::string text = "<div class=\"notice\"><b>Failed</b><ul>\n";
  for (const bench_failure& failure : results.failures) {
    text += fmt::format("<li>{} {}, {}: {}</li>\n", html_escape(failure.bench), html_escape(failure.runtime),
                        workers_text(failure.workers), html_escape(failure.reason));
  }
  return text + "</ul></div>\n";
}

}  // namespace

std::string report_html(const bench_results& results) {
  const palette colours(results);
  std::string text =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>jay: benchmarks</title>\n<style>";
  text += report_style;
  text += "</style></head>\n<body><main>\n<h1>jay beside its peers</h1>\n";
  text +=
      "<p class=\"soft\">The same problem, the same checks and the same output for every runtime; run in turn on one "
      "machine. Medians; whiskers show the range that holds the median with 95 %.</p>\n";
  text += "<dl class=\"facts\">\n";
  for (const auto& [name, value] : environment_facts(results))
    text += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_escape(name), html_escape(value));
  text += "</dl>\n" + failures(results) + cards(results);
  for (const report_section& section : report_sections(results)) {
    text += fmt::format("<h2>{}</h2>\n<p class=\"soft\">{}</p>\n<div class=\"grid\">\n", section.title, section.text);
    for (const bench_question* question : section.questions) text += figure(results, *question, colours);
    text += "</div>\n";
  }
  std::string curves;
  for (const bench_question& question : bench_questions()) {
    if (question.kind == bench_kind::program && question.name.rfind("timers", 0) != 0)
      curves += scaling(results, question, colours);
  }
  if (!curves.empty()) text += "<h2>Scaling</h2>\n<div class=\"grid\">\n" + curves + "</div>\n";
  text +=
      "<footer>Made by <code>jay bench report</code>. This file needs no network.</footer>\n</main></body></html>\n";
  return text;
}

}  // namespace jay_tool
