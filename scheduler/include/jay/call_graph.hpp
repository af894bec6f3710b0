// SPDX-License-Identifier: MIT
// What a task is doing: where each of its coroutines stands, what it waits for, and who awaits it. Python 3.14's call graphs.
//
//   jay::print_call_graph(h);                      // to standard error
//   std::string text = jay::format_call_graph(h);
//   jay::future_call_graph g = h.call_graph();     // the same as data
//
// Any thread may ask, also one outside the runtime, while tasks come and go. What is told of one suspended task is exact for
// one moment: it is kept from going on meanwhile, for as long as its frames are counted. A task that runs, or is about to, is
// only said to be running: where it stands is known to its own thread alone. The tasks that await it are looked at one after
// the other, so between two of them things may have changed.
//
// Asking costs the task that is asked about some nanoseconds for each frame, and takes memory. Not asking costs nothing.
#pragma once

#include <cstdint>
#include <cstdio>
#include <iosfwd>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include <jay/future.hpp>
#include <jay/task_handle.hpp>

namespace jay {

/// One coroutine: its function, and the file and line of the await at which it stands.
struct frame_call_graph_entry {
  std::source_location frame;
};

/// A strand of coroutines that await each other: of a task, or of a child of its gather.
struct call_graph_strand {
  /// The innermost first, as in Python. Of a gather's child: without those that await the gather.
  std::vector<frame_call_graph_entry> call_stack;
  /// "lock.acquire", "queue.get", "Task-3", ...; empty if that is not known.
  std::string waits_for;
  /// The task that it awaits, if it awaits one.
  task_handle<> awaits;
  /// Debug mode: who holds the lock or rw_lock that it waits for, and where it was acquired: "Task-3 (f, a.cpp:12)". Empty:
  /// it waits for none, nobody holds it, or that is not known.
  std::vector<std::string> held_by;
  /// There are further frames, which were not captured.
  bool shortened = false;
};

enum class call_graph_state {
  running,    // or about to; or it awaits what is not jay's
  suspended,  // it waits
  done
};

/// A task or a future, and who awaits it. The strand's part is of the task itself: if `children` is not empty, it stands in a
/// gather, and these are the children that wait. Those that run are not among them.
struct future_call_graph : call_graph_strand {
  task_handle<> future;  // empty: it is a jay::future
  std::string name;      // of a future: "future"
  call_graph_state state = call_graph_state::running;
  /// Debug mode: who made the task, and where its step had begun: "Task-1 (f, a.cpp:12)". Empty: no task, or not known.
  std::string created_by;
  std::vector<call_graph_strand> children;
  /// How many children wait beside these.
  std::size_t more_children = 0;
  std::vector<future_call_graph> awaited_by;
  /// Who awaits this task stands elsewhere in the graph (tasks that await each other in a circle), or was left out.
  bool awaited_by_left_out = false;
};

/// `limit`: at most so many frames of each strand, the innermost; a negative one: the outermost. At most 1,000 frames of a
/// strand, 100 children and 1,000 tasks are captured. An empty handle: invalid_state_error.
JAY_API future_call_graph capture_call_graph(const task_handle_base& h, std::optional<int> limit = std::nullopt);
/// As Python writes it, in lines.
JAY_API std::string format_call_graph(const task_handle_base& h, std::optional<int> limit = std::nullopt);
/// The same of what was captured.
JAY_API std::string format_call_graph(const future_call_graph& g);
JAY_API void print_call_graph(const task_handle_base& h, std::FILE* stream = stderr, std::optional<int> limit = std::nullopt);
JAY_API void print_call_graph(const task_handle_base& h, std::ostream& stream, std::optional<int> limit = std::nullopt);

/// All tasks of this runtime (or of s) that have not ended, in the order in which they were made; at most 10,000. As a table
/// with a line for each; and as a tree, in which below a task stand its coroutines, and below these the tasks that they await.
/// What `jay ps PID` and `jay pstree PID` print (docs/guide.md). Any thread; each task is looked at at a moment of its own.
/// Outside a runtime, without s: std::runtime_error.
JAY_API std::string format_task_table();
JAY_API std::string format_task_table(scheduler& s);
JAY_API std::string format_task_tree();
JAY_API std::string format_task_tree(scheduler& s);

namespace detail {
JAY_API future_call_graph capture_call_graph(const state_ptr<shared_state>& s, std::optional<int> limit);
}

/// Of a future: it has no frames, and is awaited by tasks.
template <class T>
future_call_graph capture_call_graph(const future<T>& f, std::optional<int> limit = std::nullopt) {
  return detail::capture_call_graph(f.share(), limit);
}
template <class T>
std::string format_call_graph(const future<T>& f, std::optional<int> limit = std::nullopt) {
  return format_call_graph(capture_call_graph(f, limit));
}
template <class T>
void print_call_graph(const future<T>& f, std::FILE* stream = stderr, std::optional<int> limit = std::nullopt) {
  std::fputs(format_call_graph(f, limit).c_str(), stream);
}

}  // namespace jay
