// SPDX-License-Identifier: MIT
// gather: awaits several operations at once. asyncio.gather.
//
//   auto [a, b] = co_await jay::gather(f(), g());             // a tuple; void gives unit
//   std::vector<T> v = co_await jay::gather(std::move(tasks));
//   auto [ra, rb] = co_await jay::gather_settled(f(), g());   // result<A>, result<B>: return_exceptions=True
//   co_await jay::gather(jay::keep_running, f(), g());        // an error does not cancel the others
//   std::span<T> s = co_await jay::gather_into(results, tasks);  // no vector: both stand in arrays of the caller's
//
// Tasks given by value live in the awaiting frame: they are the children of a fork, started in argument order, the first
// at once on this worker, the others where a worker is free. On the first error the others are cancelled and waited for,
// then it is rethrown. Handles and futures are not owned: an error ends only the wait for them. Cancelling the awaiting
// task cancels all children, and gather throws cancelled_error when they have ended.
#pragma once

#include <array>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <jay/detail/op.hpp>
#include <jay/result.hpp>
#include <jay/task_handle.hpp>

namespace jay {

struct keep_running_t {};
/// First argument of gather: an error does not cancel the siblings; all are waited for, then the first is rethrown.
inline constexpr keep_running_t keep_running{};

namespace detail {

/// A handle or a future as a gather's child: what it awaits is not owned. A cancel of the gather is passed on to it; a
/// sibling's failure ends only the wait.
template <class Handle, class T>
task<T> await_unowned(Handle h);

/// The running scope was cancelled as a whole, not (only) a gather in it by a failed child.
JAY_API bool whole_scope_cancelled() noexcept;

template <class Op>
auto to_child(Op&& o) {
  using D = std::decay_t<Op>;
  if constexpr (is_unowned<D>) {
    static_assert(std::is_void_v<typename D::value_type> || std::is_copy_constructible_v<typename D::value_type>,
                  "gather of handles or futures copies their values: a move-only result must be taken from the handle "
                  "(co_await std::move(h))");
    return await_unowned<D, typename D::value_type>(D(std::forward<Op>(o)));
  } else {
    return to_task(std::forward<Op>(o));
  }
}

enum class gather_mode : std::uint32_t { cancel_siblings = 0, keep = join::keep_running, settle = join::collect };

template <gather_mode Mode, class T>
using gathered = std::conditional_t<Mode == gather_mode::settle, result<T>, typename outcome<T>::given>;

template <gather_mode Mode, class T>
gathered<Mode, T> take_gathered(outcome<T>& o) {
  if constexpr (Mode == gather_mode::settle) return result<T>(o);
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

/// The children of a range and where they put their results, in one block of the frame pool.
template <class T>
class child_table {
 public:
  explicit child_table(std::span<task<T>> tasks) : size_(tasks.size()) {
    if (size_ == 0) return;
    children_ = static_cast<job**>(frame_allocate(bytes()));
    auto end = reinterpret_cast<std::uintptr_t>(children_ + size_);
    outcomes_ = reinterpret_cast<outcome<T>*>((end + alignof(outcome<T>) - 1) / alignof(outcome<T>) * alignof(outcome<T>));
    for (std::size_t i = 0; i < size_; ++i) {
      children_[i] = tasks[i].release();
      if (!children_[i]) [[unlikely]] refuse(i);
      std::construct_at(outcomes_ + i);
    }
  }
  child_table(child_table&& o) noexcept : size_(std::exchange(o.size_, 0)), children_(o.children_), outcomes_(o.outcomes_) {}
  child_table& operator=(child_table&&) = delete;
  ~child_table() {
    if (size_ == 0) return;
    std::destroy_n(outcomes_, size_);
    frame_free(children_, bytes());
  }

  std::size_t size() const noexcept { return size_; }
  job* const* jobs() const noexcept { return children_; }
  job* child(std::size_t i) const noexcept { return children_[i]; }
  outcome<T>& result(std::size_t i) const noexcept { return outcomes_[i]; }

 private:
  std::size_t bytes() const noexcept { return size_ * (sizeof(job*) + sizeof(outcome<T>)) + alignof(outcome<T>); }
  /// The constructor has come to an empty task, the n-th.
  [[noreturn, gnu::noinline]] void refuse(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) drop_unawaited(children_[i]);
    frame_free(children_, bytes());
    throw_empty_task();
  }

  std::size_t size_;
  job** children_ = nullptr;
  outcome<T>* outcomes_ = nullptr;
};

template <gather_mode Mode, class T>
class [[nodiscard("gather does nothing until it is awaited")]] gather_range : gather_base {
 public:
  using jay_awaiter = void;
  using value = gathered<Mode, T>;
  static_assert(!std::is_reference_v<value>, "gather of a vector of tasks that return references: return pointers");

