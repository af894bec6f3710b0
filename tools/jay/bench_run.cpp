// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include "bench_commands.hpp"
#include "bench_environment.hpp"
#include "bench_measure.hpp"
#include "bench_process.hpp"
#include "bench_table.hpp"
#include "commands.hpp"

namespace jay_tool {
namespace {

using clock = std::chrono::steady_clock;

/// One question with one number of workers, and who answers it: what is interleaved.
struct round {
  const bench_question* question;
  unsigned workers;
  std::vector<bench_step> steps;
};

struct plan {
  std::vector<round> rounds;
  std::vector<std::string> missing;  ///< questions that jay has no program for
};

plan make_plan(const bench_run_options& options, const bench_folder& folder, const std::vector<std::string>& peers,
               const std::vector<unsigned>& workers) {
  plan made;
  const unsigned most = *std::max_element(workers.begin(), workers.end());
  for (const bench_question* question : select_questions(options.names, options.quick)) {
    const auto contestants = folder.contestants(*question, peers);
    if (contestants.empty() || contestants.front().name != "jay") made.missing.push_back(question->name);
    for (const unsigned count : workers) {
      if (question->only_all_workers && count != most) continue;
      round one{question, count, {}};
      for (const bench_contestant& contestant : contestants) {
        if (!contestant.one_worker || count == 1) one.steps.push_back({question, contestant, count});
      }
      if (!one.steps.empty()) made.rounds.push_back(one);
    }
  }
  return made;
}

double first_guess(const bench_step& step, bool quick) {
  if (step.question->kind != bench_kind::program) return step.question->seconds * (quick ? 0.5 : 1);
  return quick ? 0.2 + step.question->seconds * 0.1 : step.question->seconds;
}

std::string time_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", std::max(seconds, 1.0));
  return fmt::format("{:.0f} min {:.0f} s", static_cast<double>(static_cast<long>(seconds) / 60),
                     static_cast<double>(static_cast<long>(seconds) % 60));
}

void print_plan(const plan& made, const bench_run_options& options, const bench_folder& folder) {
  std::fputs(fmt::format("Plan: {} in {}\n",
                         options.quick ? "quick run (small sizes: to see that it works, not for figures)" : "full run",
                         folder.path().string())
                 .c_str(),
             stderr);
  double total = 0;
  for (const round& one : made.rounds) {
    std::string names;
    for (const bench_step& step : one.steps) {
      names += (names.empty() ? "" : " ") + step.contestant.name;
      total += first_guess(step, options.quick) * (options.repeat + 1);
    }
    std::fputs(fmt::format("  {:<22} {:>2} worker{}  {}\n", one.question->name, one.workers,
                           one.workers == 1 ? " " : "s", names)
                   .c_str(),
               stderr);
  }
  if (!made.missing.empty())
    std::fputs(fmt::format("  no program of jay's for: {}\n", fmt::join(made.missing, ", ")).c_str(), stderr);
  std::fputs(
      fmt::format("Each once to warm up, then {} times in turn; about {}.\n", options.repeat, time_text(total)).c_str(),
      stderr);
}

/// One line that is written over on a terminal; elsewhere a line for each question.
class progress {
 public:
  progress(std::size_t steps, double seconds_guess)
      : steps_(steps), guess_left_(seconds_guess), terminal_(isatty(STDERR_FILENO) == 1) {}
  ~progress() {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

  void begin(const bench_step& step, unsigned turn) {
    if (terminal_) {
      std::fputs(fmt::format("\r\033[K[{}/{}] {} {} {}, {}; {} left", done_ + 1, steps_, step.question->name,
                             step.contestant.name, workers_text(step.workers),
                             turn == 0 ? "warm-up" : fmt::format("run {}", turn), time_text(left()))
                     .c_str(),
                 stderr);
    } else if (turn == 0 && (step.question != last_ || step.workers != last_workers_)) {
      std::fputs(fmt::format("[{}/{}] {} {}; {} left\n", done_ + 1, steps_, step.question->name,
                             workers_text(step.workers), time_text(left()))
                     .c_str(),
                 stderr);
      last_ = step.question;
      last_workers_ = step.workers;
    }
    std::fflush(stderr);
  }
  /// `guess` is what the step was thought to take, `took` what it did.
  void end(double guess, double took) {
    ++done_;
    guess_left_ -= guess;
    guess_done_ += guess;
    took_ += took;
  }
  void clear_line() const {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  static std::string workers_text(unsigned workers) {
    return fmt::format("{} worker{}", workers, workers == 1 ? "" : "s");
  }
  /// What is left of the guess, corrected by how wrong the guess was so far.
  double left() const { return guess_left_ * (guess_done_ > 0 ? took_ / guess_done_ : 1); }

  std::size_t steps_, done_ = 0;
  double guess_left_, guess_done_ = 0, took_ = 0;
  bool terminal_;
  const bench_question* last_ = nullptr;
  unsigned last_workers_ = 0;
};

std::set<std::string> compilers(const bench_results& results) {
  std::set<std::string> names;
  for (const bench_row& row : results.rows) {
    if (!row.compiler.empty()) names.insert(row.compiler);
  }
  return names;
}

/// Runs one round: everybody once to warm up, then A B A B. A program that fails is left out of the rest of its round.
void run_round(const round& one, const bench_folder& folder, const bench_run_options& options, progress& shown,
               bench_results& results) {
  std::vector<bool> failed(one.steps.size(), false);
  for (unsigned turn = 0; turn <= options.repeat; ++turn) {
    for (std::size_t i = 0; i < one.steps.size(); ++i) {
      const bench_step& step = one.steps[i];
      const auto start = clock::now();
      if (!failed[i]) {
        shown.begin(step, turn);
        try {
          const std::vector<bench_row> measured = measure(step, folder, {options.quick, options.time_limit});
          for (const bench_row& row : measured) {
            if (turn > 0) results.add(row, row.samples[0]);
          }
        } catch (const program_error& error) {
          failed[i] = true;
          results.failures.push_back({one.question->name, step.contestant.name, step.workers, error.what()});
          shown.clear_line();
          std::fputs(fmt::format("FAILED {} {}, {} worker(s): {}\n", one.question->name, step.contestant.name,
                                 step.workers, error.what())
                         .c_str(),
                     stderr);
        }
      }
      shown.end(first_guess(step, options.quick), std::chrono::duration<double>(clock::now() - start).count());
    }
  }
}

}  // namespace

int run_benchmarks(const bench_run_options& options) {
  const bench_folder folder(options.folder);
  const std::vector<std::string> peers = select_peers(options.peers, folder);
  std::vector<unsigned> workers = options.workers;
  if (workers.empty()) workers = {1, allowed_processors()};
  std::sort(workers.begin(), workers.end());
  workers.erase(std::unique(workers.begin(), workers.end()), workers.end());

  const plan made = make_plan(options, folder, peers, workers);
  if (made.rounds.empty())
    throw std::runtime_error(
        fmt::format("nothing to run: {} has no program for what was asked", folder.path().string()));
  print_plan(made, options, folder);
  if (options.plan_only) return 0;

  bench_results results;
  results.environment = bench_environment();
  results.environment["repeat"] = options.repeat;
  results.environment["quick"] = options.quick;
  std::size_t steps = 0;
  double guess = 0;
  for (const round& one : made.rounds) {
    steps += one.steps.size() * (options.repeat + 1);
    for (const bench_step& step : one.steps) guess += first_guess(step, options.quick) * (options.repeat + 1);
  }

  watch_for_interrupt();
  bool stopped = false;
  try {
    progress shown(steps, guess);
    for (const round& one : made.rounds) {
      run_round(one, folder, options, shown, results);
      shown.clear_line();
      if (!options.json) {
        std::fputs(table_text(results, *one.question, one.workers).c_str(), stdout);
        std::fflush(stdout);
      }
    }
  } catch (const interrupted&) {
    stopped = true;
    std::fputs("\nstopped; what was measured until here is kept\n", stderr);
  }
  results.environment["compilers"] = compilers(results);
  if (options.json) std::fputs((to_json(results).dump(1) + "\n").c_str(), stdout);
  if (!options.out.empty()) {
    save_results(results, options.out);
    std::fputs(
        fmt::format("\nresults: {} (see them: jay bench report {} -o report.html)\n", options.out, options.out).c_str(),
        stderr);
  }
  if (stopped) return exit_interrupted;
  if (!results.failures.empty())
    std::fputs(fmt::format("{} program(s) failed\n", results.failures.size()).c_str(), stderr);
  return results.failures.empty() ? 0 : exit_failed;
}

}  // namespace jay_tool
