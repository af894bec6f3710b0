// SPDX-License-Identifier: MIT
#include "bench_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench_process.hpp"

namespace jay_tool {
namespace {

constexpr double mixed_rate = 2000;  // requests/s

using rows = std::vector<bench_row>;

rows parse_all(const std::vector<std::string>& lines) {
  rows parsed;
  for (const std::string& line : lines) parsed.push_back(parse_result_line(line));
  return parsed;
}

/// Takes a metric out of the rows.
bench_row take(rows& from, const std::string& metric, const std::string& program) {
  const auto found = std::find_if(from.begin(), from.end(), [&](const bench_row& row) { return row.metric == metric; });
  if (found == from.end()) throw program_error(fmt::format("{} did not print {}", program, metric));
  bench_row row = *found;
  from.erase(found);
  return row;
}

bench_row derived(bench_row like, const std::string& metric, const std::string& unit, bool lower_is_better,
                  double value) {
  like.metric = metric;
  like.unit = unit;
  like.lower_is_better = lower_is_better;
  like.samples = {value};
  if (!std::isfinite(value))
    throw program_error(fmt::format("{} cannot be computed: nothing was done in the measured time", metric));
  return like;
}

std::chrono::duration<double> time_limit(const bench_limits& limits, double usual) {
  return std::chrono::duration<double>(limits.seconds > 0 ? limits.seconds : usual);
}

/// A server program, from "PORT n" on.
class server {
 public:
  server(const bench_step& step, std::chrono::duration<double> limit)
      : program_(step.contestant.program), process_(command(step), limit) {
    std::string line;
    if (!process_.read_line(line)) process_.finish();
    if (line.rfind("PORT ", 0) != 0)
      throw program_error(fmt::format("{} printed '{}' and not its port", program_, line));
    port_ = line.substr(5);
  }

  const std::string& port() const { return port_; }
  void start_window() {
    process_.write_line("start");
    // Not before the server says so: one that starves its own threads takes a while to hear.
    expect("STARTED");
  }
  rows stop_window() {
    process_.write_line("stop");
    std::vector<std::string> lines;
    for (std::string line;;) {
      if (!process_.read_line(line)) process_.finish();
      if (line == "STOPPED") return parse_all(lines);
      lines.push_back(line);
    }
  }
  void end() { process_.finish(); }

 private:
  void expect(const std::string& wanted) {
    std::string line;
    if (!process_.read_line(line)) process_.finish();
    if (line != wanted) throw program_error(fmt::format("{} printed '{}' and not {}", program_, line, wanted));
  }

  static std::vector<std::string> command(const bench_step& step) {
    std::vector<std::string> words = {step.contestant.program, "0", std::to_string(step.workers)};
    words.insert(words.end(), step.question->modes.begin(), step.question->modes.end());
    return words;
  }