  explicit gather_range(std::span<task<T>> tasks) : table_(tasks) {}
  gather_range(gather_range&& o) noexcept : table_(std::move(o.table_)), started_(o.started_) {}
  ~gather_range() {
    if (!started_) [[unlikely]]
      for (std::size_t i = 0; i < table_.size(); ++i) drop_unawaited(table_.child(i));
  }

  bool await_ready() noexcept { return table_.size() == 0; }
  template <class Promise>
  resumption await_suspend(std::coroutine_handle<Promise> me) {
    promise_base& p = me.promise();
    for (std::size_t i = 0; i < table_.size(); ++i) adopt(table_.child(i), &join_, p.context, &table_.result(i));
    return transfer(join_.fork(this_worker, p, static_cast<std::uint32_t>(Mode), table_.jobs(), table_.size()));
  }
  std::vector<value> await_resume() {
    end();
    std::vector<value> values;
    values.reserve(table_.size());
    for (std::size_t i = 0; i < table_.size(); ++i) values.push_back(take_gathered<Mode>(table_.result(i)));
    return values;
  }

 protected:
  /// Throws what has gone wrong; else every child has its result.
  void end() {
    started_ = true;
    if (table_.size() != 0 && !join_.uneventful()) [[unlikely]] settle();
  }
  child_table<T> table_;

 private:
  [[gnu::noinline]] void settle() {
    std::exception_ptr e = join_.settle();
    if (!e) return;
    for (std::size_t i = 0; i < table_.size(); ++i) table_.result(i).reset();
    std::rethrow_exception(std::move(e));
  }

  bool started_ = false;
};

template <class T>
class [[nodiscard("gather_into does nothing until it is awaited")]] gather_span
    : public gather_range<gather_mode::cancel_siblings, T> {
 public:
  gather_span(std::span<T> out, std::span<task<T>> tasks)
      : gather_range<gather_mode::cancel_siblings, T>(checked(out, tasks)), out_(out.first(tasks.size())) {}

  std::span<T> await_resume() {
    this->end();
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i] = std::move(this->table_.result(i).value());
    return out_;
  }

 private:
  static std::span<task<T>> checked(std::span<T> out, std::span<task<T>> tasks) {
    if (out.size() < tasks.size())
      throw std::invalid_argument("gather_into: " + std::to_string(tasks.size()) + " tasks, but room for " +
                                  std::to_string(out.size()) + " results");
    return tasks;
  }
  std::span<T> out_;
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

/// As gather of a vector, without one: moves the results to the beginning of `results` and gives that part of it. For
/// forks that are so many that an allocation counts. The tasks are taken out of `tasks` at once; `results` has to stay
/// until the await has ended, and after an error or a cancel holds what it held before. Throws std::invalid_argument
/// where it is too small.
template <std::ranges::contiguous_range Results, std::ranges::contiguous_range Tasks>
  requires is_task<std::ranges::range_value_t<Tasks>>
auto gather_into(Results&& results, Tasks&& tasks) {
  using value = typename std::ranges::range_value_t<Tasks>::value_type;
  static_assert(std::is_same_v<std::ranges::range_value_t<Results>, value>,
                "gather_into: the results have the type that the tasks return");
  return detail::gather_span<value>(results, tasks);
}

template <class Handle, class T>
task<T> detail::await_unowned(Handle h) {
  for (;;) {
    try {
      auto wait = h.shielded();
      co_return co_await std::move(wait);
    } catch (const cancelled_error&) {
      if (h.done() || !whole_scope_cancelled()) throw;
    }
    h.cancel();  // not ours to stop waiting for: it ends as it likes
  }
}

}  // namespace jay
