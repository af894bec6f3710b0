// SPDX-License-Identifier: MIT
// Which strand waits for which. What stands in a circle of them can only be ended by a cancel, or by somebody who releases a
// lock that is not his own.
//
// A strand waits for the task that it awaits, for each of those that hold the lock that it wants (debug mode), for the tasks
// of its group, and one that stands in a gather for each of its children. A task has ended when all of that has: so each of
// these must end before the one that waits goes on, but for a cancel.
#pragma once

#include <cstddef>
#include <map>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "strands.hpp"

namespace jay::detail {

class wait_graph {
 public:
  enum class because { result, lock, group, child };
  struct edge {
    std::size_t to;
    because why;
  };
  struct node {
    state_ptr<task_state> task;
    const job* child = nullptr;  // of its gather; null: the task's own strand
    std::source_location at;     // of one that waits itself: where
    const waiter* waits_in = nullptr;
    const void* resource = nullptr;
    std::vector<edge> waits_for;
  };
  /// Each waits for the next, and the last for the first.
  using circle = std::vector<std::size_t>;

  explicit wait_graph(const tasks_by_number& tasks) : tasks_(tasks) {}
  /// What strands_of gave of a task. Keeps what it awaits.
  void add(const state_ptr<task_state>& t, const suspended_strands& its);
  /// When all have been added.
  void connect();

  const node& operator[](std::size_t i) const noexcept { return nodes_[i]; }
  /// Each circle once, as it is found from the task that was added first. Of those that share a part, one at least.
  std::vector<circle> circles() const;
  /// "a waits for a lock that b holds, b awaits a"
  std::string text_of(const circle& c) const;
  /// All of it stands so at one moment. Of circles through results and locks only, of strands that stand in no time limit,
  /// cancel_scope or group: false for others. Any thread that holds no lock.
  bool holds_now(const circle& c) const;
  /// Whose circle it is, whatever its first is.
  std::vector<std::pair<std::uint64_t, const job*>> key_of(const circle& c) const;

 private:
  std::size_t node_of(const state_ptr<task_state>& t, const job* child);
  /// Or none.
  const std::size_t* find(task_state* t, const job* child) const noexcept;
  because why(std::size_t from, std::size_t to) const noexcept;
  std::string name_of(std::size_t i) const;

  const tasks_by_number& tasks_;
  std::vector<node> nodes_;
  std::map<std::pair<task_state*, const job*>, std::size_t> places_;
  struct wanted {
    std::size_t from;
    awaited what;
    const void* resource;
    state_ptr<shared_state> target;
  };
  std::vector<wanted> wanted_;
};

}  // namespace jay::detail
