// SPDX-License-Identifier: MIT
// How an event_loop runs its main task: run, runner and run_until_complete differ in this alone.
#pragma once

#include <jay/detail/export.hpp>

namespace jay {
class context;
}

namespace jay::detail {

struct how_to_run {
  const char* what;              // whom an error names
  const context* in = nullptr;   // where the main task starts, and leaves what it has set
  bool cancels = false;          // a SIGINT cancels the main task; otherwise it stops the loop
  bool last = false;             // the loop ends with this run
};

/// Throws std::runtime_error where a task or a call runs.
JAY_API void check_outside(const char* what);

}  // namespace jay::detail
