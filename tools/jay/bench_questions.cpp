// SPDX-License-Identifier: MIT
#include "bench_questions.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "../../io/src/config/suggest.hpp"
#include "commands.hpp"

namespace jay_tool {
namespace {

namespace fs = std::filesystem;

const std::vector<shown_metric> per_task = {{"ns_per_task", "time per task"}, {"peak_rss", "peak memory"}};
const std::vector<shown_metric> wall = {{"wall", "wall time"}, {"peak_rss", "peak memory"}};
const std::vector<shown_metric> echo = {{"req_per_s", "requests/s"},
                                        {"p50", "p50"},
                                        {"p99", "p99"},
                                        {"p999", "p99.9"},
                                        {"cpu_per_req", "server CPU per request"}};
const std::vector<shown_metric> mixed = {{"p99", "p99"},
                                         {"p50", "p50"},
                                         {"p999", "p99.9"},
                                         {"req_per_s", "requests/s"},
                                         {"leaves_per_s", "leaves/s"},
                                         {"leaves_kept", "of the leaves/s without load"}};

bench_question program(std::string name, std::string title, long size, long quick, double seconds,
                       std::vector<shown_metric> shown) {
  bench_question q;
  q.name = q.program = std::move(name);
  q.title = std::move(title);
  q.size = size;
  q.quick_size = quick;
  q.seconds = seconds;
  q.shown = std::move(shown);
  return q;
}

bench_question fib_form(const std::string& mode, const std::string& title) {
  bench_question q = program("fib_" + mode, title, 32, 24, 0.5, per_task);
  q.program = "fib";
  q.modes = {mode};
  q.jay_only = true;
  return q;
}

bench_question echo_with(long connections, bool in_quick) {
  bench_question q;
  q.name = fmt::format("echo_{}", connections);
  q.title = connections == 1 ? "echo, one connection" : fmt::format("echo, {} connections", connections);
  q.program = "echo";
  q.kind = bench_kind::echo;
  q.size = q.quick_size = connections;
  q.seconds = 2.5;
  q.shown = echo;
  q.in_quick = in_quick;
  return q;
}

bench_question mixed_with(const std::string& leaf, bool computes) {
  bench_question q;
  q.name = "mixed_" + leaf + (computes ? "_compute" : "");
  q.title =
      fmt::format("echo at 2,000 requests/s under full compute, {} leaves{}",
                  leaf == "fine" ? "fine (2.7 us)" : "coarse (0.8 ms)", computes ? ", each request computes too" : "");
  q.program = "mixed";
  q.kind = bench_kind::mixed;
  q.modes = {leaf, computes ? "compute" : "echo"};
  q.size = q.quick_size = 50;
  q.seconds = 5.5;
  q.shown = mixed;
  q.only_all_workers = true;
  if (!computes) q.left_out = {"asio_tbb_handoff"};  // without compute in the request it is asio_tbb
  return q;
}

std::vector<bench_question> make_questions() {
  std::vector<bench_question> all;
  auto add = [&all](bench_question q) -> bench_question& { return all.emplace_back(std::move(q)); };

  add(program("fib", "fork-join: fib", 36, 27, 1.5, per_task)).slower = {{"go", 28}};
  add(fib_form("list", "fork-join: fib, by a task list"));
  add(fib_form("vector", "fork-join: fib, by a vector"));
  add(fib_form("group", "fork-join: fib, by a task group"));
  add(program("skynet", "fork-join: skynet", 8, 6, 3, per_task));
  add(program("nqueens", "fork-join: n queens", 13, 10, 1.2, wall));
  add(program("matmul", "fork-join: matrix product", 2048, 512, 1,
              {{"gop_per_s", "10^9 operations/s"}, {"wall", "wall time"}}));

  add(program("spawn", "create_task and await, all handles kept", 1'000'000, 100'000, 0.6, per_task)).slower = {
      {"python", 100'000}};
  bench_question& batches =
      add(program("spawn_batch", "create_task and await, batches of 10,000", 5'000'000, 200'000, 2, per_task));
  batches.program = "spawn";
  batches.modes = {"batch"};
  batches.slower = {{"python", 200'000}};
  add(program("pingpong", "two tasks, two queues, a round trip", 1'000'000, 100'000, 0.5,
              {{"ns_per_round_trip", "time per round trip"}}))
      .slower = {{"python", 100'000}};
  add(program("channel", "four producers, four consumers, one queue", 2'000'000, 200'000, 0.5,
              {{"ns_per_item", "time per item"}}))
      .slower = {{"python", 200'000}};
  const std::vector<shown_metric> sleeping = {
      {"wall", "wall time"}, {"cpu", "processor time"}, {"peak_rss", "peak memory"}};
  bench_question& many = add(program("timers", "a million tasks sleep 0 to 1 s", 1'000'000, 1'000'000, 2.5, sleeping));
  many.in_quick = false;
  many.left_out = {"python"};
  bench_question& fewer = add(program("timers_100k", "100,000 tasks sleep 0 to 1 s", 100'000, 100'000, 1.3, sleeping));
  fewer.program = "timers";

  for (bool large : {false, true}) {
    bench_question& files = add(program(large ? "files_large" : "files_small",
                                        large ? "SHA-256 of eight files of 48 MiB" : "SHA-256 of 20,000 small files",
                                        large ? 8 : 20'000, large ? 2 : 2'000, 0.6, sleeping));
    files.program = "files";
    files.modes = {large ? "large" : "small"};
  }

  add(echo_with(1, true));
  add(echo_with(8, false));
  add(echo_with(64, true));
  add(echo_with(1000, false));
  bench_question& idle = add(mixed_with("none", false));
  idle.name = "mixed_idle";
  idle.title = "echo at 2,000 requests/s, nothing else to do";
  idle.in_quick = false;
  add(mixed_with("fine", false));
  add(mixed_with("coarse", false));
  add(mixed_with("fine", true));
  add(mixed_with("coarse", true));
  return all;
}

/// Whether `word` is `name` or its first parts: "mixed" and "mixed_fine" of mixed_fine_compute.
bool stands_for(const std::string& word, const std::string& name) {
  return name == word ||
         (name.size() > word.size() && name.compare(0, word.size(), word) == 0 && name[word.size()] == '_');
}

bool has_part(const std::string& name, const std::string& part) {
  std::istringstream parts(name);
  for (std::string one; std::getline(parts, one, '_');) {
    if (one == part) return true;
  }
  return false;
}

/// Plain code, and runtimes with one event loop.
bool has_one_worker(const std::string& peer) {
  return peer == "serial" || peer == "python" || peer == "uvloop" || peer == "libuv";
}

bool is_program(const fs::path& path) { return fs::is_regular_file(path) && access(path.c_str(), X_OK) == 0; }

[[noreturn]] void unknown(const char* what, const std::string& word, const std::vector<std::string>& known) {
  const std::string near = jay::detail::suggest(word, known);
  throw usage_error(near.empty() ? fmt::format("unknown {} '{}'; known: {}", what, word, fmt::join(known, ", "))
                                 : fmt::format("unknown {} '{}'; did you mean '{}'?", what, word, near));
}

}  // namespace

const std::vector<bench_question>& bench_questions() {
  static const std::vector<bench_question> all = make_questions();
  return all;
}

const bench_question* find_question(const std::string& name) {
  for (const bench_question& question : bench_questions()) {
    if (question.name == name) return &question;
  }
  return nullptr;
}

std::vector<const bench_question*> select_questions(const std::vector<std::string>& names, bool quick) {
  std::vector<std::string> known;
  for (const bench_question& question : bench_questions()) known.push_back(question.name);
  std::vector<const bench_question*> chosen;
  for (const std::string& word : names) {
    if (std::none_of(known.begin(), known.end(), [&](const std::string& name) { return stands_for(word, name); }))
      unknown("benchmark", word, known);
  }
  for (const bench_question& question : bench_questions()) {
    const bool named = std::any_of(names.begin(), names.end(), [&](const std::string& word) {
      // A word that is itself a name means that one alone: "fib" is not fib_vector.
      return word == question.name || (find_question(word) == nullptr && stands_for(word, question.name));
    });
    if (names.empty() ? !quick || question.in_quick : named) chosen.push_back(&question);
  }
  return chosen;
}

bench_folder::bench_folder(fs::path folder) : folder_(std::move(folder)) {
  for (const bench_question& question : bench_questions()) {
    if (is_program(folder_ / question.program)) return;
  }
  throw usage_error(fmt::format(
      "no benchmark programs in {}: build them (cmake -DJAY_BUILD_BENCH=ON) or name their folder with --bin",
      folder_.string()));
}

fs::path bench_folder::usual() {
  if (const char* named = std::getenv("JAY_BENCH_DIR"); named != nullptr && *named != '\0') return named;
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored);
  return (self.parent_path().parent_path() / "bench").lexically_normal();
}

std::vector<std::string> bench_folder::peers() const {
  std::vector<std::string> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder_ / "peers", missing)) {
    if (entry.is_directory()) found.push_back(entry.path().filename());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<bench_contestant> bench_folder::contestants(const bench_question& question,
                                                        const std::vector<std::string>& peers) const {
  std::vector<bench_contestant> found;
  auto add = [&](const std::string& name, const fs::path& program) {
    if (is_program(program)) found.push_back({name, program, has_one_worker(name)});
  };
  add("jay", folder_ / question.program);
  for (const std::string& peer : peers) {
    const bool left_out =
        std::find(question.left_out.begin(), question.left_out.end(), peer) != question.left_out.end();
    if (question.jay_only || left_out) continue;
    add(peer, folder_ / "peers" / peer / question.program);
    add(peer, folder_ / "peers" / peer / (question.program + ".py"));
  }
  return found;
}

std::vector<std::string> select_peers(const std::vector<std::string>& words, const bench_folder& folder) {
  const std::vector<std::string> present = folder.peers();
  std::vector<std::string> known = present;
  known.insert(known.end(), {"all", "none"});
  std::vector<std::string> chosen;
  for (const std::string& word : words) {
    bool matched = word == "none";
    for (const std::string& peer : present) {
      if (word != "all" && !has_part(peer, word) && word != peer) continue;
      matched = true;
      if (std::find(chosen.begin(), chosen.end(), peer) == chosen.end()) chosen.push_back(peer);
    }
    if (!matched && word != "all") unknown("peer (or it is not built)", word, known);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace jay_tool
