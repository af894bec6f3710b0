// SPDX-License-Identifier: MIT
// What may stand after co_await in a coroutine of jay's.
#pragma once

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace jay::detail {

template <class T>
concept member_co_await = requires(T&& t) { std::forward<T>(t).operator co_await(); };
template <class T>
concept free_co_await = requires(T&& t) { operator co_await(std::forward<T>(t)); };
template <class T>
concept awaiter_like = requires(T& t, std::coroutine_handle<> h) {
  { t.await_ready() };
  t.await_resume();
};
template <class T>
concept awaitable = member_co_await<T> || free_co_await<T> || awaiter_like<T>;

template <awaitable T>
decltype(auto) awaiter_of(T&& t) {
  if constexpr (member_co_await<T>) return std::forward<T>(t).operator co_await();
  else if constexpr (free_co_await<T>) return operator co_await(std::forward<T>(t));
  else return std::forward<T>(t);
}

template <awaitable T>
using awaiter_t = std::remove_reference_t<decltype(awaiter_of(std::declval<T>()))>;
/// What `co_await t` gives.
template <awaitable T>
using await_result_t = decltype(std::declval<awaiter_t<T>&>().await_resume());

/// Awaiters of jay's say so; others are given a handle that schedules the coroutine instead of running it in place.
template <class A>
concept own_awaiter = requires { typename A::jay_awaiter; };

}  // namespace jay::detail
