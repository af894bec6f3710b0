// SPDX-License-Identifier: MIT
// shield: waits for something that goes on when the waiting task is cancelled. asyncio.shield.
//
//   T v = co_await jay::shield(f(x));      // f runs as a task of its own, started when the shield is awaited
//   T v = co_await jay::shield(handle);
//
// A cancel makes the await throw cancelled_error; what is shielded does not learn of it. Its error, if nobody takes it,
// is reported as "never retrieved". Cancelled itself, it makes the await throw cancelled_error too.
#pragma once

#include <jay/create_task.hpp>

namespace jay {

namespace detail {

template <class Op>
task<op_result_t<Op>> shield_op(Op o) {
  auto h = create_task(std::move(o));
  auto wait = h.shielded();
  if constexpr (std::is_void_v<op_result_t<Op>>) {
    co_await std::move(wait);
  } else {
    co_await std::move(wait);
    co_return h.take();
  }
}

}  // namespace detail

template <class Op>
  requires detail::awaitable<std::decay_t<Op>>
auto shield(Op&& o) {
  using D = std::decay_t<Op>;
  if constexpr (!detail::is_unowned<D>) {
    static_assert(!std::is_lvalue_reference_v<Op>, "shield: a task is awaited once: pass it by std::move");
    return detail::shield_op<D>(std::forward<Op>(o));
  } else if constexpr (std::is_lvalue_reference_v<Op> || !requires { std::move(o).unshared(); }) {
    return o.shielded();
  } else {
    return std::move(o).unshared();  // an rvalue gives T, as when it is awaited
  }
}

}  // namespace jay
