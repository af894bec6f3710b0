// SPDX-License-Identifier: MIT
// task<T>: a coroutine that has not started. Python's coroutine object.
//
// Lazy: creating one runs nothing. Move-only; awaited once, as an rvalue (`co_await f(x)`, `co_await std::move(t)`), or
// given to create_task, gather and the like. Its arguments are copied or referenced as the function declares them: a
// reference parameter must outlive the task. One that was awaited, or moved from, is empty, as one made without a
// coroutine: awaiting it again, or giving it to anybody, throws std::runtime_error.
#pragma once

#include <coroutine>
#include <utility>

#include <jay/detail/promise.hpp>

namespace jay {

template <class T = void>
class task;

namespace detail {

/// An exception leaves the coroutine: debug mode notes which coroutines await it. Where there is no memory for it, nothing.
JAY_API void note_thrown(promise_base& p, const std::exception_ptr& e) noexcept;

template <class T>
struct task_promise final : awaits<promise_result<T>> {
  explicit task_promise(const std::source_location& l = std::source_location::current()) noexcept
      : awaits<promise_result<T>>(l) {}

  task<T> get_return_object() noexcept;
  std::suspend_always initial_suspend() noexcept { return {}; }
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept {
    auto* o = static_cast<outcome<T>*>(this->out);
    o->set_error(std::current_exception());
    note_thrown(*this, o->error());
    if (this->kind() == continues::joins) this->template next<join>()->fail(o->error(), *this);
  }
};

/// A task that is destroyed before it was awaited: warns in debug mode, counts otherwise.
JAY_API void drop_unawaited(job* frame) noexcept;
/// How many tasks were destroyed before they were awaited.
JAY_API std::size_t unawaited_count() noexcept;

[[noreturn]] JAY_API void throw_empty_task();

/// Starts a coroutine, whose promise says who awaits it, where this worker may have to give way first. Gives what to run
/// next: the coroutine, or null if it has been queued. A strand whose awaits never suspend learns of cancels here, but not
/// before the coroutine has run: it may be the cleanup that a cancel has led to. So `due` is set for whoever awaits it, who
/// throws when it has ended, unless it has a value to give.
JAY_API job* start_in_turn(job* child, promise_base*& due) noexcept;
/// Throws cancelled_error if a cancel is still due.
JAY_API void throw_due(promise_base& strand);

template <class T>
class task_awaiter {
 public:
  using jay_awaiter = void;
  explicit task_awaiter(job* frame) noexcept : frame_(frame) {}
  task_awaiter(const task_awaiter&) = delete;

  bool await_ready() noexcept { return false; }
  template <class Promise>
  [[gnu::always_inline]] resumption await_suspend(std::coroutine_handle<Promise> h) noexcept {
    static_assert(std::is_base_of_v<promise_base, Promise>,
                  "a jay::task can be awaited only inside a coroutine of jay's; elsewhere use jay::run");
    result_promise& child = result_promise_of(frame_);
    child.continuation = continue_with(job_of(h), continues::frame);
    child.context = h.promise().context;
    child.out = &outcome_;
    if (this_worker->may_have_to_yield()) [[unlikely]] return transfer(start_in_turn(frame_, cancel_due_));
    return transfer(frame_);
  }
  T await_resume() {
    if constexpr (std::is_void_v<T>) {
      outcome_.check();
      if (cancel_due_) [[unlikely]] throw_due(*cancel_due_);
    } else {
      return outcome_.take();
    }
  }

 private:
  job* frame_;
  promise_base* cancel_due_ = nullptr;
  outcome<T> outcome_;
};

}  // namespace detail

template <class T>
class [[nodiscard("a task does nothing until it is awaited")]] task {
 public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  task() noexcept = default;  // empty
  task(task&& o) noexcept : frame_(std::exchange(o.frame_, nullptr)) {}
  task& operator=(task&& o) noexcept {
    std::swap(frame_, o.frame_);
    return *this;
  }
  ~task() {
    if (frame_) detail::drop_unawaited(frame_);
  }

  detail::task_awaiter<T> operator co_await() && {
    require();
    return detail::task_awaiter<T>(release());
  }

  void require() const {
    if (!frame_) [[unlikely]] detail::throw_empty_task();
  }
  /// For the library: who takes the frame starts it or destroys it.
  detail::job* release() noexcept { return std::exchange(frame_, nullptr); }
  bool valid() const noexcept { return frame_ != nullptr; }
  void mark_unowned() noexcept { detail::promise_of(frame_).unowned = true; }

 private:
  friend promise_type;
  explicit task(detail::job* frame) noexcept : frame_(frame) {}

  detail::job* frame_ = nullptr;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  // A condition that awaits, where the coroutine has no local variable, gets a place before the frame's first word: then
  // the promise is not where it is in every other frame, at a multiple of 16.
  if (reinterpret_cast<std::uintptr_t>(this) % 16 != 0) [[unlikely]] mislaid_frame(this->where);
#endif
  return task<T>(frame_of(*this));
}

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

}  // namespace jay

/// The one place where a coroutine's parameters are seen: those by value stand in its frame.
template <class T, class... A>
struct std::coroutine_traits<jay::task<T>, A...> {
  static_assert((jay::detail::fits_a_frame<A, JAY_FRAME_ALIGNMENT> && ...),
                "a parameter by value wants a larger alignment than the coroutine's frame has: compile this file with "
                "-DJAY_FRAME_ALIGNMENT=32 (or what alignof gives), or pass a pointer (docs/pitfalls.md, 14)");
  using promise_type = jay::detail::task_promise<T>;
};
