// SPDX-License-Identifier: MIT
// SIGINT while a run waits, and while it ends: the first is told to who waits, the second ends the process as if nobody
// handled it. As in Python, only where SIGINT still has its default action.
#pragma once

#include <jay/detail/sync.hpp>

namespace jay::detail {

/// Futex word of all runs: moves at each SIGINT, and when a main task ends. One that lasts as long as the process, as the
/// signal handler may still be at it on another thread when a run has gone.
atomic<std::uint32_t>& run_word() noexcept;
/// Moves it and wakes all who wait.
void move_run_word() noexcept;

class interrupt_watch {
 public:
  interrupt_watch() noexcept;
  interrupt_watch(const interrupt_watch&) = delete;
  ~interrupt_watch();

  /// How many have come.
  int count() const noexcept;

 private:
  bool installed_ = false;
};

}  // namespace jay::detail
