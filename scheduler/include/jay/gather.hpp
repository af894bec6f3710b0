// SPDX-License-Identifier: MIT
// gather: awaits several operations at once. asyncio.gather.
//
//   auto [a, b] = co_await jay::gather(f(), g());             // a tuple; void gives unit
//   std::vector<T> v = co_await jay::gather(std::move(tasks));
//   auto [ra, rb] = co_await jay::gather_settled(f(), g());   // result<A>, result<B>: return_exceptions=True
//   co_await jay::gather(jay::keep_running, f(), g());        // an error does not cancel the others
//   auto view = co_await jay::gather(list);                   // of a jay::task_list: no vectors
//
// Tasks given by value live in the awaiting frame: they are the children of a fork, started in argument order, the first
// at once on this worker, the others where a worker is free. On the first error the others are cancelled and waited for,
// then it is rethrown. Handles and futures are not owned: an error ends only the wait for them. Cancelling the awaiting
// task cancels all children, and gather throws cancelled_error when they have ended.
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <jay/detail/completion_wait.hpp>
#include <jay/detail/op.hpp>
#include <jay/result.hpp>
#include <jay/task_handle.hpp>
#include <jay/task_list.hpp>

namespace jay {

struct keep_running_t {};
/// First argument of gather: an error does not cancel the siblings; all are waited for, then the first is rethrown.
inline constexpr keep_running_t keep_running{};

namespace detail {

/// A handle or a future that a gather has been given: as in CPython, an error that comes after the gather's counts as
/// told, also where the child is dropped before it starts.
template <class Handle>
struct heard {
  explicit heard(Handle h) noexcept : handle(std::move(h)) {}
  heard(heard&&) noexcept = default;
  ~heard() {
    if (handle) handle.share()->retrieved.store(true, std::memory_order_relaxed);  // relaxed: only for the report
  }
  Handle handle;
};

/// A handle or a future as a gather's child: what it awaits is not owned. A cancel of the gather is passed on to it; a
/// sibling's failure ends only the wait.
template <class Handle, class T>
task<T> await_unowned(heard<Handle> child);

/// In asyncio's order: the last of a gather's child that waits for a handle.
struct unowned_ends {
  ~unowned_ends() { this_worker->unowned_ends = true; }
};

template <class Op>
auto to_child(Op&& o) {
  using D = std::decay_t<Op>;
  if constexpr (is_unowned<D>) {
    static_assert(std::is_void_v<typename D::value_type> || std::is_copy_constructible_v<typename D::value_type>,
                  "gather of handles or futures copies their values: a move-only result must be taken from the handle "
                  "(co_await std::move(h))");
    auto child = await_unowned<D, typename D::value_type>(heard<D>(std::forward<Op>(o)));
    child.mark_unowned();
    return child;
  } else {
    return to_task(std::forward<Op>(o));
  }
}

enum class gather_mode : std::uint32_t {
  cancel_siblings = 0,
  keep = join::keep_running,
  settle_one = join::collect,
  settle = join::collect | join::partial
};
template <gather_mode Mode>
inline constexpr bool collects = (static_cast<std::uint32_t>(Mode) & join::collect) != 0;

template <gather_mode Mode, class T>
using gathered = std::conditional_t<collects<Mode>, result<T>, typename outcome<T>::given>;

template <gather_mode Mode, class T>
gathered<Mode, T> take_gathered(outcome<T>& o) {
  if constexpr (collects<Mode>) return result<T>(o);
  else if constexpr (std::is_reference_v<T>) return static_cast<T>(*o.value());
  else return std::move(o.value());
}

/// The two forms share how children are prepared and what happens when something went wrong.
struct JAY_API gather_base {
  join join_;

  static void adopt(job* child, join* j, std::uintptr_t context, void* out) noexcept {
    result_promise& p = result_promise_of(child);
    p.continuation = continue_with(j, continues::joins);
    p.context = context | forked_bit;
    p.out = out;
  }
};

template <gather_mode Mode, class... T>
class [[nodiscard("gather does nothing until it is awaited")]] gather_tuple : gather_base {
  static constexpr std::size_t n = sizeof...(T);

