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
  /// Calls f while s cannot go; false: it has gone.
  template <class F>
  static bool with(scheduler* s, F&& f) {
    if (!pin(s)) return false;
    f(*s);
    unpin();
    return true;
  }

 private:
  static bool pin(scheduler* s) noexcept;  // holds a shared lock if true
  static void unpin() noexcept;
};

/// The default report: one line to stderr. It takes no memory.
void print_report(const char* message, const char* task_name, const std::exception_ptr& e) noexcept;

}  // namespace jay::detail
