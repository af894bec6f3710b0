// SPDX-License-Identifier: MIT
// An awaitable that is not jay's, awaited in a coroutine of jay's. It is given the handle of a job whose resume()
// schedules the coroutine on its runtime: so it may call resume() on any thread, and never runs user code there.
// It cannot be cancelled: a cancel waits for the next suspension point.
#pragma once

#include <jay/detail/awaitable.hpp>
#include <jay/detail/waiter.hpp>

namespace jay::detail {

JAY_API void schedule(scheduler& s, job* frame) noexcept;

template <class Awaitable>
class foreign_awaiter : job {
 public:
  using jay_awaiter = void;
  explicit foreign_awaiter(Awaitable&& a) : job{&run, &drop, 0}, awaiter_(awaiter_of(std::forward<Awaitable>(a))) {}
  foreign_awaiter(const foreign_awaiter&) = delete;

  bool await_ready() { return static_cast<bool>(awaiter_.await_ready()); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    suspended_.prepare(h);
    std::coroutine_handle<> proxy = handle_of(this);
    using result = decltype(awaiter_.await_suspend(proxy));
    if constexpr (std::is_void_v<result>) {
      awaiter_.await_suspend(proxy);
      return true;
    } else if constexpr (std::is_same_v<result, bool>) {
      return awaiter_.await_suspend(proxy);
    } else {
      awaiter_.await_suspend(proxy).resume();
      return true;
    }
  }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  static void run(job* j) {
    auto* self = static_cast<foreign_awaiter*>(j);
    schedule(self->suspended_.owner->sched(), self->suspended_.frame);
  }
  static void drop(job*) {}

  decltype(awaiter_of(std::declval<Awaitable>())) awaiter_;
  waiter suspended_;
};

}  // namespace jay::detail
