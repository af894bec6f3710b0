// SPDX-License-Identifier: MIT
// cancel_scope: a part of a coroutine that can be cancelled for good. trio.CancelScope (anyio's is the same).
//
//   co_await jay::with(jay::move_on_after(1s), [&](jay::cancel_scope& s) -> jay::task<> { ... });
//   auto& s = co_await jay::enter(jay::cancel_scope());      // until the end of this coroutine, a task<void>
//
// From cancel() on, or from the deadline on, every suspension inside throws cancelled_error, until the scope is left: it
// is level-triggered, where the cancel of a task is told once. The cancelled_error that comes out at the end is taken there,
// and the program goes on behind the scope. An operation that need not wait is no suspension: loops use checkpoint().
//
// Inside are: what the coroutine awaits, the children of a gather that were given by value, timeouts and scopes in it. Of
// scopes inside each other the outermost that was cancelled takes the error. A task that is awaited, or that a task_group
// made inside has started, is cancelled once, as asyncio cancels a task: it is no part of the coroutine.
//
// A shielded scope is not touched by the scopes around it: for the cleanup that has to wait for something. A cancel of the
// task itself (task_handle::cancel, the end of run) goes through all scopes, shielded or not, and is told once. Such a
// cancel must not get lost, and whoever asks for it knows nothing of the scopes inside; jay::shield(op) keeps it away.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <jay/time.hpp>

namespace jay {

/// A manager, for with and enter. Movable until it is entered, which happens once; afterwards it can be asked what came of it.
///
/// In a coroutine or body that gives a value there is nothing to go on with in its place: there the cancelled_error goes
/// on to whoever awaits it. Use a void body, or fail_after.
class JAY_API cancel_scope {
 public:
  /// nullopt: without a deadline. The clock is the monotonic one.
  explicit cancel_scope(std::optional<time_point> deadline = std::nullopt);
  cancel_scope(cancel_scope&&) noexcept;
  cancel_scope& operator=(cancel_scope&&) noexcept;
  ~cancel_scope();

  /// What scopes around it do ends at this one. Before it is entered; std::runtime_error afterwards.
  cancel_scope& shield(bool on = true) &;
  cancel_scope&& shield(bool on = true) && { return std::move(shield(on)); }
  bool shielded() const noexcept;

  /// Cancels what runs inside, for good; the reason is the message of what is thrown. Any thread, while the object is there.
  /// Before the scope is entered: its first suspension throws. After it was left, or a second time: nothing.
  void cancel(std::string reason = {}) noexcept;
  /// cancel() was called, or the deadline has come while it was entered. Any thread.
  bool cancel_called() const noexcept;
  /// It has been left by a cancelled_error of its own. After the exit.
  bool cancelled_caught() const noexcept;

  /// Only by what runs inside, or before it is entered. One in the past cancels at once; none can undo a cancel. That of
  /// move_on_after and fail_after is there once the scope has been entered.
  std::optional<time_point> deadline() const noexcept;
  void set_deadline(std::optional<time_point> when);

  /// For enter and with.
  void bind(detail::promise_base& p);
  void unbind(detail::promise_base& p, std::exception_ptr& e);
  bool swallows() const noexcept;

  /// For the library: what becomes of a cancelled_error of its own.
  enum class ends { move_on, timeout_error, as_it_is };
  cancel_scope(std::optional<time_point> deadline, std::stop_token stop, ends how);
  /// With a deadline that counts from the entry.
  cancel_scope(limit l, ends how);

 private:
  struct state;
  struct JAY_API let_go {
    void operator()(state* s) const noexcept;
  };
  std::unique_ptr<state, let_go> state_;
};

/// Gives up on what runs inside when the limit has passed, and goes on behind it. It counts from the entry, as trio's.
inline cancel_scope move_on_after(limit l) { return cancel_scope(l, cancel_scope::ends::move_on); }
inline cancel_scope move_on_at(std::optional<time_point> when) { return cancel_scope(when); }

/// The same, but throws timeout_error there: a jay::timeout that is level-triggered.
inline cancel_scope fail_after(limit l) { return cancel_scope(l, cancel_scope::ends::timeout_error); }
inline cancel_scope fail_at(std::optional<time_point> when) {
  return cancel_scope(when, std::stop_token(), cancel_scope::ends::timeout_error);
}

/// A cancel_scope that is cancelled when somebody requests a stop, on whatever thread. Leaving it waits while that thread is
/// inside the cancel. The other way round: get_stop_token().
inline cancel_scope stop_scope(std::stop_token stop) {
  return cancel_scope(std::nullopt, std::move(stop), cancel_scope::ends::move_on);
}

namespace detail {
template <class T, class Op>
task<T> cancel_on(std::stop_token stop, Op o) {
  cancel_scope s(std::nullopt, std::move(stop), cancel_scope::ends::as_it_is);
  co_await enter(std::move(s));
  co_return co_await std::move(o);
}
}  // namespace detail

/// Awaits op; a stop that is requested meanwhile, or before, cancels it: cancelled_error. A result that came first is given.
template <class Op>
auto cancel_on(std::stop_token stop, Op&& o) {
  using D = std::decay_t<Op>;
  return detail::cancel_on<detail::op_result_t<D>, D>(std::move(stop), D(std::forward<Op>(o)));
}

}  // namespace jay
