// SPDX-License-Identifier: MIT
// What run_in_executor calls on a thread of the pool.
#pragma once

#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include <jay/error.hpp>
#include <jay/future.hpp>

namespace jay::detail {

template <class F, class... A>
struct executor_call {
  using value = std::invoke_result_t<F, A...>;
  template <class G, class... B>
  explicit executor_call(G&& f, B&&... a) : function(std::forward<G>(f)), args(std::forward<B>(a)...) {}

  void run() noexcept {
    if (result.done()) return;  // cancelled before it began
    try {
      if constexpr (std::is_void_v<value>) {
        std::apply(std::move(function), std::move(args));
        give([&] { result.set_result(); });
      } else {
        auto&& got = std::apply(std::move(function), std::move(args));
        give([&] { result.set_result(std::forward<decltype(got)>(got)); });
      }
    } catch (...) {
      give([&] { result.set_exception(std::current_exception()); });
    }
  }
  /// Nothing where it was cancelled meanwhile.
  template <class Set>
  static void give(Set set) {
    try {
      set();
    } catch (const invalid_state_error&) {
    }
  }

  F function;
  std::tuple<A...> args;
  promise<value> result;
};

}  // namespace jay::detail
