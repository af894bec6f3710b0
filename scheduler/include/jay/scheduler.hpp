// SPDX-License-Identifier: MIT
// The scheduler: one thread per worker, a deque each, and the queues for jobs that come from outside. Complete without
// I/O; jay::run and jay::event_loop (in the io library) own one together with the I/O threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <jay/detail/job.hpp>
#include <jay/detail/driver.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler_config.hpp>

namespace jay {

enum class priority { low, normal, high };
class task_options;

/// What went wrong where nobody could be told by an exception.
struct exception_context {
  std::string message;
  std::exception_ptr exception;
  std::string task_name;
};

namespace detail {
struct scheduler_core;
class services;
struct task_state;
}  // namespace detail

/// How long the oldest job of a kind has waited, to within the 2 ms between two looks.
struct queue_wait {
  std::chrono::microseconds now{};    ///< at the last look
  std::chrono::microseconds worst{};  ///< at any look
};

struct scheduler_statistics {
  std::uint64_t jobs = 0;    ///< resumptions by the workers' loops, and at home_threads
  std::uint64_t steals = 0;
  std::uint64_t parks = 0;
  std::uint64_t wakes = 0;
  queue_wait own;     ///< in a worker's own queue: children of a gather that have not begun count too
  queue_wait ready;   ///< made ready by I/O, or of high priority
  queue_wait shared;  ///< made or woken by other threads
  queue_wait later;   ///< have given way
  queue_wait low;     ///< of low priority
};

class JAY_API scheduler {
 public:
  /// Starts the workers. Fewer than asked for if the system refuses threads (a warning says so); std::system_error if it
  /// refuses all.
  explicit scheduler(const scheduler_config& config = {}, const debug_config& debug = {});
  scheduler(const scheduler&) = delete;
  /// All tasks must have ended (see drain). Ends the services and the workers; jobs still queued are dropped. In the child
  /// of a fork, which has none of the threads, it lets everything be.
  ~scheduler();

  std::size_t workers() const noexcept;
  const scheduler_config& config() const noexcept;
  const debug_config& debug() const noexcept;
  /// Debug mode from now on, or no longer; in the beginning it is debug().enabled.
  void set_debug(bool on);
  bool debugging() const noexcept { return debugging_.load(std::memory_order_relaxed); }  // relaxed: see set_debug

  /// Called with the options of each task before it is made, by whoever makes it; it may change them. What it throws,
  /// create_task throws. {}: there is none.
  using task_factory_function = std::function<void(task_options&)>;
  void set_task_factory(task_factory_function factory);
  task_factory_function task_factory() const;
  /// Each task that is made has something done for it: there is a factory, or it is debug mode. relaxed: a hint
  bool notices_tasks() const noexcept { return notices_tasks_.load(std::memory_order_relaxed); }
  task_options by_task_factory(const task_options& o);
  scheduler_statistics statistics() const noexcept;

  /// Cancels every task and waits until all have ended, then closes the async_generators that are left, and waits for their
  /// exits. At most until the deadline given; false: some have not ended, and `stuck` gets their names. Called by a thread that is no worker. std::runtime_error in the child of a fork.
  bool drain(std::chrono::steady_clock::duration limit, std::string* stuck = nullptr);

  /// Every worker sleeps and every queue is empty.
  bool quiet() const noexcept;
  /// The same, but that something stands at a home_thread, or runs there.
  bool quiet_but_for_homes() const noexcept;
  /// For each task that has not ended: its name, where it was suspended last, and what it waits for if it still is; in debug
  /// mode also who holds the lock that it waits for. Then the circles of tasks that wait for each other.
  std::string pending_tasks();

  /// Called for errors nobody can receive; the default prints one line to stderr. {} restores the default.
  void set_exception_handler(std::function<void(const exception_context&)> handler);
  void call_exception_handler(const exception_context& context) noexcept;
  /// Empty: the default.
  std::function<void(const exception_context&)> exception_handler() const;
  static void default_exception_handler(const exception_context& context) noexcept;

