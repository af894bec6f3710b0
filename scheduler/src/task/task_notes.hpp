// SPDX-License-Identifier: MIT
// Debug mode: who made a task, and through which coroutines an exception went.
//
// An exception that leaves a coroutine goes to the one that awaits it, from there, if that does not catch it, to the next, and
// at last to the task. All of them are there when it leaves the first one, suspended in their awaits, so the way is noted then,
// whole, with the task. It is noted again where an exception leaves a coroutine that is not on the noted way, or where it is
// another exception. That it is the same one is known by its address: the last that was noted on a thread is kept to the end
// of the step, so that no other comes to that address while the coroutines on the way go on one after the other.
//
// A way may be wrong in one case: an exception is caught, the coroutine waits, comes back to the very same await, and then
// throws one of its own, at the same address. What is told is then a way that the first one really took.
#pragma once

#include <cstdint>
#include <exception>
#include <source_location>
#include <string>
#include <vector>

#include <jay/detail/task_state.hpp>

namespace jay::detail {

struct task_origin {
  std::string creator;
  std::source_location at;  // where the creator's step had begun
};

struct await_chain {
  const void* exception = nullptr;  // only its address
  std::vector<std::source_location> places;  // the innermost first
  std::vector<job*> frames;                  // theirs; only to be compared
  bool shortened = false;
};

/// "f (a.cpp:12)"; "an unknown place" of none.
std::string place_of(const std::source_location& at);
/// "Task-1 (f, a.cpp:12)"; empty if it is not known.
std::string origin_of(task_state& t);
/// Its exception is reported as never retrieved. Takes memory only in debug mode.
void report_unretrieved(task_state& t) noexcept;
/// "; dropped by Task-1, which had gone on in f (a.cpp:12)"; empty outside a task.
std::string dropped_here();
/// The step is over: the last exception that was noted on this thread may go.
void forget_thrown() noexcept;

}  // namespace jay::detail
