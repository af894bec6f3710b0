// SPDX-License-Identifier: MIT
#pragma once

// The questions that `jay bench` asks: which program answers each, with which arguments, and what of its answer is looked at.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace jay_tool {

enum class bench_kind {
  program,  ///< runs once and prints its results: PROGRAM SIZE WORKERS [MODE...]
  echo,     ///< a server, loaded by the load generator as fast as it answers
  mixed,    ///< a server beside full compute, first alone, then loaded at a fixed rate
};

struct shown_metric {
  std::string name;
  std::string title;
};

struct bench_question {
  std::string name;
  std::string title;
  std::string program;
  bench_kind kind = bench_kind::program;
  std::vector<std::string> modes;
  long size = 0, quick_size = 0;       ///< of a server: connections
  std::map<std::string, long> slower;  ///< the size for runtimes that would take minutes; their results are per item
  double seconds = 1;                  ///< roughly, of one full run; only for the first estimate
  std::vector<shown_metric> shown;     ///< the first is the one that counts
  bool jay_only = false;               ///< a peer has no such form
  bool in_quick = true;
  bool only_all_workers = false;      ///< asked once, with the largest number of workers
  std::vector<std::string> left_out;  ///< peers that cannot
};

const std::vector<bench_question>& bench_questions();
const bench_question* find_question(const std::string& name);

/// The questions that `names` stand for, in the order of the list: a name, or the first part of several ("mixed" is mixed_fine
/// and mixed_coarse...). All of them where no name is given. Throws usage_error with a suggestion for an unknown one.
std::vector<const bench_question*> select_questions(const std::vector<std::string>& names, bool quick);

/// A program that answers a question.
struct bench_contestant {
  std::string name;  ///< folder below peers/, or "jay"
  std::filesystem::path program;
  bool one_worker = false;  ///< plain code or one event loop: takes part only where one worker is asked for
};

/// Where the programs are, as CMake leaves them: DIR/<question> and DIR/peers/<peer>/<question>.
class bench_folder {
 public:
  /// Throws usage_error where there are no programs.
  explicit bench_folder(std::filesystem::path folder);
  /// The folder beside the running `jay` in a build tree, or $JAY_BENCH_DIR.
  static std::filesystem::path usual();

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path load_generator() const { return folder_ / "loadgen"; }
  std::vector<std::string> peers() const;
  /// jay first, then the peers chosen; those that have no such program are left out.
  std::vector<bench_contestant> contestants(const bench_question& question,
                                            const std::vector<std::string>& peers) const;

 private:
  std::filesystem::path folder_;
};

/// "tbb,go", "all" or "none" to folders below peers/. "asio" also stands for asio_tbb. Throws usage_error for an unknown one.
std::vector<std::string> select_peers(const std::vector<std::string>& words, const bench_folder& folder);

}  // namespace jay_tool
