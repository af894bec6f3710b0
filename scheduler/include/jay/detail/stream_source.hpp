// SPDX-License-Identifier: MIT
// What the stream operators stand on: anything whose next() is awaited, and gives something that says whether there is a
// value and, dereferenced, is it. An async_generator, as_completed, a stream_reader (lines), a broadcast_receiver.
#pragma once

#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <jay/detail/op.hpp>
#include <jay/settled.hpp>
#include <jay/task_handle.hpp>

namespace jay::detail {

/// What next() gives.
template <class S>
using next_of = std::remove_cvref_t<await_result_t<decltype(std::declval<std::remove_reference_t<S>&>().next())>>;

template <class S>
concept stream = requires(std::remove_reference_t<S>& s) { s.next(); } && requires(next_of<S>& v) {
  static_cast<bool>(v);
  *v;
};

/// What its values are given on as.
template <class S>
using given_of = decltype(*std::declval<next_of<S>&&>());
template <class S>
using element_of = std::remove_cvref_t<given_of<S>>;

/// What f gives for such arguments; where that is an op, what the op gives.
template <class F, class... A>
struct applied {
  using type = std::invoke_result_t<F, A...>;
};
template <class F, class... A>
  requires awaitable<std::invoke_result_t<F, A...>>
struct applied<F, A...> {
  using type = op_result_t<std::invoke_result_t<F, A...>>;
};
template <class F, class... A>
using applied_t = typename applied<F, A...>::type;

/// Awaits aclose() of a source that is owned and has it. Others are left as they are.
template <class S>
task<> close_source(std::remove_reference_t<S>& s) {
  if constexpr (!std::is_reference_v<S> && requires { s.aclose(); }) co_await s.aclose();
  co_return;
}
template <class... S, std::size_t I = 0>
task<> close_sources(std::tuple<S...>& all, std::integral_constant<std::size_t, I> = {}) {
  if constexpr (I < sizeof...(S)) {
    co_await close_source<std::tuple_element_t<I, std::tuple<S...>>>(std::get<I>(all));
    co_await close_sources(all, std::integral_constant<std::size_t, I + 1>());
  }
  co_return;
}

/// Tasks that a stream has started: cancelled, and waited for where that is possible.
class stream_tasks {
 public:
  template <class Handle>
  void add(const Handle& h) {
    all_.push_back(h);
  }
  bool empty() const noexcept { return all_.empty(); }
  void cancel() noexcept {
    for (task_handle<>& h : all_) h.cancel();
  }
  task<> join() {
    while (!all_.empty()) {
      task_handle<> h = all_.back();
      all_.pop_back();
      result<void> ended = co_await settled(h);
      (void)ended;
    }
  }

 private:
  std::vector<task_handle<>> all_;
};

}  // namespace jay::detail
