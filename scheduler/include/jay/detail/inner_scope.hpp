// SPDX-License-Identifier: MIT
// A scope inside a task, from the place where a coroutine enters it to its exit: what a timeout cancels.
//
// While it is open the coroutine's context is the inner scope, and the strand that entered it stands, for the outer
// scope, at a relaying waiter: a cancel of the outer scope is passed on to the inner one, and noted, so that the exit
// can tell it from the inner scope's own. What was passed on but not delivered by the exit goes back to the outer scope.
#pragma once

#include <jay/detail/waiter.hpp>

namespace jay::detail {

class JAY_API inner_scope {
 public:
  inner_scope(scope& outer) noexcept : inner_(*outer.task()) {}

  void open(promise_base& p) noexcept;
  /// True: a cancel of its own has come, and was not told.
  bool close(promise_base& p) noexcept;

  void cancel(const std::string& message) noexcept { inner_.cancel(message); }
  /// A cancel came from outside while it was open. Valid after close.
  bool outer_cancelled() const noexcept { return outer_cancelled_; }
  /// By the strand that runs in it: a cancel has come, and was not told yet.
  bool due() const noexcept { return inner_.word.pending(); }
  /// Takes back a cancel of its own that is due; one from outside stays.
  void take_back() noexcept;

 private:
  struct passage : relaying_waiter {
    scope* inner;
  };
  static bool pass(relaying_waiter* l, cancel_walk& w) noexcept;

  scope inner_;
  passage passage_;
  std::uintptr_t outer_context_ = 0;
  bool outer_cancelled_ = false;
};

}  // namespace jay::detail
