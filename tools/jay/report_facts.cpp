// SPDX-License-Identifier: MIT
#include "report_facts.hpp"

#include <fmt/format.h>

#include "bench_table.hpp"

namespace jay_tool {
namespace {

std::string text_of(const nlohmann::ordered_json& value) {
  if (value.is_string()) return value;
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) return fmt::format("{:.2f}", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& part : value) text += (text.empty() ? "" : ", ") + text_of(part);
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environment_facts(const bench_results& results) {
  static const std::vector<std::pair<const char*, const char*>> known = {{"date", "Date"},
                                                                         {"cpu", "Processor"},
                                                                         {"processors", "Processors"},
                                                                         {"virtual", "Virtual machine"},
                                                                         {"memory_mib", "Memory, MiB"},
                                                                         {"system", "System"},
                                                                         {"kernel", "Kernel"},
                                                                         {"compilers", "Compilers"},
                                                                         {"jay", "jay"},
                                                                         {"load_average", "Load before"},
                                                                         {"repeat", "Runs of each"},
                                                                         {"quick", "Quick run, not for figures"}};
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [key, title] : known) {
    const auto found = results.environment.find(key);
    if (found == results.environment.end()) continue;
    if (std::string(key) == "quick" && *found == false) continue;
    facts.emplace_back(title, text_of(*found));
  }
  return facts;
}

std::vector<report_section> report_sections(const bench_results& results) {
  std::vector<report_section> sections = {
      {"Compute and I/O together",
       "An echo server at a fixed 2,000 requests a second, while every worker of the same process runs endless "
       "fork-join. Latency counts from when a request was due.",
       {}},
      {"Fork-join", "What a fork and its join cost.", {}},
      {"Tasks, queues, timers", "What a task, a message and a sleeper cost.", {}},
      {"Echo", "64 bytes over loopback; the client takes a processor of its own, so read it as cost of a request.", {}},
  };
  for (const bench_question& question : bench_questions()) {
    if (worker_counts(results, question.name).empty()) continue;
    const bool fork_join = question.title.rfind("fork-join", 0) == 0;
    const std::size_t at = question.kind == bench_kind::mixed  ? 0
                           : question.kind == bench_kind::echo ? 3
                           : fork_join                         ? 1
                                                               : 2;
    sections[at].questions.push_back(&question);
  }
  std::erase_if(sections, [](const report_section& section) { return section.questions.empty(); });
  return sections;
}

std::vector<headline> headlines(const bench_results& results) {
  std::vector<headline> made;
  for (const char* name :
       {"mixed_fine", "mixed_coarse_compute", "fib", "skynet", "spawn", "pingpong", "timers", "echo_64"}) {
    const bench_question* question = find_question(name);
    const auto counts = worker_counts(results, name);
    if (question == nullptr || counts.empty()) continue;
    const auto rows = standings(results, name, counts.back(), question->shown.front().name);
    if (rows.size() < 2 || rows[0]->runtime != "jay") continue;
    const bench_row &jay = *rows[0], &best = *rows[1];
    if (jay.middle() <= 0 || best.middle() <= 0) continue;
    const double ratio = jay.lower_is_better ? best.middle() / jay.middle() : jay.middle() / best.middle();
    headline one;
    one.bench = name;
    one.same = jay.range().overlaps(best.range());
    one.better = !one.same && ratio > 1;
    one.figure = one.same ? "even" : fmt::format("{:.{}f} x", ratio, ratio < 9.95 ? (ratio < 1 ? 2 : 1) : 0);
    one.meaning = fmt::format("{}, {} against {} of {}, the best peer; {} worker{}", question->shown.front().title,
                              figure_text(jay.middle(), jay.unit), figure_text(best.middle(), best.unit), best.runtime,
                              counts.back(), counts.back() == 1 ? "" : "s");
    made.push_back(one);
  }
  return made;
}

}  // namespace jay_tool
