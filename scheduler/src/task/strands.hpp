// SPDX-License-Identifier: MIT
// Where the strands of a task stand that are suspended, and who awaits a task or a future: what call graphs and the report
// "every task is blocked" are made of.
//
// A suspended strand is kept where it is while its frames are copied. The scope's lock keeps every forked strand that stands in
// `suspended`: to go on it has to leave that list. The root strand is kept by its word (cancel_word::hold): whoever completes
// its wait waits until it is let go. An inner scope stands as long as the strand at its passage cannot leave it, and so it is
// looked into with the outer scope's lock held.
//
// A completer that waits for a word may hold the lock of a resource. So nothing is called here that takes one, or runs a
// user's code, while a word is held; and what is copied is bounded.
//
// Lock order: resource -> scope -> scope of an inner_scope in it. With a target's mutex, that of a wait_set that watches it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <unordered_map>
#include <vector>

#include <jay/detail/task_state.hpp>

namespace jay::detail {

/// The longest that is copied of a strand, and how many strands of a task.
inline constexpr std::size_t most_frames = 1000, most_strands = 100;

struct suspended_strand {
  std::vector<std::source_location> frames;  // the innermost first, up to the task's root
  std::size_t below = 0;                     // of a forked strand: so many of them below the outermost join
  bool forked = false;
  bool shortened = false;                    // there are more frames
  awaited what = awaited::unknown;
  state_ptr<shared_state> target;            // what it awaits, if that is a task or a future
  const void* resource = nullptr;            // the lock, rw_lock or task_group that it waits for; only to be compared
  const waiter* at = nullptr;                // the same
  // Of a forked strand: the children of the joins above it, the innermost first; only to be compared. Not all if `shortened`.
  std::vector<const job*> children;
};

/// The tasks of a runtime that have not ended.
class tasks_by_number {
 public:
  explicit tasks_by_number(std::vector<state_ptr<task_state>> all);
  /// Null: it is none of these.
  task_state* find(std::uint64_t scheduler, std::uint64_t number) const noexcept;
  /// Whether they are of this one.
  bool of(std::uint64_t scheduler) const noexcept { return scheduler == scheduler_; }
  const std::vector<state_ptr<task_state>>& all() const noexcept { return all_; }

 private:
  std::vector<state_ptr<task_state>> all_;
  std::unordered_map<std::uint64_t, task_state*> numbers_;
  std::uint64_t scheduler_ = 0;
};

struct suspended_strands {
  std::vector<suspended_strand> strands;
  std::size_t more = 0;  // strands beside these
};

/// Empty: the task runs, is about to, or has ended. `most`: frames of each that are copied. Any thread that holds no lock; throws
/// std::bad_alloc.
suspended_strands strands_of(task_state& t, std::size_t most = most_frames);

/// The child of the innermost join above a frame of the strand that runs, or that is kept where it is; null where there is none.
/// Where that is more than most_frames away, an address that no child has.
const job* child_of_gather(job* frame) noexcept;
/// The lock or rw_lock that one suspended in l waits for, or null.
const void* lock_awaited_in(waiter& l) noexcept;

/// The tasks that wait for it. Any thread that holds no lock; throws std::bad_alloc.
std::vector<state_ptr<task_state>> awaiting(shared_state& s);

/// "queue.get", "Task-3"; empty if it is not known.
std::string name_of(const suspended_strand& s);
/// Debug mode: who holds the lock that it waits for, and where that was acquired: "Task-3 (f, a.cpp:12)".
std::vector<std::string> holders_of(const suspended_strand& s, const tasks_by_number& tasks);

}  // namespace jay::detail
