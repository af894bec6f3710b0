// SPDX-License-Identifier: MIT
// sleep, deadlines. Durations are std::chrono, of whole numbers or double; the clock is the monotonic one, so a jump of
// the wall clock moves nothing. "No limit" is std::nullopt. No deadline is early; where thousands come due in a second they
// are served together, up to 0.4 ms late (asyncio's epoll and tokio: up to 1 ms, always).
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include <jay/detail/inner_scope.hpp>
#include <jay/detail/op.hpp>
#include <jay/detail/timers.hpp>
#include <jay/enter.hpp>
#include <jay/error.hpp>
#include <jay/gather.hpp>

namespace jay {

namespace detail {

/// A sleep until then suspends once, so that others may run.
inline constexpr time_point at_once = (time_point::min)();

class JAY_API sleep_awaiter : public suspends<sleep_awaiter>, timer {
 public:
  static constexpr auto awaits = awaited::sleep;
  explicit sleep_awaiter(time_point until) noexcept { deadline = until; }
  bool await_ready() const noexcept { return false; }
  void await_resume() {
    if (deadline != at_once) {
      if (was_cancelled) stop();
      finish();
    } else if (cancelled_since()) {
      owner->throw_cancelled();
    }
  }

 private:
  friend suspends<sleep_awaiter>;
  static void fire_sleep(timer& t, ready_list& out) noexcept;
  bool suspend();
  void stop() noexcept;
};

template <class T>
class sleep_with_result : public sleep_awaiter {
 public:
  sleep_with_result(time_point until, T v) : sleep_awaiter(until), value_(std::move(v)) {}
  T await_resume() {
    sleep_awaiter::await_resume();
    return std::move(value_);
  }

 private:
  T value_;
};

template <class Rep, class Period>
time_point wake_time(const std::chrono::duration<Rep, Period>& d) {
  time_point t = deadline_after(d);
  return d <= std::chrono::duration<Rep, Period>::zero() ? at_once : t;
}

}  // namespace detail

/// Suspends for d; zero or less: once, so that others may run. NaN: std::invalid_argument. Cancellable.
template <class Rep, class Period>
auto sleep(const std::chrono::duration<Rep, Period>& d) {
  return op<detail::sleep_awaiter, time_point>(detail::wake_time(d));
}
/// The same, then gives `result`.
template <class Rep, class Period, class T>
auto sleep(const std::chrono::duration<Rep, Period>& d, T result) {
  return op<detail::sleep_with_result<T>, time_point, T>(detail::wake_time(d), std::move(result));
}

/// An optional limit on time: a duration, nullopt, or an optional duration.
class limit {
 public:
  limit(std::nullopt_t) noexcept {}
  template <class Rep, class Period>
  limit(const std::chrono::duration<Rep, Period>& d)
      : until_(detail::deadline_after(d)), none_left_(d <= std::chrono::duration<Rep, Period>::zero()) {}
  template <class Rep, class Period>
  limit(const std::optional<std::chrono::duration<Rep, Period>>& d) {
    if (d) *this = limit(*d);
  }
  /// When it ends, counted from when the limit was made.
  std::optional<time_point> until() const noexcept { return until_; }
  /// It was zero or less when it was made.
  bool none_left() const noexcept { return none_left_; }

 private:
  std::optional<time_point> until_;
  bool none_left_ = false;
};

/// A manager: what runs inside is cancelled at the deadline, and the cancelled_error that comes out becomes
/// timeout_error. asyncio.timeout. Movable until entered; queryable afterwards.
class JAY_API timeout_scope {
 public:
  /// `partial`: gather_settled in it gives what there is when it expires, and the next suspension throws.
  explicit timeout_scope(std::optional<time_point> when, bool partial = true) noexcept;
  timeout_scope(timeout_scope&&) noexcept;
  timeout_scope& operator=(timeout_scope&&) noexcept;
  ~timeout_scope();

  std::optional<time_point> when() const noexcept { return when_; }
  /// Only while it is entered: std::runtime_error otherwise, as in Python.
  void reschedule(std::optional<time_point> when);
  bool expired() const noexcept;

  /// For enter and with.
  void bind(detail::promise_base& p);
  void unbind(detail::promise_base& p, std::exception_ptr& e);

 private:
  struct state;
  struct JAY_API let_go {
    void operator()(state* s) const noexcept;
  };
  void arm();
  std::optional<time_point> when_;
  std::unique_ptr<state, let_go> state_;
  bool partial_;
};

inline timeout_scope timeout(limit l) { return timeout_scope(l.until()); }
inline timeout_scope timeout_at(std::optional<time_point> when) { return timeout_scope(when); }

namespace detail {
/// What has been started already: a task or a future, whether it is to be cancelled or not.
template <class Op>
inline constexpr bool is_under_way = std::is_base_of_v<state_awaiter, awaiter_t<Op>>;

/// Where nothing is started. In asyncio's order, those turns that a task takes which is made and cancelled, and its callback.
class JAY_API turn_for_others : public suspends<turn_for_others> {
 public:
  static constexpr auto awaits = awaited::unknown;
  bool await_ready() const noexcept { return false; }
  void await_resume();

 private:
  friend suspends<turn_for_others>;
  bool suspend();
  wait_callback* callback_;  // if `called`
};

template <class T, class Op>
task<T> wait_for(Op o, limit l) {
  std::optional<time_point> until = l.until();
  if constexpr (is_unowned<Op>) {
    if (l.none_left() && this_worker->fifo && !o.done()) {  // asyncio's order: cancelled, and its callback waited for
      o.cancel();
      auto state = o.share();
      co_await op<callback_awaiter, shared_state*>(state.get());
      if (o.cancelled()) throw timeout_error();
    }
  }
  if constexpr (requires { o.done(); }) {
    if (o.done()) co_return co_await std::move(o);  // without the limit, which could end a turn that it waits for others
  }
  if constexpr (!is_under_way<Op>) {
    if (l.none_left()) {
      if constexpr (is_task<Op>) o.require();
      never_start(o);
      co_await op<turn_for_others>();  // a cancel of the waiting task comes first
      until = time_point();  // long over
      if constexpr (!std::is_base_of_v<gather_base, Op>) throw timeout_error();
    }
  }
  co_await enter(timeout_scope(until, false));  // a gather is told before it forks: its children go unstarted
  co_return co_await std::move(o);
}
}  // namespace detail

/// Awaits op, at most for the limit; then cancels it, waits until it has ended and throws timeout_error. A result that
/// came in time is given even if the limit passes meanwhile. With a limit of zero or less, what has not been started never
/// is; a task or a future that is done gives its result.
template <class Op>
auto wait_for(Op&& o, limit l) {
  using D = std::decay_t<Op>;
  return detail::wait_for<detail::op_result_t<D>, D>(D(std::forward<Op>(o)), l);
}

}  // namespace jay
