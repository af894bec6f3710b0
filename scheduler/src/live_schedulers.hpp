// SPDX-License-Identifier: MIT
// Which schedulers exist. A handle or a future may outlive the runtime it was made in; before it reports to that
// runtime, or schedules a callback there, it asks here. Slow paths only.
#pragma once

#include <jay/scheduler.hpp>

namespace jay::detail {

class live_schedulers {
 public:
  static void add(scheduler* s);
  static void remove(scheduler* s) noexcept;
  /// Calls f, without a lock, while s cannot go; false: it has gone. f does not throw, and does not end s.
  template <class F>
  static bool with(scheduler* s, F&& f) {
    if (!pin(s)) return false;
    f(*s);
    unpin(s);
    return true;
  }

 private:
  static bool pin(scheduler* s) noexcept;  // true: remove waits until it is unpinned
  static void unpin(scheduler* s) noexcept;
};

/// The default report: one line to stderr. It takes no memory.
void print_report(const char* message, const char* task_name, const std::exception_ptr& e) noexcept;

}  // namespace jay::detail
