// SPDX-License-Identifier: MIT
// What runs: the scheduler, the I/O threads, the pool for blocking calls. An event_loop owns one, and so do run and runner.
#pragma once

#include <memory>

#include <jay/config.hpp>
#include <jay/scheduler.hpp>

namespace jay {

/// Made from a configuration (the environment fills in what has its default, see config::resolved); config_error if that is
/// bad, std::system_error if the system refuses threads or descriptors.
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

  /// Waits until no task is left, or all that are left wait for what nothing of the runtime can bring. For the end of the
  /// default runtime (eager_task.hpp). Called by a thread that is no worker.
  void run_out();
  /// Cancels what is left and waits until it has ended, naming on stderr, every ten seconds, what it waits for.
  void cancel_all();
  /// SIGINT is told to the run and to the end from here on, where it still has its default action.
  void watch_until_end();

  struct parts;  // src/runtime/parts.hpp
  parts& all() noexcept { return *parts_; }

 private:
  std::unique_ptr<parts> parts_;
};

}  // namespace jay
