// SPDX-License-Identifier: MIT
// Which schedulers exist. A handle or a future may outlive the runtime it was made in; before it reports to that
// runtime, or schedules a callback there, it asks here. By its number, as another may have come to its address. Slow paths
// only.
#pragma once

#include <jay/scheduler.hpp>

namespace jay::detail {

class live_schedulers {
 public:
  static void add(scheduler* s);
  static void remove(scheduler* s) noexcept;
  /// Calls f, without a lock, while s cannot go; false: it has gone. f does not throw, and does not end s.
  template <class F>
  static bool with(scheduler_ref s, F&& f) {  // by value: what f wakes may own what says which it is
    if (!pin(s.number)) return false;
    f(*s.at);
    unpin(s.number);
    return true;
  }
  static bool has(const scheduler_ref& s) noexcept {
    return with(s, [](scheduler&) {});
  }

 private:
  static bool pin(std::uint64_t number) noexcept;  // true: remove waits until it is unpinned
  static void unpin(std::uint64_t number) noexcept;
};

/// The default report: one line to stderr. It takes no memory.
void print_report(const char* message, const char* task_name, const std::exception_ptr& e) noexcept;

}  // namespace jay::detail
