// SPDX-License-Identifier: MIT
// A task: a root coroutine with a scope, a name, a context and a result that handles share.
//
// Who keeps it: the runtime, from create_task until the coroutine has ended (so a dropped handle never stops a task),
// and each handle. Its coroutine's frame goes when the coroutine ends, before the waiters are woken.
#pragma once

#include <atomic>
#include <new>
#include <source_location>

#include <jay/detail/scope.hpp>
#include <jay/detail/shared_state.hpp>
#include <jay/scheduler.hpp>

namespace jay {
class task_group;
}

namespace jay::detail {

struct group_member;
struct context_map;  // context_var.hpp
JAY_API void retain_context(context_map* c) noexcept;
JAY_API void release_context(context_map* c) noexcept;

/// As a job it starts the task: the place where a cancel that came before is noticed, and nothing of the body runs.
struct JAY_API task_state : shared_state, job {
  task_state(scheduler& s, priority p);

  // Its size is what a task costs: these small ones stand in root's tail.
  [[no_unique_address]] scope root;
  jay::priority prio : 8;
  atomic<std::uint8_t> flags{0};  // relaxed: each bit has one writer, and its readers learn of the task after that
  static constexpr std::uint8_t is_eager = 1;    // launch
  static constexpr std::uint8_t is_drained = 2;  // scheduler::drain has cancelled it; for itself
  static constexpr std::uint8_t in_group = 4;    // launch
  static constexpr std::uint8_t by_itself = 8;   // it has cancelled itself; its own code
  atomic<std::int32_t> cancel_requests{0};  // relaxed: a number; a cancel itself is told under the scope's lock
  job* frame = nullptr;  // until it starts
  context_map* context = nullptr;
  task_state* registry_next = nullptr;
  task_state* registry_prev = nullptr;
  std::uint64_t number : 48 = 0;  // "Task-<number>"
  std::uint64_t shard : 16 = 0;   // of the registry
  std::atomic<std::source_location> waits_at{std::source_location()};  // relaxed: the last suspension, for reports

  bool cancel_unseen() const noexcept override {
    // relaxed: asked by who knows that it is done, or under the mutex
    return state.load(std::memory_order_relaxed) != status::cancelled && root.word.pending();
  }
  std::string get_name();
  void set_name(std::string n);
  /// What the coroutine left in its outcome: a value, or an error?
  virtual bool failed() const noexcept = 0;
  /// It has ended as cancelled, and nobody will read what it gave.
  virtual void drop_value() noexcept = 0;
  /// Of one that is in a group.
  virtual group_member& membership() noexcept = 0;

 protected:
  ~task_state() override;
  bool do_cancel(const std::string& message, cancel_walk& w) noexcept override;
  void destroy() noexcept override;
};

static_assert(sizeof(void*) != 8 || sizeof(task_state) <= 176, "a task is kept small: docs/architecture.md");

template <class T>
struct task_block : task_state, pooled {
  using task_state::task_state;
  ~task_block() override { result.reset(); }
  outcome<T> result;

  bool failed() const noexcept override { return result.state() == outcome_state::error; }
  void drop_value() noexcept override { result.reset(); }
  const std::exception_ptr& error() const noexcept override { return result.error(); }
  group_member& membership() noexcept override { std::terminate(); }
};

/// What a task in a group has beyond others.
struct group_member {
  task_group* group = nullptr;
  task_state* task = nullptr;
  group_member* next = nullptr;  // links of the group's list; guarded by its lock
  group_member** link = nullptr;
};
template <class T>
struct grouped_block final : task_block<T> {
  grouped_block(scheduler& s, priority p, task_group& g) : task_block<T>(s, p) {
    member.group = &g;
    member.task = this;
    this->flags.store(task_state::in_group, std::memory_order_relaxed);
  }
  group_member member;
  group_member& membership() noexcept override { return member; }
};

/// Binds the coroutine to the task and makes it runnable; from here on one of its two references is the runtime's.
/// Throws std::runtime_error, with nothing begun, when the scheduler is draining or the task's group takes no more.
JAY_API void launch(task_state& t, job* frame, bool eager);
/// Debug mode: notes who made the task. Where there is no memory for it, nothing.
JAY_API void note_origin(task_state& t) noexcept;
/// The task that this job starts, or null if it is another kind of job.
task_state* task_of_start(job* j) noexcept;
/// The task whose code is running on this thread, or null.
JAY_API task_state* current_task_state() noexcept;
JAY_API scope* current_scope() noexcept;

}  // namespace jay::detail
