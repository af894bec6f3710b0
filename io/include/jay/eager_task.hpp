// SPDX-License-Identifier: MIT
// eager_task<T>: a coroutine that begins at the call. JavaScript's async function.
//
//   jay::eager_task<int> answer() { co_await jay::sleep(1s); co_return 42; }
//   auto a = answer();          // runs up to the sleep at once, on this thread; then goes on as a task
//   int v = co_await a;
//
// It is a task_handle<T> of the task that the call has started, with all that such a handle has, and then, catch_error and
// finally beside it. So it may be copied, awaited many times and dropped: dropping it never stops the task. An error,
// also one of the part that runs in the call, is thrown where it is awaited; if nobody asks for it, it is reported as
// "never retrieved" (JavaScript's unhandled rejection: jay::set_exception_handler). The arguments are those of the
// coroutine: it takes copies of what is declared by value; a lambda that captures has to outlive its task.
//
// Called where no runtime is running, it starts the default runtime. There is one for the process, with the default
// configuration and what the environment says (JAY_SCHEDULER_WORKERS). It ends with the process: after main has returned, or
// in exit(), it runs until no task is left, as node does. If all that are left wait for what nothing in the process can
// bring (half a second is needed to be sure), they are cancelled. Objects with static storage that its tasks use have to be
// made before the first call. Its event loop (get_event_loop) runs from the beginning to the end: stop() does nothing there, a
// run or close() throws. A SIGINT ends the process. exit() called by a task waits for nobody; nor does the child of a
// fork wait for its parent's. No thread is started before the first such call, which throws config_error and
// std::system_error.
//
// It begins on a worker instead where the default runtime has asyncio's order, which one thread keeps, and where eager tasks
// that call eager tasks have used 256 KiB of the stack. Where the runtime is shutting down, and no task is calling, the
// task has failed with std::runtime_error. std::bad_alloc is thrown by the call. Any thread.
// Source: ECMAScript 27.7 (async functions), node's event loop.
#pragma once

#include <optional>

#include <jay/create_task.hpp>
#include <jay/detail/exit_stack.hpp>
#include <jay/settled.hpp>
#include <jay/then.hpp>

namespace jay {

template <class T = void>
class eager_task;

namespace detail {

/// That of the running task; outside a runtime that of the default runtime, which is started if it is not there.
JAY_API scheduler& scheduler_or_default();

/// The calling thread, which works for no scheduler, runs tasks of s meanwhile, as an I/O thread does.
class JAY_API guest_worker {
 public:
  explicit guest_worker(scheduler& s);
  guest_worker(const guest_worker&) = delete;
  ~guest_worker();

 private:
  std::optional<worker> self_;
};

template <class T>
struct eager_promise final : awaits<promise_result<T>> {
  explicit eager_promise(const std::source_location& l = std::source_location::current()) noexcept
      : awaits<promise_result<T>>(l) {}

  struct begins {
    bool await_ready() noexcept { return false; }
    // The frame may have gone when launch returns or throws; the block has a reference of the runtime's.
    void await_suspend(std::coroutine_handle<eager_promise> h) noexcept {
      task_block<T>* block = h.promise().block;
      try {
        guest_worker here(*block->home);
        launch(*block, job_of(h), true);
        return;
      } catch (...) {
        block->result.set_error(std::current_exception());
      }
      block->complete(status::error);
      block->release();
    }
    void await_resume() noexcept {}
  };

  eager_task<T> get_return_object();
  begins initial_suspend() noexcept { return {}; }
  final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept {
    block->result.set_error(std::current_exception());
    note_thrown(*this, block->result.error());
  }

  task_block<T>* block = nullptr;
};

}  // namespace detail

template <class T>
class eager_task : public task_handle<T> {
 public:
  using promise_type = detail::eager_promise<T>;
  using value_type = T;
  eager_task() noexcept = default;
  explicit eager_task(task_handle<T> h) noexcept : task_handle<T>(std::move(h)) {}

  /// As future<T>::then, and so on: <jay/then.hpp>.
  template <class F>
  auto then(F f) const {
    return detail::then_on(handle(), std::move(f));
  }
  template <class F, class OnError>
  auto then(F f, OnError on_error) const {
    return detail::then_on(handle(), std::move(f), std::move(on_error));
  }
  template <class OnError>
  auto catch_error(OnError on_error) const {
    return detail::catch_on(handle(), std::move(on_error));
  }
  template <class F>
  auto finally(F f) const {
    return detail::finally_on(handle(), std::move(f));
  }

 private:
  const task_handle<T>& handle() const noexcept { return *this; }
};

template <class T>
eager_task<T> detail::eager_promise<T>::get_return_object() {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  if (reinterpret_cast<std::uintptr_t>(this) % 16 != 0) [[unlikely]] mislaid_frame(this->where);  // as task's
#endif
  block = new task_block<T>(scheduler_or_default(), priority::normal);  // with two references: the runtime's and ours
  this->out = &block->result;
  return eager_task<T>(task_handle<T>(state_ptr<task_block<T>>(block)));
}

template <class T>
inline constexpr bool detail::is_unowned<eager_task<T>> = true;
template <class T>
struct detail::op_result<eager_task<T&>> {
  using type = T&;
};
template <class T>
struct detail::block_of<eager_task<T>> : block_of<task_handle<T>> {};
template <class T>
struct detail::flattened<eager_task<T>> : flattened<task<T>> {};
template <class T>
struct detail::exits_access<detail::eager_promise<T>> : exits_access<task_promise<T>> {};

}  // namespace jay

template <class T>
struct std::hash<jay::eager_task<T>> : std::hash<jay::task_handle<T>> {};

template <class T, class... A>
struct std::coroutine_traits<jay::eager_task<T>, A...> {
  static_assert((jay::detail::fits_a_frame<A, JAY_FRAME_ALIGNMENT> && ...),
                "a parameter by value wants a larger alignment than the coroutine's frame has: compile this file with "
                "-DJAY_FRAME_ALIGNMENT=32 (or what alignof gives), or pass a pointer (docs/pitfalls-gcc12.md, 6)");
  using promise_type = jay::detail::eager_promise<T>;
};
