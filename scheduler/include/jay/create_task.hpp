// SPDX-License-Identifier: MIT
// create_task: starts a task that runs beside its creator. asyncio.create_task.
//
//   auto h = jay::create_task(f, x, y);                                  // owns f and decayed copies of x, y
//   auto h = jay::create_task(f(x));                                     // any op
//   auto h = jay::create_task(jay::task_options().name("n"), f, x);
//
// The callable form is like std::thread: the callable and its arguments are moved into the task, references only through
// std::ref; so a capturing lambda is safe. The runtime keeps the task until it has ended, whatever becomes of the handle.
// Throws std::runtime_error when no runtime is running here, or when it is shutting down; std::bad_alloc with nothing
// started.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <jay/detail/op.hpp>
#include <jay/task_handle.hpp>

namespace jay {

class task_options {
 public:
  task_options& name(std::string n) {
    name_ = std::move(n);
    return *this;
  }
  /// Runs the task in place until its first suspension, instead of queueing it. Outside a task of this runtime, and where
  /// eager tasks that start eager tasks have used 256 KiB of the stack, it is queued.
  task_options& eager_start(bool e = true) {
    eager_ = e;
    return *this;
  }
  /// high: as what I/O has made ready, before what workers do of their own. low: when nothing else is to be done, and all the
  /// same within a stated time (docs/architecture.md, "Fairness"): also beside high ones that never end. For each resumption of
  /// the task; its gather's children are as the worker finds them.
  task_options& priority(jay::priority p) {
    priority_ = p;
    return *this;
  }

 private:
  friend struct detail_task_options_access;
  std::optional<std::string> name_;
  bool eager_ = false;
  jay::priority priority_ = jay::priority::normal;
};

struct detail_task_options_access {
  static void apply(const task_options& o, detail::task_state& t) {
    if (o.name_) [[unlikely]] apply_name(o, t);
  }
  [[gnu::noinline]] static void apply_name(const task_options& o, detail::task_state& t) { t.set_name(*o.name_); }
  static jay::priority priority(const task_options& o) { return o.priority_; }
  static bool eager(const task_options& o) { return o.eager_; }
};

namespace detail {

[[noreturn]] JAY_API void throw_no_scheduler(const char* what);
/// Throws std::runtime_error, naming `what`, where no runtime is running.
inline scheduler& require_scheduler(const char* what) {
  scheduler* s = current_scheduler();
  if (!s) [[unlikely]] throw_no_scheduler(what);
  return *s;
}

template <class F, class... A>
concept starts_a_task = std::invocable<std::decay_t<F>, std::decay_t<A>...> &&
                        awaitable<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>> &&
                        !awaitable<std::decay_t<F>>;

/// What create_task takes after its options: an op, or a callable and its arguments.
template <class First, class... Rest>
concept startable =
    (sizeof...(Rest) == 0 && awaitable<std::decay_t<First>>) || starts_a_task<First, Rest...>;

template <class F, class... A>
using started_t = op_result_t<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>>;

/// A plain function, or a lambda without captures, that takes its arguments by value and returns a task: the frame owns
/// them, and nothing else has to.
template <class F>
struct owns_arguments : std::false_type {};
template <class T, class... P>
struct owns_arguments<task<T> (*)(P...)> : std::bool_constant<!(std::is_reference_v<P> || ...)> {};
template <class T, class... P>
struct owns_arguments<task<T> (*)(P...) noexcept> : owns_arguments<task<T> (*)(P...)> {};
template <class F>
  requires(std::is_empty_v<F> && requires(F f) { +f; })
struct owns_arguments<F> : owns_arguments<decltype(+std::declval<F>())> {};

/// Owns the callable and its arguments while what it returned runs.
template <class F, class... A>
task<started_t<F, A...>> call_owned(F f, A... args) {
  co_return co_await std::invoke(std::move(f), std::move(args)...);
}

template <class Op>
  requires awaitable<std::decay_t<Op>>
auto coroutine_of(Op&& o) {
  return to_task(std::forward<Op>(o));
}
template <class F, class... A>
  requires starts_a_task<F, A...>
auto coroutine_of(F&& f, A&&... args) {
  if constexpr (owns_arguments<std::decay_t<F>>::value) return f(std::decay_t<A>(std::forward<A>(args))...);
  else return call_owned<std::decay_t<F>, std::decay_t<A>...>(std::forward<F>(f), std::forward<A>(args)...);
}

/// The task runs as that of the block.
template <class T>
void launch(task_block<T>& block, task<T>& t, bool eager) {
  job* frame = t.release();
  result_promise_of(frame).out = &block.result;
  launch(static_cast<task_state&>(block), frame, eager);
}

template <class T, std::same_as<task_group>... Group>
[[gnu::always_inline]] inline task_handle<T> start_as(scheduler& s, const task_options& o, task<T>& t, Group&... group) {
  t.require();
  using block_type = std::conditional_t<sizeof...(Group) == 0, task_block<T>, grouped_block<T>>;
  task_block<T>* block = new block_type(s, detail_task_options_access::priority(o), group...);
  state_ptr<task_block<T>> keep(block), runtimes(block);  // it is made with two references
  detail_task_options_access::apply(o, *block);
  launch(*block, t, detail_task_options_access::eager(o));
  runtimes.detach();
  return task_handle<T>(std::move(keep));
}

/// Out of line: options of its own have no place in the frame of start. Who made the task is noted when it may have begun
/// already; it is kept here, so what is told when it goes has it.
template <class T, std::same_as<task_group>... Group>
[[gnu::noinline]] task_handle<T> start_noticed(scheduler& s, const task_options& o, task<T> t, Group&... group) {
  task_handle<T> h = start_as(s, s.by_task_factory(o), t, group...);
  if (s.debugging()) note_origin(*h.share());
  return h;
}

template <class T, std::same_as<task_group>... Group>
task_handle<T> start(scheduler& s, const task_options& o, task<T> t, Group&... group) {
  if (s.notices_tasks()) [[unlikely]] return start_noticed(s, o, std::move(t), group...);
  return start_as(s, o, t, group...);
}

}  // namespace detail

/// A task factory (event_loop::set_task_factory): every task starts in place, as task_options::eager_start says.
/// asyncio.eager_task_factory.
inline void eager_task_factory(task_options& o) { o.eager_start(); }

template <class First, class... Rest>
  requires detail::startable<First, Rest...>
auto create_task(const task_options& options, First&& f, Rest&&... args) {
  scheduler& s = detail::require_scheduler("create_task");
  return detail::start(s, options, detail::coroutine_of(std::forward<First>(f), std::forward<Rest>(args)...));
}
template <class First, class... Rest>
  requires detail::startable<First, Rest...>
auto create_task(First&& f, Rest&&... args) {
  return create_task(task_options(), std::forward<First>(f), std::forward<Rest>(args)...);
}

}  // namespace jay
