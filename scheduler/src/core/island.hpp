// SPDX-License-Identifier: MIT
// What a jay::strand is a handle of: frames that are to run one at a time, in the order in which they come.
//
// That a coroutine is on an island is one bit of its context word, which what it awaits inherits. So nothing that suspends,
// wakes or cancels knows of islands: a frame is woken, queued and stolen as any other. Only who takes it from a queue to run
// it (run_job) looks at the bit, and brings the frame here (enter_island). The code of such a frame then runs inside the
// island's own job, and so does all that it hands over to without a queue: what it awaits, the children that it forks and
// that nobody has stolen, whoever awaits it. Which island it is, the coroutine knows that has moved, by an entry of its
// exit_stack; it is found by a walk up the chain of awaits, whose frames are all suspended. That entry is the last of the
// coroutine's exits: it goes back to where whoever awaits the coroutine stands.
//
// taken_: the island's job stands in a queue, or runs; one party has it. Who brings a frame and finds it not taken has
// that job, and runs it or queues it. Who runs it gives it up when no frame is left, which both are decided under the lock:
// so a frame that is put in is either seen by who has the job, or its bringer has it. A frame has to leave before it runs
// code that is not the island's (leave): the job goes to a queue if others wait, and the job's run, which is still on the
// stack, ends when it gets there. The lock also orders the code of one frame before that of the next.
//
// Each coroutine that has moved here holds the island (move_entry::on). One is suspended here whenever the job is between
// two frames, or it has left: so the job needs no hold of its own.
//
// The frames may belong to several schedulers: the job is queued where the first of them is to run.
//
// The island of a jay::home_thread differs in who has the job, and in nothing else (home_core.hpp).
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <jay/detail/exit_stack.hpp>
#include <jay/detail/job.hpp>
#include <jay/detail/queue_items.hpp>
#include <jay/detail/scope.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

class home_core;

class island : job {
 public:
  island() noexcept;
  /// A home's.
  explicit island(std::unique_ptr<home_core> h) noexcept;
  island(const island&) = delete;

  void retain() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }  // relaxed: who takes another has one
  void release() noexcept {
    // acq_rel, with each other release: every holder's accesses come before the destruction
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  /// The frame, which is suspended, goes on here; it may be gone afterwards. Gives what the caller has to run next or to
  /// queue, null if nothing.
  job* admit(job* frame) noexcept;
  /// What runs here on this worker goes on elsewhere, at once.
  void leave(worker& w) noexcept;
  /// The calling thread runs its code now; of a home: is its thread.
  bool is_current() const noexcept;

  /// Null: it is a strand.
  home_core* its_home() const noexcept { return home_.get(); }
  /// By a home's thread: runs what waits, and gives how many that were. Throws std::bad_alloc; what has not run stays.
  std::size_t poll_home();

 private:
  ~island();
  static void run(job* j);
  static void drop(job* j);
  job* next(worker& w, bool may_go_on) noexcept;
  job* take_first() noexcept;
  bool run_one(worker& w, job* frame) noexcept;
  void count_at_home(job* frame) noexcept;
  std::pair<job*, std::size_t> at_home() noexcept;
  bool step_at_home(worker& w, job* frame) noexcept;

  const std::unique_ptr<home_core> home_;
  spin_mutex mutex_;
  bool taken_ = false;    // guarded by mutex_, as what follows
  job* first_ = nullptr;  // of those that wait
  cell_list rest_;
  atomic<std::uint32_t> holders_{1};
};

/// Of a coroutine that has moved.
struct move_entry final : exit_entry {
  move_entry(exit_stack& s, bool from_island) : of(s), came_from_island(from_island), back_(go_back()) {}
  task<bool> exit(std::exception_ptr) override { return std::move(back_); }

  exit_stack& of;
  const bool came_from_island;  // whoever awaits the coroutine is on one
  island* on = nullptr;         // null: on none

 private:
  task<bool> go_back();
  task<bool> back_;  // made beforehand: for want of memory nobody must stay
};
/// Made at the first call. Throws std::bad_alloc.
move_entry& place_of(exit_stack& s, bool on_island);

/// The island of a coroutine with this continuation, whose context says that it is on one.
island& island_of(std::uintptr_t continuation) noexcept;

/// The frame, which is on an island, has been taken from a queue to be run.
void enter_island(worker& w, job* frame) noexcept;

/// Where the frame is to run.
inline scheduler& scheduler_of(job* frame) noexcept { return scope_of(promise_of(frame).context)->sched(); }

/// The running coroutine, whose frame is given, goes on at `to` (null: on no island), and its context says so. True: it is
/// suspended, and may be gone.
bool go_to(island* from, island* to, job* frame) noexcept;

}  // namespace jay::detail
