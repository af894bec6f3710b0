// SPDX-License-Identifier: MIT
// run, runner: from a program to its tasks and back. asyncio.run and asyncio.Runner.
#pragma once

#include <optional>
#include <utility>

#include <jay/event_loop.hpp>

namespace jay {

/// Runs an op on an event loop of its own and gives its value. asyncio.run.
///
///   int main() { return jay::run(async_main()); }
///
/// At the end, also on an error, what is left is cancelled and waited for. Throws what the task throws,
/// keyboard_interrupt after a SIGINT, std::runtime_error inside a running runtime. A SIGINT that comes when the main task
/// has ended has it say what it still waits for; the next one ends the process.
template <class Op>
detail::op_result_t<Op> run(Op&& main, const config& c) {
  detail::check_outside("run");
  event_loop loop(c);
  loop.watch_until_end();
  detail::how_to_run how{"run"};
  how.cancels = how.last = true;
  return loop.run_main(how, std::forward<Op>(main));
}

/// Several runs, one event loop, which is made at the first, and one context: what a main task sets, the next one sees.
/// asyncio.Runner. Between the runs the loop stands still.
class JAY_API runner {
 public:
  explicit runner(config c = {}) : config_(std::move(c)) {}

  /// The first SIGINT cancels the main task, and keyboard_interrupt is thrown if it ends as cancelled by that alone; the
  /// second ends the process. Throws std::runtime_error in a running task or call, and after close.
  template <class Op>
  detail::op_result_t<Op> run(Op&& main) {
    detail::check_outside("runner::run");
    event_loop& loop = get_loop();
    detail::how_to_run how{"runner::run", &*context_};
    how.cancels = true;
    return loop.run_main(how, std::forward<Op>(main));
  }
  /// Made here if there was no run yet. Throws std::runtime_error after close.
  event_loop& get_loop();
  /// Cancels what is left and waits until it has ended. The destructor closes too.
  void close();

 private:
  config config_;
  std::optional<event_loop> loop_;
  std::optional<context> context_;
  bool closed_ = false;
};

}  // namespace jay
