// SPDX-License-Identifier: MIT
// race, any and race_settled: the first of several operations. JavaScript's Promise.race and Promise.any.
//
//   int v = co_await jay::race(f(), g());                    // of the first that ends: its value, or what it throws
//   int v = co_await jay::any(f(), g());                     // the first value; exception_group if all fail
//   jay::result<int> r = co_await jay::race_settled(h1, h2);  // the first that ends, without a throw; the others go on
//
// Operations of one type give that type (void gives void); of several a std::variant with one alternative for each, in
// argument order, so that index() tells who was first (unit stands for void). A vector gives the type of its operations.
//
// The losers of race and any are cancelled and joined before the await ends, handles and futures too; what they give, and
// what they throw, is dropped. race_settled leaves all others alone, as JavaScript does: it starts what it is given by
// value as tasks, in argument order, and hears their errors. A value that is given by a handle or future is copied.
//
// Cancelling the awaiting task: race and any cancel all their operations, wait for them and throw cancelled_error;
// race_settled only ends the wait. An operation that was cancelled by somebody else has ended: it wins a race with
// cancelled_error, and is a failure for any.
//
// Without operations a race would never end, as it does not in JavaScript: std::invalid_argument at the await. any then
// throws an exception_group with a std::invalid_argument, as all of none have failed and a group is never empty.
// Source: ECMAScript 27.2.4.3 (any) and 27.2.4.6 (race).
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/detail/wait_set.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/settled.hpp>

namespace jay {

namespace detail {

template <class First, class... Rest>
struct winner_of {
  static constexpr bool one_type = (std::is_same_v<First, Rest> && ...);
  static_assert(one_type || !(std::is_reference_v<First> || ... || std::is_reference_v<Rest>),
                "race: operations of several types that give references: let them return pointers");
  using type = typename std::conditional_t<one_type, std::type_identity<First>,
                                           std::type_identity<std::variant<typename outcome<First>::given,
                                                                           typename outcome<Rest>::given...>>>::type;
};
template <class... Op>
using winner_t = typename winner_of<op_result_t<Op>...>::type;

/// What the I-th has come to, as that of the whole.
template <class Winner, std::size_t I, class T>
result<Winner> as_winner(result<T>&& r) {
  if constexpr (std::is_same_v<Winner, T>) {
    return std::move(r);
  } else {
    if (!r.has_value()) return result<Winner>::failure(r.error());
    outcome<Winner> o;
    o.set_value(Winner(std::in_place_index<I>, std::move(r).value()));
    return result<Winner>(o);
  }
}

/// Ends the gather that a race is made of: thrown by the winner, so that its siblings are cancelled and joined.
struct race_is_over {};

/// Of race and any: who has won, written by the winner alone until all have ended.
template <class Winner>
struct race_state {
  atomic<bool> over{false};  // relaxed: only to be first; the end of the gather hands `winner` on
  std::optional<result<Winner>> winner;

  void win(result<Winner>&& r) {
    if (over.exchange(true, std::memory_order_relaxed)) return;
    winner.emplace(std::move(r));
    throw race_is_over();
  }
  Winner take() {
    if constexpr (std::is_void_v<Winner>) std::move(*winner).value();
    else return std::move(*winner).value();
  }
};

/// The operation's own cancel is a result; that of the strand which awaits it is thrown, when the operation has ended.
template <class Op>
auto settle_child(Op& o) {
  if constexpr (is_unowned<Op>) return settled(o);
  else return settled(std::move(o));
}

template <std::size_t I, class Winner, class Op>
task<> race_child(Op o, race_state<Winner>& s) {
  auto child = settle_child(o);
  auto r = co_await std::move(child);
  s.win(as_winner<Winner, I>(std::move(r)));
}

template <std::size_t I, class Winner, class Op>
task<> any_child(Op o, race_state<Winner>& s, std::exception_ptr& error) {
  auto child = settle_child(o);
  auto r = co_await std::move(child);
  if (r.has_value()) s.win(as_winner<Winner, I>(std::move(r)));
  else error = r.error();
}

[[noreturn]] JAY_API void throw_empty_race(const char* what);
[[noreturn]] JAY_API void throw_empty_any();
[[noreturn]] JAY_API void throw_none_of_any(std::vector<std::exception_ptr> errors);

/// The tasks and futures of a race, which are others' too. A child that ends by a cancel has cancelled what it awaits; one that
/// is dropped before it has begun has not.
class JAY_API race_guests {
 public:
  template <class Op>
  void add(const Op& o) {
    if constexpr (is_unowned<Op>) guests_.emplace_back(o.share());
  }
  bool any_left() const noexcept;
  /// Cancels those that have not ended, and waits for them.
  task<> end();

