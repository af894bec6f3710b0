// SPDX-License-Identifier: MIT
// A scope inside a task, from the place where a coroutine enters it to its exit: what a timeout or a cancel_scope cancels.
//
// While it is open the coroutine's context is the inner scope, and the strand that entered it stands, for the outer
// scope, at a relaying waiter: a cancel of the outer scope is passed on to the inner one, and noted, so that the exit
// can tell it from the inner scope's own. What was passed on but not delivered by the exit goes back to the outer scope.
// A shield lets no level pass (scope.hpp): that stays due outside. An edge is for the task, and passes.
#pragma once

#include <jay/detail/waiter.hpp>

namespace jay::detail {

class JAY_API inner_scope {
 public:
  inner_scope(scope& outer) noexcept : inner_(*outer.task()) {}

  enum class kind {
    plain,
    limit,    // gather_settled gives what there is when its own cancel comes
    shielded  // that, and no level comes in from outside
  };

  void open(promise_base& p, kind k = kind::plain) noexcept;
  /// True: a cancel of its own has come, and was not told. `tells`: the strand leaves with a cancelled_error, which tells of
  /// what came from outside.
  bool close(promise_base& p, bool tells = false) noexcept;

  void cancel(const std::string& message) noexcept { inner_.cancel(message); }
  /// For good: each suspension inside is told.
  void cancel_level(const std::string& message) noexcept;
  /// A cancel came from outside while it was open. Valid after close.
  bool outer_cancelled() const noexcept { return outer_cancelled_; }
  /// By the strand that runs in it: a cancel has come, and was not told yet.
  bool due() noexcept;
  /// Takes back a cancel of its own that is due; one from outside stays.
  void take_back() noexcept;

  /// Where the strand stands for the outer scope.
  struct passage : relaying_waiter {
    passage() noexcept { what = awaited::inner_scope; }
    scope* inner;
    bool shielded;
  };

 private:
  static bool pass(relaying_waiter* l, cancel_walk& w) noexcept;

  scope inner_;
  passage passage_;
  std::uintptr_t outer_context_ = 0;
  bool outer_cancelled_ = false;
};

/// co_await opened_in(s, k): the coroutine that awaits it runs in s from here on; left_by: no more. Neither suspends.
struct opened_in {
  using jay_awaiter = void;
  explicit opened_in(inner_scope& s, inner_scope::kind k = inner_scope::kind::plain) noexcept : scope(s), of(k) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    scope.open(h.promise(), of);
    return false;
  }
  void await_resume() const noexcept {}
  inner_scope& scope;
  inner_scope::kind of;
};
struct left_by {
  using jay_awaiter = void;
  explicit left_by(inner_scope& s) noexcept : scope(s) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    scope.close(h.promise());
    return false;
  }
  void await_resume() const noexcept {}
  inner_scope& scope;
};

}  // namespace jay::detail
