// SPDX-License-Identifier: MIT
// Operations: what sleep(), q.get() and the like return. An op is a value that remembers its arguments; awaiting it makes
// the awaiter, which cannot be moved, in place. So an op can be stored, passed to gather, wait_for or create_task, and
// an awaiter is never moved while something points to it.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <jay/detail/awaitable.hpp>
#include <jay/task.hpp>

namespace jay {

template <class Awaiter, class... A>
class [[nodiscard("an operation does nothing until it is awaited")]] op {
 public:
  explicit op(A... args) : args_(std::forward<A>(args)...) {}
  Awaiter operator co_await() && { return std::make_from_tuple<Awaiter>(std::move(args_)); }
  /// Of one that waits for a task or a future (a shield): that has ended already.
  bool done() const noexcept
    requires(sizeof...(A) > 0) && requires { std::get<0>(std::declval<const std::tuple<A...>&>())->done(); }
  {
    return std::get<0>(args_)->done();
  }

 private:
  std::tuple<A...> args_;
};

namespace detail {

/// What awaiting an op gives, as a value (a reference that the op itself declares is kept).
template <class Op>
struct op_result {
  using type = std::remove_cvref_t<await_result_t<Op>>;
};
template <class T>
struct op_result<task<T>> {
  using type = T;
};
template <>
struct op_result<task<void>> {
  using type = void;
};
template <class Op>
using op_result_t = typename op_result<std::decay_t<Op>>::type;

/// Drops what was to be awaited and never will be, without a warning.
template <class T>
void never_start(task<T>& t) noexcept {
  if (job* frame = t.release()) join::drop(&frame, 1);
}
template <class Op>
void never_start(Op&) noexcept {}

template <class Op>
task<op_result_t<Op>> await_op(Op o) {
  co_return co_await std::move(o);
}

/// Any op as a task that owns it; an lvalue (a handle, a future) is copied.
template <class Op>
auto to_task(Op&& o) {
  static_assert(awaitable<std::decay_t<Op>>,
                "not an awaitable of jay's: give a task by value, a task_handle, a future, or what sleep(), q.get() and "
                "the like return; a std::future is wrapped by jay::wrap_future");
  if constexpr (is_task<std::decay_t<Op>>) {
    static_assert(!std::is_lvalue_reference_v<Op>, "a task is awaited once: pass it by std::move");
    return task<typename std::decay_t<Op>::value_type>(std::move(o));
  } else {
    return await_op<std::decay_t<Op>>(std::forward<Op>(o));
  }
}

}  // namespace detail
}  // namespace jay
