// SPDX-License-Identifier: MIT
// What run_in_executor calls on a thread of the pool.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <jay/future.hpp>
#include <jay/then.hpp>

namespace jay::detail {

template <class F, class... A>
struct executor_call {
  using value = std::invoke_result_t<F, A...>;
  template <class G, class... B>
  explicit executor_call(G&& f, B&&... a) : function(std::forward<G>(f)), args(std::forward<B>(a)...) {}

  void run() noexcept {
    if (result.done()) return;  // cancelled before it began
    settle(result, [&] {
      if constexpr (std::is_void_v<value>) {
        std::apply(std::move(function), std::move(args));
        result.set_result();
      } else {
        result.set_result(std::apply(std::move(function), std::move(args)));
      }
    });
  }

  F function;
  std::tuple<A...> args;
  promise<value> result;
};

}  // namespace jay::detail
