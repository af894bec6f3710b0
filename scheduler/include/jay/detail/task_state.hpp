// SPDX-License-Identifier: MIT
// A task: a root coroutine with a scope, a name, a context and a result that handles share.
//
// Who keeps it: the runtime, from create_task until the coroutine has ended (so a dropped handle never stops a task),
// and each handle. Its coroutine's frame goes when the coroutine ends, before the waiters are woken.
#pragma once

#include <atomic>
#include <source_location>

#include <jay/detail/scope.hpp>
#include <jay/detail/shared_state.hpp>
#include <jay/scheduler.hpp>

namespace jay {
class task_group;
}

namespace jay::detail {

struct context_map;  // context_var.hpp
JAY_API void retain_context(context_map* c) noexcept;
JAY_API void release_context(context_map* c) noexcept;

/// As a job it starts the task: the place where a cancel that came before is noticed, and nothing of the body runs.
struct JAY_API task_state : shared_state, job {
  task_state(scheduler& s, priority p);

  scope root;
  job* frame = nullptr;         // until it ends
  context_map* context = nullptr;
  task_state* registry_next = nullptr;
  task_state* registry_prev = nullptr;
  task_group* group = nullptr;  // that it is in
  task_state* group_next = nullptr;  // links of the group's list; guarded by its lock
  task_state** group_link = nullptr;
  std::string* name = nullptr;  // guarded by mutex
  std::uint64_t number = 0;     // "Task-<number>"
  atomic<std::int32_t> cancel_requests{0};
  std::uint16_t shard = 0;
  jay::priority prio;
  atomic<std::uint8_t> flags{0};  // relaxed: each bit has one writer, and its readers learn of the task after that
  static constexpr std::uint8_t is_eager = 1;  // launch
  static constexpr std::uint8_t is_drained = 2;  // scheduler::drain has cancelled it; for itself
  std::atomic<std::source_location> waits_at{std::source_location()};  // the last suspension, for reports

  bool cancel_unseen() const noexcept override { return root.word.pending(); }
  std::string get_name() const;
  void set_name(std::string n);
  /// What the coroutine left in its outcome: the error, if any.
  virtual std::exception_ptr take_error() noexcept = 0;

 protected:
  ~task_state() override;
  bool do_cancel(const std::string& message) noexcept override;
};

template <class T>
struct task_block final : task_state {
  using task_state::task_state;
  outcome<T> result;

  static void* operator new(std::size_t n) { return frame_allocate(n); }
  static void operator delete(void* p, std::size_t n) noexcept { frame_free(p, n); }

  std::exception_ptr take_error() noexcept override {
    return result.state() == outcome_state::error ? result.take_error() : nullptr;
  }
};

/// Binds the coroutine to the task and makes it runnable; from here on one of its two references is the runtime's.
/// Throws std::runtime_error, with nothing begun, when the scheduler is draining or the task's group takes no more.
JAY_API void launch(task_state& t, job* frame, bool eager);
/// The task that this job starts, or null if it is another kind of job.
task_state* task_of_start(job* j) noexcept;
/// The task whose code is running on this thread, or null.
JAY_API task_state* current_task_state() noexcept;
JAY_API scope* current_scope() noexcept;

}  // namespace jay::detail
