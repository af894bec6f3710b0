// SPDX-License-Identifier: MIT
// What an event_loop shares with its handles: the calls that wait, and whether a run is under way.
//
// order = "asyncio": a call is a job of the one worker, whose queue is asyncio's. stop() asks the worker to stand, which it
// does at the end of the turn; so what is queued when the loop stops is called, and what these queue waits for the next run.
// Otherwise the calls stand in a line of their own, and one job, the line's, takes them off: in order, and never two at once,
// whichever worker runs it. It takes what stands there as one turn, and looks after it whether the loop is to stop.
//
// A run begins and ends under gate_, by the thread that runs. `fresh` is a loop that nothing was given yet: its workers look
// for work, and nothing has to be waited for. The first that gives it something has them stand, so that nothing is called
// before the run; so does a first run that is not the last.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>

#include <jay/detail/export.hpp>
#include <jay/detail/job.hpp>
#include <jay/detail/scheduled_call.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

class JAY_API loop_core : job {
 public:
  explicit loop_core(scheduler& s);

  /// Keeps what the loop stands on while something is given to it. Throws std::runtime_error if it is closed.
  class JAY_API use {
   public:
    use(loop_core& of, const char* what);
    use(const use&) = delete;
    ~use();

   private:
    loop_core& of_;
  };

  /// With a use. They take over one reference.
  void soon(scheduled_call& c) noexcept;
  void at(scheduled_call& c, time_point when);

  bool runs() const noexcept { return state_.load(std::memory_order_acquire) == runs_now; }  // [LC1] acquire
  bool closed() const noexcept;
  void stop() noexcept;
  /// When it is closed: the monotonic clock's.
  time_point time() noexcept;

  // ---- by the thread that runs it ----
  /// Throws std::runtime_error if it runs already, or is closed. `last`: it does not stand still after this run.
  void begin_run(const char* what, bool last);
  void go();
  void end_run() noexcept;
  /// Instead, before anything was given to it: a run of its own, which stop() does not end, up to end_run.
  void run_by_itself() noexcept;
  std::uint64_t run_number() const noexcept { return number_; }
  /// What the run waits for has come; of another run: nothing.
  void main_has_ended(std::uint64_t run) noexcept;
  /// [LC2] acquire: with tell
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// A keyboard_interrupt that a call has thrown, or null; after the run.
  std::exception_ptr take_interrupt() noexcept;

  /// Throws std::runtime_error if it runs. From here on tasks may end; what waits is dropped.
  void begin_close();
  /// All tasks have ended; from here on every use is refused.
  void close() noexcept;
  /// In the child of a fork: nothing is left of it but what there is to remember.
  void abandon() noexcept { closed_ = true; }

 private:
  friend class scheduled_call;
  enum state : std::uint8_t { fresh, stands, runs_now, closes };

  static void run_line(job* j);
  void line_has_come() noexcept;
  bool append(scheduled_call& c) noexcept;  // true: the line's job is to be queued
  void link(scheduled_call& c) noexcept;
  void unlink(scheduled_call& c) noexcept;
  void drop_all() noexcept;
  bool enter() noexcept;
  void leave() noexcept;
  void settle() noexcept;
  void stand_still() noexcept;
  void tell() noexcept;
  void keep_interrupt(std::exception_ptr e) noexcept;

  scheduler& sched_;
  const bool in_order_;
  const bool seeded_;  // jay::testing::run: it stands still from the beginning, and stands again by itself
  std::mutex gate_;                  // a run begins or ends, or the loop closes
  atomic<std::uint8_t> state_{fresh};  // written under gate_
  std::uint64_t number_ = 0;         // of the run; of the thread that runs
  bool last_ = false, stood_ = false;  // the same
  atomic<bool> ended_{false};

  mutable spin_mutex mutex_;  // guards what follows
  scheduled_call* all_ = nullptr;
  scheduled_call* due_ = nullptr;
  scheduled_call** due_end_ = &due_;
  bool open_ = false;        // a run is under way: the line moves
  bool queued_ = false;      // the line's job is queued, or runs
  bool stop_asked_ = false;  // also before the run
  bool closing_ = false;     // the last run is over: what is left ends
  bool closed_ = false;
  std::uint32_t users_ = 0;
  std::uint64_t told_run_ = 0;  // the run that is under way, for main_has_ended
  std::exception_ptr interrupt_;

  scheduled_call* turn_ = nullptr;  // the line's job's: what it has taken
};

}  // namespace jay::detail
