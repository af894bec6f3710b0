// SPDX-License-Identifier: MIT
// Says so, once, when nothing can ever run again: there is a task, no worker has work, no timer is armed, no socket or
// blocking call is under way, no signal is handled, no descriptor watched. Looks after 1, 2, 4, ... seconds, so that an idle process stays idle.
#pragma once

#include <chrono>
#include <string>

#include <jay/detail/fd_slot.hpp>
#include <jay/detail/log.hpp>

#include "descriptors.hpp"
#include "file/file_engine.hpp"
#include "parts.hpp"
#include "signals.hpp"

namespace jay::detail {

class blocked_watch {
 public:
  explicit blocked_watch(runtime::parts& p) : parts_(p) {}
  time_point next_look() const { return next_; }
  void look() {
    bool stuck = still() && parts_.scheduler.statistics().jobs == jobs_;
    if (stuck && !said_) report();
    jobs_ = parts_.scheduler.statistics().jobs;
    next_ = std::chrono::steady_clock::now() + (still() ? std::chrono::seconds(1) : step_);
    if (!still() || said_) step_ *= 2;
    if (said_) next_ = std::chrono::steady_clock::now() + step_;
  }

  /// At this moment. An event may have come that nobody has seen yet: look again.
  bool still() {
    return parts_.scheduler.quiet() && parts_.reactor.clock().size() == 0 && parts_.blocking.running() == 0 &&
           !file_engine_busy() && !handles_signals() && !watches_descriptors() && !parts_.reactor.resuming() && !fd_slot::any_open(parts_.scheduler);
  }

 private:
  bool file_engine_busy() {
    auto* files = static_cast<file_engine*>(parts_.scheduler.services().find(file_engine::key));
    return files && files->busy();  // else no file was used
  }
  bool handles_signals() {
    auto* there = static_cast<loop_signals*>(parts_.scheduler.services().find(loop_signals::key));
    return there && there->any();
  }
  bool watches_descriptors() {
    auto* there = static_cast<loop_descriptors*>(parts_.scheduler.services().find(loop_descriptors::key));
    return there && there->any();
  }
  void report() {
    std::string tasks = parts_.scheduler.pending_tasks();
    if (tasks.empty()) return;  // an event loop that waits to be given something
    said_ = true;
    if (tasks.ends_with('\n')) tasks.pop_back();  // the log ends its lines itself
    log(log_level::error,
        "every task is blocked and no timer, socket or call can wake one; unless another thread sets a future, "
        "this waits for ever:\n%s",
        tasks.c_str());
  }

  runtime::parts& parts_;
  std::chrono::seconds step_{1};
  time_point next_ = std::chrono::steady_clock::now() + step_;
  std::uint64_t jobs_ = ~std::uint64_t{0};
  bool said_ = false;
};

}  // namespace jay::detail
