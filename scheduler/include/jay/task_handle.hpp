// SPDX-License-Identifier: MIT
// task_handle<T>: a shared handle of a running task. asyncio.Task.
//
// Copyable, comparable, hashable; empty by default. Any thread may use it. Awaiting it any number of times gives
// `const T&` from an lvalue and T (moved out) from an rvalue. Cancelling the awaiting task cancels this task, as in
// asyncio; jay::shield prevents that.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <jay/detail/op.hpp>
#include <jay/detail/task_state.hpp>

namespace jay {

template <class T = void>
class task_handle;
struct future_call_graph;

namespace detail {

[[noreturn]] JAY_API void throw_empty_handle();

/// Handles and futures: what is awaited is not owned.
template <class T>
inline constexpr bool is_unowned = false;
template <class T>
inline constexpr bool is_unowned<task_handle<T>> = true;

template <class T>
struct op_result<task_handle<T&>> {
  using type = T&;
};

/// Runs f(handle) when the state is done, as a job of its own.
template <class Handle, class F>
struct callback_of final : callback {
  callback_of(Handle h, F f) : callback(&invoke, &discard), function(std::move(f)), handle(std::move(h)) {}
  static void invoke(callback* c) {
    auto* self = static_cast<callback_of*>(c);
    self->function(std::as_const(self->handle));
  }
  static void discard(callback* c) { delete static_cast<callback_of*>(c); }

  F function;
  Handle handle;  // destroyed before `function`, whose destructor may signal that the result is free
};

/// co_await of a handle or a future: `Given` is const T& or T.
template <class State, class T, class Given>
class result_awaiter final : public state_awaiter {
 public:
  result_awaiter(state_ptr<State> s, wait_kind k) noexcept : state_awaiter(s.get(), k), kept_(std::move(s)) {}
  /// The handle keeps the state until the strand is suspended; from then on somebody else might give it another.
  explicit result_awaiter(State& s) noexcept : state_awaiter(&s) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    if (!kept_) kept_ = state_ptr<State>::share(&state());
    return state_awaiter::await_suspend(h);
  }
  Given await_resume() {
    if (!value_only()) [[unlikely]] {
      resumed();
      state().rethrow();
    }
    if constexpr (std::is_reference_v<T>) return static_cast<T>(*state().result.value());
    else if constexpr (std::is_reference_v<Given>) return state().result.value();
    else if constexpr (!std::is_void_v<Given>) return std::move(state().result.value());
  }

 private:
  State& state() noexcept { return static_cast<State&>(*target_); }
  state_ptr<State> kept_;
};

}  // namespace detail

/// What a task_handle<T> and the type-erased view share.
class JAY_API task_handle_base {
 public:
  /// Asks the task to stop: its current or next suspension point throws cancelled_error(message), once. False: it has
  /// ended already.
  bool cancel(std::string message = {}) { return state().cancel(message); }
  /// How many cancels were asked for, less uncancel().
  int cancelling() const { return state().cancel_requests.load(std::memory_order_relaxed); }
  int uncancel();
  bool done() const { return state().done(); }
  bool cancelled() const { return state().state.load(std::memory_order_acquire) == detail::status::cancelled; }  // [F1]
  /// Null if it returned. Throws invalid_state_error if it is not done, cancelled_error if it was cancelled.
  std::exception_ptr exception() const;
  std::string name() const { return state().get_name(); }
  void set_name(std::string n) { state().set_name(std::move(n)); }
  bool remove_done_callback(callback_id id) { return state().remove_callback(id); }
  /// Where it stands, what it waits for and who awaits it, in <jay/call_graph.hpp>. Any thread.
  future_call_graph call_graph() const;

  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  friend bool operator==(const task_handle_base& a, const task_handle_base& b) noexcept {
    return a.state_.get() == b.state_.get();
  }
  std::size_t hash() const noexcept { return std::hash<void*>()(state_.get()); }

  /// For the library.
  const detail::state_ptr<detail::task_state>& share() const noexcept { return state_; }