 private:
  std::vector<state_ptr<shared_state>> guests_;
};

/// Awaits the children; returns whether one of them has won.
template <class Children, class Winner>
task<bool> run_race(Children children, race_state<Winner>& s, race_guests& guests) {
  std::exception_ptr thrown;
  try {
    co_await std::move(children);
  } catch (const race_is_over&) {
  } catch (...) {
    thrown = std::current_exception();
  }
  if (guests.any_left()) {
    auto end = guests.end();
    co_await std::move(end);
  }
  if (thrown) std::rethrow_exception(std::move(thrown));
  co_return s.winner.has_value();
}

template <class... Op, std::size_t... I>
task<winner_t<Op...>> race_of(std::index_sequence<I...>, Op... ops) {
  race_state<winner_t<Op...>> s;
  race_guests guests;
  (guests.add(ops), ...);
  auto running = run_race(gather(race_child<I>(std::move(ops), s)...), s, guests);
  co_await std::move(running);
  co_return s.take();
}
template <class Op>
task<op_result_t<Op>> race_range(std::vector<Op> ops) {
  if (ops.empty()) throw_empty_race("race");
  race_state<op_result_t<Op>> s;
  race_guests guests;
  for (const Op& o : ops) guests.add(o);
  std::vector<task<>> children;
  children.reserve(ops.size());
  for (Op& o : ops) children.push_back(race_child<0>(std::move(o), s));
  auto running = run_race(gather(std::move(children)), s, guests);
  co_await std::move(running);
  co_return s.take();
}

template <class... Op, std::size_t... I>
task<winner_t<Op...>> any_of(std::index_sequence<I...>, Op... ops) {
  race_state<winner_t<Op...>> s;
  std::vector<std::exception_ptr> errors(sizeof...(Op));
  race_guests guests;
  (guests.add(ops), ...);
  auto running = run_race(gather(any_child<I>(std::move(ops), s, errors[I])...), s, guests);
  bool won = co_await std::move(running);
  if (!won) throw_none_of_any(std::move(errors));
  co_return s.take();
}
template <class Op>
task<op_result_t<Op>> any_range(std::vector<Op> ops) {
  if (ops.empty()) throw_empty_any();
  race_state<op_result_t<Op>> s;
  std::vector<std::exception_ptr> errors(ops.size());
  race_guests guests;
  for (const Op& o : ops) guests.add(o);
  std::vector<task<>> children;
  children.reserve(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) children.push_back(any_child<0>(std::move(ops[i]), s, errors[i]));
  auto running = run_race(gather(std::move(children)), s, guests);
  bool won = co_await std::move(running);
  if (!won) throw_none_of_any(std::move(errors));
  co_return s.take();
}

/// Waits for the first of several tasks or futures, and takes no part in any. Gives its number.
class JAY_API first_done : public suspends<first_done> {
 public:
  static constexpr auto awaits = awaited::first_of_several;
  explicit first_done(std::vector<state_ptr<shared_state>> targets);
  ~first_done();
  bool await_ready() const noexcept { return false; }
  std::size_t await_resume();

 private:
  friend suspends<first_done>;
  class watching;
  bool suspend();
  wait_set_ptr<watching> watch_;
};

/// What is given by value becomes a task of its own.
template <class Op>
auto as_handle(Op&& o) {
  if constexpr (is_unowned<std::decay_t<Op>>) return std::forward<Op>(o);
  else return create_task(std::forward<Op>(o));
}
/// Of what nobody else has a handle of, the value is moved out.
template <class Op, class Handle>
auto settled_by(const Handle& h) {
  using value = typename Handle::value_type;
  static_assert(!is_unowned<Op> || std::is_void_v<value> || std::is_copy_constructible_v<value>,
                "race_settled copies the value of a handle or future; a move-only one is awaited by co_await std::move(h)");
  return result_of<Handle>(*h.share(), !is_unowned<Op>);
}
inline void hear_all(const std::vector<state_ptr<shared_state>>& states) noexcept {
  for (const auto& s : states) s->retrieved.store(true, std::memory_order_relaxed);  // relaxed: only for the report
}

template <class... Op, std::size_t... I>
task<result<winner_t<Op...>>> race_settled_of(std::index_sequence<I...>, Op... ops) {
  using winner = winner_t<Op...>;
  auto handles = std::tuple{as_handle(std::move(ops))...};  // in argument order: braces
  std::vector<state_ptr<shared_state>> states;
  (states.emplace_back(std::get<I>(handles).share()), ...);
  hear_all(states);
  std::size_t first = co_await op<first_done, std::vector<state_ptr<shared_state>>>(std::move(states));
  result<winner> r;
  ((I == first ? void(r = as_winner<winner, I>(settled_by<Op>(std::get<I>(handles)))) : void()), ...);
  co_return r;
}
template <class Op>
task<result<op_result_t<Op>>> race_settled_range(std::vector<Op> ops) {
  if (ops.empty()) throw_empty_race("race_settled");
  std::vector<decltype(as_handle(std::declval<Op>()))> handles;
  handles.reserve(ops.size());
  std::vector<state_ptr<shared_state>> states;
  for (Op& o : ops) {
    handles.push_back(as_handle(std::move(o)));
    states.emplace_back(handles.back().share());
  }
  hear_all(states);
  std::size_t first = co_await op<first_done, std::vector<state_ptr<shared_state>>>(std::move(states));
  co_return settled_by<Op>(handles[first]);
}

}  // namespace detail

template <detail::gatherable... Op>
  requires(sizeof...(Op) > 0)
auto race(Op&&... ops) {
  return detail::race_of<std::decay_t<Op>...>(std::index_sequence_for<Op...>(), std::forward<Op>(ops)...);
}
template <detail::gatherable Op>
auto race(std::vector<Op> ops) {
  return detail::race_range(std::move(ops));
}

template <detail::gatherable... Op>
  requires(sizeof...(Op) > 0)
auto any(Op&&... ops) {
  return detail::any_of<std::decay_t<Op>...>(std::index_sequence_for<Op...>(), std::forward<Op>(ops)...);
}
template <detail::gatherable Op>
auto any(std::vector<Op> ops) {
  return detail::any_range(std::move(ops));
}

template <detail::gatherable... Op>
  requires(sizeof...(Op) > 0)
auto race_settled(Op&&... ops) {
  return detail::race_settled_of<std::decay_t<Op>...>(std::index_sequence_for<Op...>(), std::forward<Op>(ops)...);
}
template <detail::gatherable Op>
auto race_settled(std::vector<Op> ops) {
  return detail::race_settled_range(std::move(ops));
}

}  // namespace jay
