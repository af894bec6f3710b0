// SPDX-License-Identifier: MIT
// task_group: tasks that end together. asyncio.TaskGroup.
//
//   co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
//     tg.create_task(f, x);
//     co_await something();
//   });
//
// It waits for all its tasks. The first that fails cancels the others and the body; when all have ended, the errors,
// the body's included, come as one exception_group. Cancelling the task that waits cancels the tasks of the group.
// cancel() ends the group early: the body and what still runs are cancelled, and no error comes of it.
//
// The object form leaves the body in the surrounding function, and join() is mandatory: a group destroyed while its
// tasks run ends the process, as nothing else could keep what they refer to alive. What the body threw is given to
// join. There a failed task cancels the whole task that made the group; with_task_group cancels its body only, which
// matters in a child of a gather, where other children belong to the same task.
#pragma once

#include <exception>

#include <jay/create_task.hpp>
#include <jay/detail/inner_scope.hpp>

namespace jay {

namespace detail {
class group_scope;
class group_wait;
class group_end;
}  // namespace detail

class JAY_API task_group {
 public:
  /// The owner is the running task. Throws std::runtime_error outside a task.
  task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;
  ~task_group();

  /// As jay::create_task, in all its forms. Any task may call it. Throws std::runtime_error once the group is shutting
  /// down: a task has failed, it was cancelled, or it has ended. A task may fail at any moment, on another thread: what
  /// is thrown for that, or for a cancel, may leave the body or a task of the group, and is none of the group's errors.
  template <class First, class... Rest>
    requires detail::startable<First, Rest...>
  auto create_task(const task_options& options, First&& f, Rest&&... args) {
    scheduler& s = detail::require_scheduler("task_group::create_task");
    return detail::start(s, options, detail::coroutine_of(std::forward<First>(f), std::forward<Rest>(args)...), *this);
  }
  template <class First, class... Rest>
    requires detail::startable<First, Rest...>
  auto create_task(First&& f, Rest&&... args) {
    return create_task(task_options(), std::forward<First>(f), std::forward<Rest>(args)...);
  }

  /// Ends the group early: cancels its tasks and the body; join then returns as if all had ended by themselves. Any
  /// thread, while the group exists.
  void cancel() noexcept { abort(); }

  /// For the library: a task that is about to start joins the group, unless it takes no more; then refuse() throws.
  bool adopt(detail::group_member& m) noexcept;
  [[noreturn]] void refuse();
  detail::task_state* owner() const noexcept { return owner_; }
  /// One that it has adopted has its result.
  void ended(detail::group_member& m) noexcept;

  /// Waits for all tasks. `body_error`: what the body has thrown; it cancels the tasks, and is part of the errors.
  /// Throws exception_group, or cancelled_error if the owner was cancelled and nothing failed. Only the owner calls it,
  /// once.
  task<> join(std::exception_ptr body_error = nullptr);

 private:
  friend class detail::group_scope;
  friend class detail::group_wait;
  friend class detail::group_end;

  explicit task_group(detail::inner_scope& body);

  void abort() noexcept;
  void begin_join(std::exception_ptr body_error);
  bool in_use() noexcept;  // by a canceller of the body
  void settle(detail::promise_base& p);

  detail::spin_mutex mutex_;  // guards what follows, up to joiner_
  std::size_t running_ = 0;   // tasks that have not been seen to end
  detail::group_member* untold_ = nullptr;  // of these, those that the group has not cancelled
  detail::group_member* failed_ = nullptr;  // ended with an error, in that order; one reference each
  detail::group_member** last_failed_ = &failed_;
  bool aborting_ = false;
  bool joining_ = false;
  bool ended_ = false;
  detail::atomic<std::uint64_t> refusals_{0};  // relaxed: the number that its refusals carry; 0: there was none
  bool body_cancelled_ = false;  // by the group
  bool cancelling_body_ = false;  // a canceller is using scope_
  detail::waiter* joiner_ = nullptr;

  detail::scope* scope_;  // what a cancel of the body is aimed at
  detail::inner_scope* inner_ = nullptr;  // of with_task_group
  detail::task_state* owner_;
  std::exception_ptr body_error_;
  std::exception_ptr cancelled_;  // a cancelled_error that the body or the join has received
};

namespace detail {

/// The group of with_task_group, and the scope of its body.
class JAY_API group_scope {
 public:
  group_scope();
  opened_in open() noexcept { return opened_in(inner_); }
  void begin_join(std::exception_ptr e) { group.begin_join(std::move(e)); }

 private:
  inner_scope inner_;

 public:
  task_group group;
};

/// Waits until no task of the group runs. Gives what a cancel that came before would have thrown.
class JAY_API group_wait : public suspends<group_wait> {
 public:
  static constexpr auto awaits = awaited::group;
  explicit group_wait(task_group* g) noexcept : group_(*g) {}
  bool await_ready() const noexcept { return false; }
  /// True: all have ended.
  bool await_resume() noexcept;
  const task_group* awaited_group() const noexcept { return &group_; }

 private:
  friend suspends<group_wait>;
  bool suspend() noexcept;
  task_group& group_;
};

/// The last step of a join, in the coroutine that owns the group: throws what is to be thrown.
class JAY_API group_end {
 public:
  using jay_awaiter = void;
  explicit group_end(task_group& g) noexcept : group_(g) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    promise_ = &h.promise();
    return false;
  }
  void await_resume() { group_.settle(*promise_); }

 private:
  task_group& group_;
  promise_base* promise_ = nullptr;
};

template <class Body>
task<> run_group(Body body) {
  group_scope g;
  std::exception_ptr error;
  co_await g.open();
  try {
    auto running = body(g.group);
    co_await std::move(running);
  } catch (...) {
    error = std::current_exception();
  }
  g.begin_join(std::move(error));
  for (;;) {
    bool done = co_await op<group_wait, task_group*>(&g.group);
    if (done) break;
  }
  co_await group_end(g.group);
}

}  // namespace detail

/// Runs body(group), then waits for the tasks it has created. The body is a coroutine function, copied or moved into
/// the operation.
template <class Body>
  requires std::invocable<std::decay_t<Body>&, task_group&>
auto with_task_group(Body&& body) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  static_assert(std::is_lvalue_reference_v<Body> || std::is_trivially_destructible_v<std::decay_t<Body>>,
                "g++ 12 destroys a capturing lambda inside a co_await expression twice: capture by reference ([&]), or "
                "give the lambda a name first (docs/pitfalls-gcc12.md)");
#endif
  static_assert(detail::awaitable<std::invoke_result_t<std::decay_t<Body>&, task_group&>>,
                "with_task_group: the body is a coroutine: [&](jay::task_group& tg) -> jay::task<> { ... }");
  return detail::run_group<std::decay_t<Body>>(std::forward<Body>(body));
}

}  // namespace jay