 public:
  using jay_awaiter = void;
  explicit gather_tuple(task<T>&&... t) : children_(((t.require(), ...), std::array<job*, n>{t.release()...})) {}
  gather_tuple(gather_tuple&& o) noexcept : children_(o.children_), started_(std::exchange(o.started_, true)) {}
  ~gather_tuple() {
    if (!started_) [[unlikely]]
      for (job* c : children_) drop_unawaited(c);
  }

  bool await_ready() noexcept { return false; }
  template <class Promise>
  [[gnu::always_inline]] resumption await_suspend(std::coroutine_handle<Promise> me) {
    promise_base& p = me.promise();
    std::apply([&](auto&... out) { std::size_t i = 0; ((adopt(children_[i], &join_, p.context, &out), ++i), ...); }, outcomes_);
    job* first = join_.fork(this_worker, p, static_cast<std::uint32_t>(Mode), children_.data(), n);
    // From here on *this may be gone, if the first child is not to run here.
    return transfer(first);
  }
  std::tuple<gathered<Mode, T>...> await_resume() {
    started_ = true;
    if (!join_.uneventful()) [[unlikely]] settle();
    return std::apply([](auto&... out) { return std::tuple<gathered<Mode, T>...>(take_gathered<Mode>(out)...); }, outcomes_);
  }

 private:
  [[gnu::noinline]] void settle() {
    std::exception_ptr e = join_.settle();
    if (!e) return;
    std::apply([](auto&... out) { (out.reset(), ...); }, outcomes_);
    std::rethrow_exception(std::move(e));
  }

  std::array<job*, n> children_;
  std::tuple<outcome<T>...> outcomes_;
  bool started_ = false;
};

template <gather_mode Mode>
class [[nodiscard("gather does nothing until it is awaited")]] gather_tuple<Mode> {
 public:
  using jay_awaiter = void;
  bool await_ready() noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) noexcept {}
  std::tuple<> await_resume() noexcept { return {}; }
};

/// A gather of the tasks in a list.
template <gather_mode Mode, class T>
class gather_many : gather_base {
 public:
  using jay_awaiter = void;

 protected:
  gather_many() noexcept = default;
  gather_many(gather_many&&) noexcept {}  // before it is awaited
  ~gather_many() = default;
  [[gnu::always_inline]] job* start(promise_base& p, task_list<T>& list) {
    job* const* children = list.children();
    outcome<T>* out = list.outcomes();
    std::size_t n = list.size();
    std::uintptr_t context = p.context;
    for (std::size_t i = 0; i < n; ++i) adopt(children[i], &join_, context, std::construct_at(out + i));
    return join_.fork(this_worker, p, static_cast<std::uint32_t>(Mode), children, n);
  }
  /// Throws what has gone wrong; else every child has its result.
  void end(task_list<T>& list) {
    list.take();
    if (!list.empty() && !join_.uneventful()) [[unlikely]] settle(list);
  }

 private:
  [[gnu::noinline]] void settle(task_list<T>& list) {
    std::exception_ptr e = join_.settle();
    if (!e) return;
    for (std::size_t i = 0; i < list.size(); ++i) list.outcomes()[i].reset();
    std::rethrow_exception(std::move(e));
  }
};

template <gather_mode Mode, class T>
class [[nodiscard("gather does nothing until it is awaited")]] gather_range : public gather_many<Mode, T> {
 public:
  using value = gathered<Mode, T>;
  static_assert(!std::is_reference_v<value>, "gather of a vector of tasks that return references: return pointers");
  gather_range(gather_range&&) noexcept = default;

  explicit gather_range(std::vector<task<T>>& tasks) { list_.append(tasks); }

  bool await_ready() noexcept { return list_.empty(); }
  template <class Promise>
  resumption await_suspend(std::coroutine_handle<Promise> me) {
    return transfer(this->start(me.promise(), list_));
  }
  std::vector<value> await_resume() {
    this->end(list_);
    std::vector<value> values;
    values.reserve(list_.size());
    for (std::size_t i = 0; i < list_.size(); ++i) values.push_back(take_gathered<Mode>(list_.outcomes()[i]));
    return values;
  }

