// SPDX-License-Identifier: MIT
// What debug mode notes on the way of every job. Where no scheduler has ever been in debug mode, that is one load.
#pragma once

#include <jay/detail/worker.hpp>

namespace jay::detail {

/// A scheduler of this process is in debug mode, or was. relaxed: it says only that something may have been noted, or is to
/// be; that has locks of its own.
extern constinit atomic<bool> debug_seen;

/// The worker is about to resume j. In debug mode it has a bit in its attention word, which an acquire of a lock finds where it
/// looks at the word anyway: so it comes to where it can be noted.
void note_step(worker& w, job* j) noexcept;
void end_step(worker& w) noexcept;

/// A step inside another (a task that starts in place): what was noted of the outer one comes back.
class step_inside {
 public:
  explicit step_inside(worker& w) noexcept;
  step_inside(const step_inside&) = delete;
  ~step_inside();

 private:
  worker& w_;
  bool noted_;
  std::int64_t step_ = 0;
  std::uint64_t task_ = 0;
  std::source_location at_;
};

}  // namespace jay::detail
