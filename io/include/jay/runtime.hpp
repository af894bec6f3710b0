// SPDX-License-Identifier: MIT
// run, runner, runtime: from a program to its tasks and back.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include <jay/config.hpp>
#include <jay/context_var.hpp>
#include <jay/create_task.hpp>
#include <jay/scheduler.hpp>

namespace jay {

template <class Op>
detail::op_result_t<Op> run(Op&& main, const config& c = {});

/// Everything that runs: the scheduler, the I/O threads, the pool for blocking calls. Made from a configuration (the
/// environment fills in what has its default, see config::resolved); config_error if that is bad, std::system_error if
/// the system refuses threads or descriptors.
class JAY_API runtime {
 public:
  explicit runtime(const config& c = {});
  runtime(const runtime&) = delete;
  /// Cancels what is left, waits for its cleanup, joins the blocking pool (at most io.shutdown_timeout seconds, then
  /// names on stderr what still blocks and goes on). A connection that is closing meanwhile is cut when its peer has taken
  /// nothing for a second, or at io.shutdown_timeout. The first SIGINT has it say what it waits for, the second ends the
  /// process. In the child of a fork, which has none of the threads, it lets everything be.
  ~runtime();

  jay::scheduler& scheduler() noexcept;
  const jay::config& config() const noexcept;

  /// Runs an op as the main task, on the workers, and blocks the calling thread until it has ended. The first SIGINT
  /// cancels it (then keyboard_interrupt is thrown), the second ends the process. Throws std::runtime_error inside a
  /// running runtime, and in the child of a fork.
  template <class Op>
  detail::op_result_t<Op> run(Op&& main) {
    return run_in(copy_context(), std::forward<Op>(main));
  }
  /// The main task starts from this context, and what it has set stays there.
  template <class Op>
  detail::op_result_t<Op> run_in(context in, Op&& main) {
    static_assert(!std::is_reference_v<detail::op_result_t<Op>>, "run: return a value or a pointer");
    check_outside("run");
    main_run waiting(*this);  // SIGINT is watched from here on
    auto h = in.run([&] { return detail::start(scheduler(), task_options(), detail::to_task(std::forward<Op>(main))); });
    waiting.wait(h, in);
    if constexpr (std::is_void_v<detail::op_result_t<Op>>) h.result();
    else return h.take();
  }

  /// Waits until no task is left, or all that are left wait for what nothing of the runtime can bring. For the end of the
  /// default runtime (eager_task.hpp). Called by a thread that is no worker.
  void run_out();
  /// Cancels what is left and waits until it has ended, naming on stderr, every ten seconds, what it waits for.
  void cancel_all();

  struct parts;  // runtime.cpp

 private:
  class JAY_API main_run {
   public:
    explicit main_run(runtime& r);
    main_run(const main_run&) = delete;
    ~main_run();
    /// Blocks until the task has ended, and leaves its context in `in`; throws keyboard_interrupt.
    void wait(task_handle<> main, const context& in);

   private:
    struct state;
    std::unique_ptr<state> state_;
  };
  template <class Op>
  friend detail::op_result_t<Op> run(Op&& main, const jay::config& c);
  void watch_until_end();
  static void check_outside(const char* what);
  std::unique_ptr<parts> parts_;
};

/// Runs a task on a runtime of its own and gives its value. asyncio.run.
///
///   int main() { return jay::run(async_main()); }
///
/// At the end, also on an error, what is left is cancelled and waited for. Throws what the task throws,
/// keyboard_interrupt after a SIGINT, std::runtime_error inside a running runtime. A SIGINT that comes when the main task
/// has ended has it say what it still waits for; the next one ends the process.
template <class Op>
detail::op_result_t<Op> run(Op&& main, const config& c) {
  runtime r(c);
  r.watch_until_end();
  return r.run(std::forward<Op>(main));
}

/// Several runs, one runtime, which starts at the first, and one context: what a main task sets, the next one sees.
/// asyncio.Runner.
class JAY_API runner {
 public:
  explicit runner(config c = {}) : config_(std::move(c)) {}

  template <class Op>
  detail::op_result_t<Op> run(Op&& main) {
    if (closed_) throw std::runtime_error("runner::run: the runner is closed");
    if (!runtime_) {
      runtime_.emplace(config_);
      context_ = copy_context();
    }
    return runtime_->run_in(context_, std::forward<Op>(main));
  }
  void close() {
    closed_ = true;
    runtime_.reset();
  }

 private:
  config config_;
  std::optional<runtime> runtime_;
  context context_;
  bool closed_ = false;
};

}  // namespace jay
