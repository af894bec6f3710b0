// SPDX-License-Identifier: MIT
// How an idle worker helps with I/O, without the scheduler knowing what I/O is: instead of sleeping on its futex, it
// waits inside the reactor. One worker at a time.
#pragma once

#include <cstddef>

#include <jay/detail/job.hpp>

namespace jay::detail {

struct poll_hook {
  virtual ~poll_hook() = default;
  /// May the calling worker wait in the reactor now? True: it calls end_poll later.
  virtual bool begin_poll() noexcept = 0;
  /// Waits for events, or for interrupt(). Gives the jobs that became ready, at most n.
  virtual std::size_t poll(job** ready, std::size_t n) noexcept = 0;
  virtual void end_poll() noexcept = 0;
  /// Makes poll() return soon; any thread, also before the poll began.
  virtual void interrupt() noexcept = 0;
};

}  // namespace jay::detail