 private:
  task_list<T> list_;
};

template <gather_mode Mode, class T>
class [[nodiscard("gather does nothing until it is awaited")]] gather_list : public gather_many<Mode, T> {
 public:
  explicit gather_list(task_list<T>& list) noexcept : list_(list) {}
  gather_list(gather_list&&) noexcept = default;

  bool await_ready() {
    if (list_.taken()) throw std::runtime_error("gather: this task_list has been gathered; a list is gathered once");
    return list_.empty();
  }
  template <class Promise>
  [[gnu::always_inline]] resumption await_suspend(std::coroutine_handle<Promise> me) {
    return transfer(this->start(me.promise(), list_));
  }
  task_results<T> await_resume() {
    this->end(list_);
    return {list_.outcomes(), list_.size()};
  }

 private:
  task_list<T>& list_;
};

template <gather_mode Mode, class... Op>
auto make_gather(Op&&... ops) {
  return [](auto&&... t) {
    return gather_tuple<Mode, typename std::decay_t<decltype(t)>::value_type...>(std::move(t)...);
  }(to_child(std::forward<Op>(ops))...);
}
template <gather_mode Mode, class Op>
auto make_gather_range(std::vector<Op> ops) {
  using child = decltype(to_child(std::declval<Op>()));
  if constexpr (is_task<Op>) {
    return gather_range<Mode, typename Op::value_type>(ops);
  } else {
    std::vector<child> children;
    children.reserve(ops.size());
    for (Op& o : ops) children.push_back(to_child(std::move(o)));
    return gather_range<Mode, typename child::value_type>(children);
  }
}

template <class Op>
concept gatherable = awaitable<std::decay_t<Op>>;

}  // namespace detail

template <detail::gatherable... Op>
auto gather(Op&&... ops) {
  return detail::make_gather<detail::gather_mode::cancel_siblings>(std::forward<Op>(ops)...);
}
template <detail::gatherable... Op>
auto gather(keep_running_t, Op&&... ops) {
  return detail::make_gather<detail::gather_mode::keep>(std::forward<Op>(ops)...);
}
template <detail::gatherable... Op>
auto gather_settled(Op&&... ops) {
  return detail::make_gather<detail::gather_mode::settle>(std::forward<Op>(ops)...);
}

template <detail::gatherable Op>
auto gather(std::vector<Op> ops) {
  return detail::make_gather_range<detail::gather_mode::cancel_siblings>(std::move(ops));
}
template <detail::gatherable Op>
auto gather(keep_running_t, std::vector<Op> ops) {
  return detail::make_gather_range<detail::gather_mode::keep>(std::move(ops));
}
template <detail::gatherable Op>
auto gather_settled(std::vector<Op> ops) {
  return detail::make_gather_range<detail::gather_mode::settle>(std::move(ops));
}

/// The tasks of a list, which then holds the results: the await gives a view of them. After an error or a cancel the list
/// holds nothing. It must not move until the await has ended, and is gathered once (std::runtime_error).
template <class T>
auto gather(task_list<T>& tasks) {
  return detail::gather_list<detail::gather_mode::cancel_siblings, T>(tasks);
}
template <class T>
auto gather(keep_running_t, task_list<T>& tasks) {
  return detail::gather_list<detail::gather_mode::keep, T>(tasks);
}

template <class Handle, class T>
task<T> detail::await_unowned(heard<Handle> child) {
  unowned_ends end;
  Handle& h = child.handle;
  if (this_worker->fifo) [[unlikely]] {
    // It begins as the gather is awaited. What is done already calls back at its turn.
    if (h.done()) co_await op<one_turn>();
    auto wait = h.gathered();
    co_return co_await std::move(wait);
  }
  for (;;) {
    try {
      auto wait = h.gathered();
      co_return co_await std::move(wait);
    } catch (const cancelled_error&) {
      if (h.done() || !whole_scope_cancelled()) throw;
    }
    // Not ours to stop waiting for: it ends as it likes.
    for (bool ended = false; !ended;) {
      h.cancel();
      std::optional<std::string> again = co_await op<completion_wait, shared_state*, bool>(h.share().get(), true);
      ended = !again;
    }
  }
}

}  // namespace jay
