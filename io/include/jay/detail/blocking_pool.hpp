// SPDX-License-Identifier: MIT
// Threads for calls that block: getaddrinfo, files where io_uring is not to be had, to_thread. They start when needed, up
// to a limit, and end with the runtime.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <jay/detail/export.hpp>
#include <jay/detail/services.hpp>
#include <jay/io_config.hpp>

namespace jay::detail {

/// The number of the scheduler that stands still until the call has ended that this thread makes, in a run with a seed; else 0.
std::uint64_t run_that_waits() noexcept;

class JAY_API blocking_pool final : public service {
 public:
  /// Has at most so many threads; 0: as many as Python's, which is found out (it reads files) at the first call.
  explicit blocking_pool(std::size_t most);
  blocking_pool(scheduler& s, const io_config& c);
  /// Waits for no call: see finish.
  ~blocking_pool() override;
  static service_key key;

  /// Runs f on a thread of the pool; in a run with a seed, at a moment that is drawn, and all else waits for it. `what` names
  /// the call for reports. Throws std::system_error if no thread at all can be started, std::runtime_error once finish has begun.
  void submit(std::string what, std::function<void()> f);

  /// Drops what has not begun and waits for what has, at most so long; gives the names of the calls that still run, and
  /// leaves them to themselves.
  std::string finish(std::chrono::duration<double> limit);

  /// Finishes; what still runs at the deadline is named in the log and left behind.
  void stop(ending& e) noexcept override;

  std::size_t threads() const;
  /// Calls that were given and have not ended.
  std::size_t running() const;

 private:
  class step;
  struct shared;
  void give(std::string what, std::function<void()> f);
  scheduler* seeded_ = nullptr;     // null: there is no seed
  std::shared_ptr<shared> shared_;  // of the threads too: a call that never returns outlives the pool
};

}  // namespace jay::detail
