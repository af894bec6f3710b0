// SPDX-License-Identifier: MIT
// How an idle worker helps with I/O, without the scheduler knowing what I/O is. One worker at a time, instead of sleeping
// on its futex, waits inside the reactor; or, while I/O threads are at it anyway, sleeps lightly and looks now and then
// whether one of them is stuck.
#pragma once

#include <chrono>
#include <cstddef>

#include <jay/detail/job.hpp>

namespace jay::detail {

struct driver {
  virtual ~driver() = default;
  enum class part { none, watch, poll };
  /// What the calling worker does instead of sleeping. none: it sleeps. poll: it calls poll(), then end_poll(). watch: it
  /// sleeps until `until` at most, calls end_watch(), and asks again.
  virtual part begin_poll(std::chrono::steady_clock::time_point& until) noexcept = 0;
  virtual void end_watch() noexcept = 0;
  /// Waits for events, or for interrupt(), or for so many ms (-1: for ever). Gives the jobs that became ready, at most n.
  virtual std::size_t poll(job** ready, std::size_t n, int limit) noexcept = 0;
  virtual void end_poll() noexcept = 0;
  /// A worker that is busy looks without waiting, in its turn; it does nothing where an I/O thread waits. What has become
  /// ready is scheduled.
  virtual void look() noexcept = 0;
  /// order = "asyncio": its worker fires the timers that are due.
  virtual void fire_due() noexcept = 0;
  /// An I/O thread has kept a job (kept_jobs.hpp): a worker that waits in poll() is to look soon.
  virtual void kept() noexcept = 0;
  /// Makes poll() return soon; any thread, also before the poll began.
  virtual void interrupt() noexcept = 0;
};

}  // namespace jay::detail
