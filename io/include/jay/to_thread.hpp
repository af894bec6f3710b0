// SPDX-License-Identifier: MIT
// to_thread: runs a call that blocks on a thread of its own kind, so that no worker waits. asyncio.to_thread.
//
//   std::string s = co_await jay::to_thread(read_slowly, path);
//
// The callable and its decayed arguments are moved there; it runs in a copy of the caller's context. A cancel ends the wait at once; the call itself goes on, and
// what it gives is dropped. Throws what the call throws.
#pragma once

#include <functional>
#include <tuple>

#include <jay/context_var.hpp>
#include <jay/create_task.hpp>
#include <jay/detail/blocking_pool.hpp>
#include <jay/future.hpp>

namespace jay {

namespace detail {

template <class F, class... A>
struct blocking_call {
  using value = std::invoke_result_t<F, A...>;
  blocking_call(F f, A... a) : function(std::move(f)), args(std::move(a)...) {}
  F function;
  std::tuple<A...> args;
  outcome<value> result;
  promise<void> done;
  context callers = copy_context();

  void run() noexcept {
    try {
      callers.run([this] {
        if constexpr (std::is_void_v<value>) {
          std::apply(std::move(function), std::move(args));
          result.set_value(unit());
        } else {
          result.set_value(std::apply(std::move(function), std::move(args)));
        }
      });
    } catch (...) {
      result.set_error(std::current_exception());
    }
    // This thread is done with the exception before the task takes it.
    if (!done.done()) done.set_result();
  }
};

template <class F, class... A>
task<std::invoke_result_t<F, A...>> to_thread(F f, A... args) {
  scheduler& s = require_scheduler("to_thread");
  auto call = std::make_shared<blocking_call<F, A...>>(std::move(f), std::move(args)...);
  service_of<blocking_pool>(s).submit("to_thread called in " + current_task().name(), [call] { call->run(); });
  auto wait = call->done.get_future().unshared();
  co_await std::move(wait);
  call->result.check();
  if constexpr (!std::is_void_v<std::invoke_result_t<F, A...>>) co_return call->result.take();
}

}  // namespace detail

template <class F, class... A>
auto to_thread(F&& f, A&&... args) {
  static_assert(std::invocable<std::decay_t<F>, std::decay_t<A>...>,
                "to_thread(f, args...): f is called with its decayed arguments; pass references by std::ref");
  return detail::to_thread<std::decay_t<F>, std::decay_t<A>...>(std::forward<F>(f), std::forward<A>(args)...);
}

}  // namespace jay