  std::string program_, port_;
  bench_process process_;
};

rows run_load(const bench_folder& folder, const server& target, long connections, double seconds, double rate) {
  std::vector<std::string> command = {
      folder.load_generator(),   "--port", target.port(), "--connections", std::to_string(connections), "--seconds",
      fmt::format("{}", seconds)};
  if (rate > 0) {
    // As a client on another machine would be: not kept from its processor by the load that it looks at.
    command.insert(command.end(), {"--rate", fmt::format("{}", rate), "--first", "1"});
  }
  bench_process generator(command, std::chrono::duration<double>(seconds + 30));
  return parse_all(generator.finish());
}

rows measure_program(const bench_step& step, const bench_limits& limits) {
  const bench_question& question = *step.question;
  const long size = step.size(limits.quick);
  std::vector<std::string> command = {step.contestant.program, std::to_string(size), std::to_string(step.workers)};
  command.insert(command.end(), question.modes.begin(), question.modes.end());
  bench_process process(command, time_limit(limits, question.seconds * 60 + 60));
  rows printed = parse_all(process.finish());
  // A smaller size is answered per item only: totals of unlike sizes would invite comparison.
  if (size != (limits.quick ? question.quick_size : question.size)) {
    for (const char* total : {"wall", "cpu", "peak_rss"}) take(printed, total, command[0]);
  }
  return printed;
}

rows measure_echo(const bench_step& step, const bench_folder& folder, const bench_limits& limits) {
  server target(step, time_limit(limits, 120));
  target.start_window();
  rows printed = run_load(folder, target, step.question->size, limits.quick ? 0.5 : 2, 0);
  rows window = target.stop_window();
  target.end();
  const std::string program = step.contestant.program;
  const bench_row cpu = take(window, "cpu", program), answered = take(printed, "answered", "loadgen");
  take(printed, "max", "loadgen");
  rows all;
  for (const bench_row& row : printed)
    all.push_back(derived(cpu, row.metric, row.unit, row.lower_is_better, row.samples[0]));
  all.push_back(derived(cpu, "cpu_per_req", "us", true, cpu.samples[0] * 1e3 / answered.samples[0]));
  all.push_back(take(window, "peak_rss", program));
  return all;
}

rows measure_mixed(const bench_step& step, const bench_folder& folder, const bench_limits& limits) {
  const double seconds = limits.quick ? 0.7 : 2;
  const std::string program = step.contestant.program;
  const bool computes = step.question->modes.at(0) != "none";
  server target(step, time_limit(limits, 120));
  pause_for(std::chrono::duration<double>(0.3));
  // Half of the time without load before, half after it: a drift of the machine's speed then hits both alike.
  auto alone_for = [&](double time) {
    target.start_window();
    pause_for(std::chrono::duration<double>(time));
    rows window = target.stop_window();
    return take(window, "leaves_per_s", program);
  };
  const double before = computes ? alone_for(seconds / 2).samples[0] : 0;
  target.start_window();
  rows printed = run_load(folder, target, step.question->size, seconds, mixed_rate);
  rows window = target.stop_window();
  const double after = computes ? alone_for(seconds / 2).samples[0] : 0;
  target.end();
  take(printed, "answered", "loadgen");
  take(printed, "max", "loadgen");
  rows all;
  all.push_back(take(window, "peak_rss", program));
  const bench_row like = all.back();
  for (const bench_row& row : printed)
    all.push_back(derived(like, row.metric, row.unit, row.lower_is_better, row.samples[0]));
  if (!computes) return all;
  const double alone = (before + after) / 2;
  const bench_row loaded = take(window, "leaves_per_s", program);
  all.push_back(loaded);
  all.push_back(derived(like, "leaves_per_s_alone", "1/s", false, alone));
  all.push_back(derived(like, "leaves_kept", "%", false, 100 * loaded.samples[0] / alone));
  return all;
}

}  // namespace

long bench_step::size(bool quick) const {
  const long usual = quick ? question->quick_size : question->size;
  const auto slower = question->slower.find(contestant.name);
  return slower == question->slower.end() ? usual : std::min(usual, slower->second);
}

bench_row parse_result_line(const std::string& line) {
  try {
    const auto entry = nlohmann::json::parse(line);
    bench_row row;
    row.bench = entry.at("bench");
    row.runtime = entry.at("runtime");
    row.compiler = entry.value("compiler", "");
    row.workers = entry.at("workers");
    row.metric = entry.at("metric");
    row.unit = entry.at("unit");
    row.lower_is_better = entry.at("better") == "lower";
    row.samples = {entry.at("value").get<double>()};
    if (!std::isfinite(row.samples[0])) throw program_error("not a finite value");
    return row;
  } catch (const nlohmann::json::exception&) {
    throw program_error(fmt::format("printed '{}', which is not a result line", line));
  }
}

std::vector<bench_row> measure(const bench_step& step, const bench_folder& folder, const bench_limits& limits) {
  rows measured;
  switch (step.question->kind) {
    case bench_kind::program: measured = measure_program(step, limits); break;
    case bench_kind::echo: measured = measure_echo(step, folder, limits); break;
    case bench_kind::mixed: measured = measure_mixed(step, folder, limits); break;
  }
  if (measured.empty()) throw program_error(fmt::format("{} printed no result", step.contestant.program.string()));
  for (bench_row& row : measured) row.bench = step.question->name;
  return measured;
}

}  // namespace jay_tool
