// SPDX-License-Identifier: MIT
// aclosing(g): a manager that awaits g.aclose() at its exit. contextlib.aclosing.
//
//   auto& rows = co_await jay::enter(jay::aclosing(select(db)));   // also where the loop is left by break, return or throw
//   while (auto row = co_await rows.next()) ...
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include <jay/task.hpp>

namespace jay {

namespace detail {

template <class G>
class closing_manager {
 public:
  explicit closing_manager(G&& g) : closed_(std::forward<G>(g)) {}
  task<std::remove_reference_t<G>&> aenter() { co_return closed_; }
  task<bool> aexit(std::exception_ptr) {
    co_await closed_.aclose();
    co_return false;
  }

 private:
  G closed_;  // a reference if G is one
};

}  // namespace detail

/// For enter, with and async_exit_stack, which give G&. Owns an rvalue, refers to an lvalue. What aclose() throws replaces
/// what was under way.
template <class G>
auto aclosing(G&& g) {
  return detail::closing_manager<G>(std::forward<G>(g));
}

}  // namespace jay
