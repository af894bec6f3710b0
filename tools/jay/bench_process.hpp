// SPDX-License-Identifier: MIT
#pragma once

// A benchmark program as a child: its output by lines, its input by lines, a deadline for everything.

#include <sys/types.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace jay_tool {

/// What a program did wrong: did not start, wrong exit status, silent too long. Its last words are in the text.
struct program_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The user pressed Ctrl-C.
struct interrupted {};

class bench_process {
 public:
  using clock = std::chrono::steady_clock;

  bench_process(std::vector<std::string> command, std::chrono::duration<double> time_limit);
  /// Kills what still runs.
  ~bench_process();
  bench_process(const bench_process&) = delete;
  bench_process& operator=(const bench_process&) = delete;

  void write_line(const std::string& line);
  /// The next line of the output, without its end. False at the end of the output.
  bool read_line(std::string& line);
  /// Closes the input, reads the rest of the output and waits; anything but exit status 0 is an error.
  std::vector<std::string> finish();

 private:
  void start();
  bool read_more();
  void reap();
  [[noreturn]] void fail(const std::string& what);

  std::vector<std::string> command_;
  clock::time_point deadline_;
  double limit_;
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;
  std::string buffer_, last_words_;
};

/// From now on Ctrl-C makes the functions above throw `interrupted`.
void watch_for_interrupt();
/// Sleeps, unless interrupted.
void pause_for(std::chrono::duration<double> time);

}  // namespace jay_tool
