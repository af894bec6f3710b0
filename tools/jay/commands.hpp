// SPDX-License-Identifier: MIT
#pragma once

// The subcommands of `jay`. Each stands in a file of its own and registers itself:
//
//   void register_config(CLI::App& jay) {
//     CLI::App* config = jay.add_subcommand("config", "Write, show and check configuration files");
//     config->footer(...);                         // an example and the exit codes
//     config->final_callback([] { ... });          // does the work
//   }
//
// A callback ends well by returning (exit code 0), and otherwise
//   * by `throw CLI::RuntimeError(code)`, after it has told the reason on standard error itself;
//   * by any std::exception: main prints "jay: " and its what(), and ends with exit_failed;
//   * by throwing usage_error where the command line is wrong: main adds where to read help, exit_usage.
// main also answers unknown words with "did you mean", so a subcommand need not; it must not set
// allow_extras, and asks for a subcommand of its own with need_subcommand, not with require_subcommand.

#include <stdexcept>

namespace CLI {
class App;
}

namespace jay_tool {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `jay WORD` alone, where WORD has subcommands: print its help and end with exit_usage.
void need_subcommand(CLI::App& app);

void register_config(CLI::App& jay);
void register_ps(CLI::App& jay);  // and pstree

// Becomes the Python program behind `jay bench`, or throws.
[[noreturn]] void exec_bench(int argc, char** argv);

}  // namespace jay_tool
