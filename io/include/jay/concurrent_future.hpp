// SPDX-License-Identifier: MIT
// run_coroutine_threadsafe: gives an op to an event loop from any thread, which may then wait for it as for a std::future.
// asyncio.run_coroutine_threadsafe and concurrent.futures.Future.
//
//   auto f = jay::run_coroutine_threadsafe(answer(), loop);   // loop runs in another thread
//   int n = f.get(2s);
#pragma once

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include <jay/detail/op.hpp>
#include <jay/event_loop.hpp>
#include <jay/task_handle.hpp>

namespace jay {

namespace detail {

/// Set once; threads may block until it is.
class JAY_API thread_event {
 public:
  void set() noexcept;
  bool is_set() const noexcept { return word_.load(std::memory_order_acquire) != 0; }  // [TE1] with set
  void wait() noexcept;
  /// False: the time has passed.
  bool wait_until(time_point deadline) noexcept;

 private:
  bool wait_at_home(time_point deadline) noexcept;
  atomic<std::uint32_t> word_{0};
};

/// Throws std::runtime_error where the loop itself would wait.
JAY_API void check_may_block(const task_state& t);

}  // namespace detail

/// The result of a task of an event loop, for threads outside. Copies stand for the same task. Any thread may use it, also
/// when the loop has been closed. Destroying it does not stop the task.
template <class T = void>
class concurrent_future {
 public:
  using value_type = T;
  concurrent_future() noexcept = default;
  /// For the library.
  explicit concurrent_future(task_handle<T> h) : task_(std::move(h)), ended_(std::make_shared<detail::thread_event>()) {
    task_.add_done_callback(tells{ended_});
  }

  /// Blocks until the task has ended, and gives its value, a copy (what cannot be copied is moved out, once), or throws what
  /// it threw; cancelled_error if it was cancelled, as when the loop is closed meanwhile. Throws std::runtime_error in a task
  /// or a call of that loop, if it has not ended: await it there, or what it was made from.
  T get() const {
    if (!done()) {
      detail::check_may_block(*task_.share());
      ended_->wait();
    }
    return value();
  }
  /// At most so long, then throws timeout_error; the task goes on.
  template <class Rep, class Period>
  T get(const std::chrono::duration<Rep, Period>& d) const {
    if (!done()) {
      detail::check_may_block(*task_.share());
      if (!ended_->wait_until(detail::deadline_after(d, std::chrono::steady_clock::now()))) throw timeout_error();
    }
    return value();
  }
  /// Asks the task to stop; false: it has ended.
  bool cancel(std::string message = {}) const { return task_handle<T>(task_).cancel(std::move(message)); }
  bool done() const {
    task_.done();  // throws if it is empty
    return ended_->is_set();
  }
  bool cancelled() const { return done() && task_.cancelled(); }

 private:
  struct tells {
    std::shared_ptr<detail::thread_event> ended;
    explicit tells(std::shared_ptr<detail::thread_event> e) noexcept : ended(std::move(e)) {}
    tells(tells&&) noexcept = default;
    /// When the callback and its handle are gone: who is told may have the last ones.
    ~tells() {
      if (ended) ended->set();
    }
    void operator()(const task_handle<T>&) const noexcept {}
  };
  T value() const {
    if constexpr (std::is_void_v<T> || std::is_copy_constructible_v<T>) return task_.result();
    else return task_handle<T>(task_).take();
  }

  task_handle<T> task_;
  std::shared_ptr<detail::thread_event> ended_;
};

/// Starts a task for the op in that loop, from any thread. If the loop stands still, the task begins in its next run. Throws
/// std::runtime_error if the loop is closed.
template <class Op>
auto run_coroutine_threadsafe(Op&& op, event_loop& loop) {
  return concurrent_future<detail::op_result_t<Op>>(loop.create_task(detail::to_task(std::forward<Op>(op))));
}

}  // namespace jay
