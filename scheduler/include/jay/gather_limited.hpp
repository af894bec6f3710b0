// SPDX-License-Identifier: MIT
// gather_limited: gather over many operations, of which at most n run at a time.
//
//   std::vector<T> v = co_await jay::gather_limited(8, std::move(tasks));
//
// They start in the order given; results come in that order. An error or a cancel is as in gather: those that run are
// cancelled and waited for, those that have not started never do.
#pragma once

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

#include <jay/gather.hpp>

namespace jay {

namespace detail {

/// Tasks of which some may never be started; those are destroyed in silence.
template <class T>
class waiting_tasks {
 public:
  explicit waiting_tasks(std::vector<task<T>> tasks) noexcept : tasks_(std::move(tasks)) {}
  waiting_tasks(const waiting_tasks&) = delete;
  ~waiting_tasks() {
    for (task<T>& t : tasks_)
      if (job* frame = t.release()) frame->destroy(frame);
  }
  /// The index of the next one, for the caller alone; size() or more: there is none.
  std::size_t next() noexcept { return next_.fetch_add(1, std::memory_order_relaxed); }
  std::size_t size() const noexcept { return tasks_.size(); }
  task<T>&& operator[](std::size_t i) noexcept { return std::move(tasks_[i]); }

 private:
  std::vector<task<T>> tasks_;
  atomic<std::size_t> next_{0};  // relaxed: only to be different
};

template <class T>
using slot_of = std::optional<typename outcome<T>::given>;

template <class T>
task<> run_waiting(waiting_tasks<T>& tasks, std::vector<slot_of<T>>& kept) {
  for (std::size_t i; (i = tasks.next()) < tasks.size();) {
    if constexpr (std::is_void_v<T>) {
      co_await tasks[i];
      kept[i].emplace();
    } else {
      kept[i].emplace(co_await tasks[i]);
    }
  }
}

template <class T>
task<std::vector<typename outcome<T>::given>> gather_limited(std::size_t n, std::vector<task<T>> given) {
  static_assert(!std::is_reference_v<T>, "gather_limited of tasks that return references: return pointers");
  if (n == 0) throw std::invalid_argument("gather_limited: at most 0 at a time can never end; give 1 or more");
  waiting_tasks<T> tasks(std::move(given));
  std::vector<slot_of<T>> kept(tasks.size());
  {
    std::vector<task<>> runners;
    runners.reserve((std::min)(n, tasks.size()));
    while (runners.size() < (std::min)(n, tasks.size())) runners.push_back(run_waiting<T>(tasks, kept));
    auto all = gather(std::move(runners));
    co_await std::move(all);
  }
  std::vector<typename outcome<T>::given> values;
  values.reserve(kept.size());
  for (auto& s : kept) values.push_back(std::move(*s));
  co_return values;
}

}  // namespace detail

/// Throws std::invalid_argument at the await if n is 0.
template <detail::gatherable Op>
auto gather_limited(std::size_t n, std::vector<Op> ops) {
  using child = decltype(detail::to_child(std::declval<Op>()));
  std::vector<child> children;
  if constexpr (is_task<Op>) {
    children = std::move(ops);
  } else {
    children.reserve(ops.size());
    for (Op& o : ops) children.push_back(detail::to_child(std::move(o)));
  }
  return detail::gather_limited<typename child::value_type>(n, std::move(children));
}

}  // namespace jay
