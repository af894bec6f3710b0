// SPDX-License-Identifier: MIT
// Says so, once, when nothing can ever run again: there is a task, no worker has work, no timer is armed, no socket or
// blocking call is under way, no signal is handled, no descriptor watched. And when nothing runs because a home_thread is not
// driven. Looks after 1, 2, 4, ... seconds, so that an idle process stays idle.
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
    const bool at_home = parts_.scheduler.quiet_but_for_homes() && nothing_under_way();
    const bool stands = at_home || still();
    if (stands && parts_.scheduler.statistics().jobs == jobs_ && !said_) report(at_home);
    jobs_ = parts_.scheduler.statistics().jobs;
    next_ = std::chrono::steady_clock::now() + (stands ? std::chrono::seconds(1) : step_);
    if (!stands || said_) step_ *= 2;
    if (said_) next_ = std::chrono::steady_clock::now() + step_;
  }

  /// At this moment. An event may have come that nobody has seen yet: look again.
  bool still() { return parts_.scheduler.quiet() && nothing_under_way(); }

 private:
  bool nothing_under_way() {
    return parts_.reactor.clock().size() == 0 && parts_.blocking.running() == 0 &&
           !file_engine_busy() && !handles_signals() && !watches_descriptors() && !parts_.reactor.resuming() &&
           !fd_slot::any_open(parts_.scheduler);
  }
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
  void report(bool at_home) {
    std::string tasks = parts_.scheduler.pending_tasks();
    if (tasks.empty()) return;  // an event loop that waits to be given something
    said_ = true;
    if (tasks.ends_with('\n')) tasks.pop_back();  // the log ends its lines itself
    log(log_level::error, "%s:\n%s",
        at_home ? "every task is blocked, or is to run on a home_thread whose thread is busy or does not drive it; unless it "
                  "calls poll() or run_forever(), this waits for ever"
                : "every task is blocked and no timer, socket or call can wake one; unless another thread sets a future, this "
                  "waits for ever",
        tasks.c_str());
  }

  runtime::parts& parts_;
  std::chrono::seconds step_{1};
  time_point next_ = std::chrono::steady_clock::now() + step_;
  std::uint64_t jobs_ = ~std::uint64_t{0};
  bool said_ = false;
};

}  // namespace jay::detail