 protected:
  task_handle_base() noexcept = default;
  explicit task_handle_base(detail::state_ptr<detail::task_state> s) noexcept : state_(std::move(s)) {}
  detail::task_state& state() const {
    if (!state_) [[unlikely]] detail::throw_empty_handle();
    return *state_;
  }

  detail::state_ptr<detail::task_state> state_;
};

template <class T>
class task_handle : public task_handle_base {
  using block = detail::task_block<T>;

 public:
  using value_type = T;
  task_handle() noexcept = default;
  explicit task_handle(detail::state_ptr<block> s) noexcept : task_handle_base(detail::state_ptr<detail::task_state>(s.detach())) {}

  /// The result; throws what the task threw, or invalid_state_error if it is not done.
  const T& result() const {
    state().check_result("task_handle::result");
    if constexpr (std::is_reference_v<T>) return static_cast<T>(*typed().result.value());
    else return typed().result.value();
  }
  /// Moves the result out; of several handles one may do so.
  T take() {
    state().check_result("task_handle::take");
    if constexpr (std::is_reference_v<T>) return static_cast<T>(*typed().result.value());
    else return std::move(typed().result.value());
  }
  /// Calls f(const task_handle<T>&) after the task has ended, in a copy of the current context; never inline, on a worker,
  /// and after those that were added before it. What it throws is reported. Any thread.
  template <class F>
  callback_id add_done_callback(F f) {
    return state().add_callback(new detail::callback_of<task_handle, F>(*this, std::move(f)));
  }

  operator task_handle<void>() const noexcept;

  auto operator co_await() const& { return awaiter<const T&>(typed()); }
  auto operator co_await() && { return awaiter<T>(typed()); }
  /// As co_await, but a cancel of the awaiting task ends the wait only.
  auto shielded() const { return waits<const T&>(detail::wait_kind::shielded); }
  /// shielded(), for a task whose result nobody else reads: gives T, moved out.
  auto unshared() && { return waits<T>(detail::wait_kind::shielded); }
  /// For gather.
  auto gathered() const { return waits<const T&>(detail::wait_kind::gathered); }

 private:
  template <class Given>
  using awaiter = detail::result_awaiter<block, T, Given>;
  template <class Given>
  auto waits(detail::wait_kind k) const {
    return op<awaiter<Given>, detail::state_ptr<block>, detail::wait_kind>(detail::state_ptr<block>::share(&typed()), k);
  }
  block& typed() const { return static_cast<block&>(state()); }
};

/// The type-erased view, which is also the handle of a task<void>: awaiting it drops the value.
template <>
class task_handle<void> : public task_handle_base {
  using awaiter = detail::result_awaiter<detail::task_state, void, void>;
  auto waits(detail::wait_kind k) const {
    state();
    return op<awaiter, detail::state_ptr<detail::task_state>, detail::wait_kind>(state_, k);
  }

 public:
  using value_type = void;
  task_handle() noexcept = default;
  explicit task_handle(detail::state_ptr<detail::task_state> s) noexcept : task_handle_base(std::move(s)) {}

  void result() const { state().check_result("task_handle::result"); }
  void take() const { result(); }
  template <class F>
  callback_id add_done_callback(F f) {
    return state().add_callback(new detail::callback_of<task_handle, F>(*this, std::move(f)));
  }

  auto operator co_await() const { return awaiter(state()); }
  auto shielded() const { return waits(detail::wait_kind::shielded); }
  auto unshared() && { return shielded(); }
  auto gathered() const { return waits(detail::wait_kind::gathered); }
};

template <class T>
task_handle<T>::operator task_handle<void>() const noexcept {
  return task_handle<void>(state_);
}

/// The task that is running here. Throws std::runtime_error outside a task.
JAY_API task_handle<> current_task();
/// Every task of the current runtime that has not ended.
JAY_API std::vector<task_handle<>> all_tasks();
/// The running task's name.
JAY_API std::string get_name();

}  // namespace jay

template <class T>
struct std::hash<jay::task_handle<T>> {
  std::size_t operator()(const jay::task_handle<T>& h) const noexcept { return h.hash(); }
};
