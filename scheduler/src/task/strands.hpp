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
#include <source_location>
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
};

struct suspended_strands {
  std::vector<suspended_strand> strands;
  std::size_t more = 0;  // strands beside these
};

/// Empty: the task runs, is about to, or has ended. Any thread that holds no lock; throws std::bad_alloc.
suspended_strands strands_of(task_state& t);

/// The tasks that wait for it. Any thread that holds no lock; throws std::bad_alloc.
std::vector<state_ptr<task_state>> awaiting(shared_state& s);

/// "queue.get", "Task-3"; empty if it is not known.
std::string name_of(const suspended_strand& s);

}  // namespace jay::detail
