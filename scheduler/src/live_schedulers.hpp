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

/// The default report: one line to stderr.
void print_report(const exception_context& context) noexcept;
/// Reports to s's handler, or, when s is gone, by default.
void report(scheduler* s, const exception_context& context) noexcept;

}  // namespace jay::detail
