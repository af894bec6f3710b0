// SPDX-License-Identifier: MIT
// Runs a task on a scheduler without the io library, from a thread that is no worker.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <utility>

#include <jay/create_task.hpp>
#include <jay/scheduler.hpp>

namespace jay::testing {

/// Waits for the task, then cancels and awaits what it has left running; gives its result or throws what it threw.
template <class T>
T run_on(jay::scheduler& s, jay::task<T> t) {
  struct tell {
    void operator()(std::binary_semaphore* ended) const noexcept { ended->release(); }
  };
  std::binary_semaphore ended(0);
  auto h = jay::detail::start(s, jay::task_options().name("main"), std::move(t));
  // Told when the callback and its handle are gone: then this thread alone has the result.
  h.add_done_callback([end = std::unique_ptr<std::binary_semaphore, tell>(&ended)](const auto&) {});
  ended.acquire();
  // How fast they end is the machine's affair; that some have ended in ten seconds is ours.
  for (std::string before, stuck; !s.drain(std::chrono::seconds(10), &stuck); before = std::exchange(stuck, {})) {
    if (stuck != before) continue;
    ADD_FAILURE() << "none has ended for ten seconds: " << stuck;
    break;
  }
  return h.take();
}

/// How much a steal takes is drawn (drawn.cpp).
inline jay::scheduler_config workers(std::uint32_t n) {
  jay::scheduler_config c;
  c.workers = n;
  const char* steal = std::getenv("JAY_SCHEDULER_STEAL");
  if (steal && std::string_view(steal) == "half") c.steal = jay::steal_policy::half;
  return c;
}
/// One worker, first in first out: what runs when is known.
inline jay::scheduler_config in_asyncio_order() {
  jay::scheduler_config c;
  c.workers = 1;
  c.order = jay::order::asyncio;
  return c;
}

class yield_awaiter {
 public:
  using jay_awaiter = void;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    waiter_.prepare(h);
    jay::detail::schedule_last(waiter_.owner->sched(), waiter_.frame);
    return true;
  }
  void await_resume() noexcept {}

 private:
  jay::detail::waiter waiter_;
};
/// co_await yield(): everything else that is runnable runs first. No cancel is taken there.
inline auto yield() { return jay::op<yield_awaiter>(); }

/// run_on with a scheduler of its own.
template <class T>
T run(const jay::scheduler_config& c, jay::task<T> t) {
  jay::scheduler s(c);
  return run_on(s, std::move(t));
}

}  // namespace jay::testing