  /// Waits until every worker has ended the job that it is at; until go_on they begin none. By a thread that is no worker,
  /// one at a time. What is queued meanwhile stays where it is.
  void stand_still() noexcept;
  void go_on() noexcept;
  /// order = "asyncio": its worker runs what is queued now, and stands again.
  void go_on_for_a_turn() noexcept;
  /// The first part of stand_still, which waits for nothing; any thread. With order = "asyncio" the worker stands when it has
  /// run what is queued now, at the end of the turn.
  void ask_to_stand() noexcept;
  bool stands() const noexcept;
  /// Blocks until go_on, if they stand or are to.
  void wait_while_it_stands() noexcept;

  detail::scheduler_core& core() noexcept { return *core_; }
  const detail::scheduler_core& core() const noexcept { return *core_; }
  /// What hangs on it and ends with it: see detail/services.hpp.
  detail::services& services() noexcept { return *services_; }
  /// No other scheduler of this process has it, or will have it. Not 0.
  std::uint64_t number() const noexcept { return number_; }

 private:
  std::unique_ptr<detail::scheduler_core> core_;
  detail::services* services_;  // of the core
  std::uint64_t number_;
  std::atomic<bool> debugging_{false}, notices_tasks_{false};
};

/// scheduler::set_exception_handler of the runtime that the calling task runs in: what asyncio's
/// get_running_loop().set_exception_handler(f) does. Throws std::runtime_error where no runtime is running.
JAY_API void set_exception_handler(std::function<void(const exception_context&)> handler);

namespace detail {

/// A scheduler that may have gone. Another may stand at its address then, but has another number. See live_schedulers.
struct scheduler_ref {
  scheduler_ref(scheduler* s = nullptr) noexcept : at(s), number(s ? s->number() : 0) {}
  scheduler* at;
  std::uint64_t number;  // 0: there was none
};

/// To s's exception handler, or by default where s is null or gone. Where there is no memory for more, a line that has the
/// message and the exception. `t`: whose name it tells; may be null.
JAY_API void report(const scheduler_ref& s, const char* message, const std::exception_ptr& e, task_state* t) noexcept;

/// Makes the job runnable: on the calling worker's own deque if it is one of s's workers, else through the shared queue
/// of this priority.
JAY_API void schedule(scheduler& s, job* j) noexcept;
JAY_API void schedule(scheduler& s, job* j, priority p) noexcept;
/// At the end of the first-in-first-out queue: behind what is runnable now.
JAY_API void schedule_last(scheduler& s, job* j) noexcept;
/// What I/O has made ready: before the forks of every worker.
JAY_API void schedule_ready(scheduler& s, job* const* jobs, std::size_t n) noexcept;
/// The same for an I/O thread that will take them itself: nobody is called, but who looks for work may have them. If it
/// leaves some it calls for them.
JAY_API void put_ready(scheduler& s, job* const* jobs, std::size_t n) noexcept;
JAY_API job* take_ready(scheduler& s) noexcept;
/// False: there is nothing.
JAY_API bool call_for_ready(scheduler& s) noexcept;

/// Runs a job on the calling thread, which is w's, until it comes back.
JAY_API void run_job(worker& w, job* j) noexcept;
/// How many forks lie between this process and the first: what was made at another count has its threads in a parent.
JAY_API std::uint32_t forks() noexcept;
JAY_API bool stayed_in_parent(const scheduler& s) noexcept;
/// Throws std::runtime_error if it did; `what` was called.
JAY_API void check_not_forked(const scheduler& s, const char* what);

/// order = "asyncio": timers are due. Its worker fires them at its next turn, behind what is queued then.
JAY_API void fire_at_next_turn(scheduler& s) noexcept;

/// All calls before the first task, or after drain.
JAY_API void set_driver(scheduler& s, driver* d) noexcept;

/// The scheduler that the calling thread works for, or null.
inline scheduler* current_scheduler() noexcept { return this_worker ? this_worker->sched : nullptr; }

}  // namespace detail
}  // namespace jay
