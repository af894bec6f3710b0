// SPDX-License-Identifier: MIT
// settled: awaits an op and gives what became of it, without a throw for its error: the no-throw path for hot code.
//
//   jay::result<T> r = co_await jay::settled(f(x));
//
// A cancel of the waiting task itself is no result of the op: it cancels the op, and when that has ended the await
// throws cancelled_error.
#pragma once

#include <jay/detail/completion_wait.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>

namespace jay {

namespace detail {

/// A gather of one: its child is told apart from the cancels of its parent.
template <class T>
class settled_child : public gather_tuple<gather_mode::settle_one, T> {
  using base = gather_tuple<gather_mode::settle_one, T>;

 public:
  using base::base;
  result<T> await_resume() { return std::get<0>(base::await_resume()); }
};

template <class Handle>
struct block_of;
template <class T>
struct block_of<task_handle<T>> {
  using type = task_block<T>;
};
template <class T>
struct block_of<future<T>> {
  using type = value_state<T>;
};

/// What a task or future that is done has come to. (Not inlined: g++ 12 warns about the union inside.)
template <class Handle>
[[gnu::noinline]] result<typename Handle::value_type> result_of(shared_state& s, bool move_out) {
  using T = typename Handle::value_type;
  s.retrieved.store(true, std::memory_order_relaxed);
  switch (s.state.load(std::memory_order_acquire)) {  // [F1]
    case status::cancelled:
      return result<T>::failure(std::make_exception_ptr(cancelled_error(s.cancel_message())));
    case status::error: return result<T>::failure(s.error());
    default: break;
  }
  outcome<T> value;
  if constexpr (std::is_void_v<T>) {
    value.set_value(unit());
  } else {
    auto& stored = static_cast<typename block_of<Handle>::type&>(s).result.value();
    if constexpr (std::is_reference_v<T>) {
      value.set_value(*stored);
    } else if constexpr (std::is_copy_constructible_v<T>) {
      if (move_out) value.set_value(std::move(stored));
      else value.set_value(std::as_const(stored));
    } else {
      value.set_value(std::move(stored));
    }
  }
  return result<T>(value);
}

template <class Handle>
task<result<typename Handle::value_type>> settle_unowned(Handle h, bool move_out) {
  shared_state* state = h.share().get();
  bool passed_on = false, untold = false;
  for (;;) {
    bool was_done = state->done();
    std::optional<std::string> cancel = co_await op<completion_wait, shared_state*, bool>(state, passed_on || untold);
    if (!cancel) break;
    std::string message = *cancel;
    // Python's rule; then it ends as it likes. If it has ended already, nobody was told.
    bool accepted = h.cancel(std::move(message));
    if (!accepted && was_done) throw cancelled_error(std::move(*cancel));  // taken where the strand gave way
    passed_on |= accepted;
    untold |= !accepted;
  }
  if (passed_on && h.cancelled()) state->rethrow();
  if (untold || (passed_on && state->cancel_unseen())) co_await op<cancel_again>();
  co_return result_of<Handle>(*state, move_out);
}

}  // namespace detail

template <class Op>
  requires detail::awaitable<std::decay_t<Op>>
auto settled(Op&& o) {
  using D = std::decay_t<Op>;
  if constexpr (detail::is_unowned<D>) {
    static_assert(!std::is_lvalue_reference_v<Op> || std::is_void_v<typename D::value_type> ||
                      std::is_copy_constructible_v<typename D::value_type>,
                  "settled copies the value of a handle or future: with a move-only result pass it by std::move");
    return detail::settle_unowned<D>(std::forward<Op>(o), !std::is_lvalue_reference_v<Op>);
  } else {
    auto child = detail::to_task(std::forward<Op>(o));
    return detail::settled_child<typename decltype(child)::value_type>(std::move(child));
  }
}

}  // namespace jay
