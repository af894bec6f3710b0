// SPDX-License-Identifier: MIT
// What makes an island a home: its job runs on one thread, the user's, that asks for it (jay::home_thread).
//
// A frame comes to a home as to every island (island.hpp): whoever takes it from a queue brings it. What differs is who has
// the job. On a strand the bringer that finds it not taken runs it, or queues it. Here the bringer rings: it makes the file
// descriptor readable. The home's thread then runs the frames in poll(), each in a worker that lasts as long as the call and
// is to the scheduler what an I/O thread is: forks and wakes hand on to the workers.
//
//   who brings a frame                         the home's thread, before each step of poll()
//   [HB1] locks; puts the frame;               [HP1] reads the descriptor empty, if this frame is the last that stands
//         taken_ := true; unlocks              [HP2] locks; takes the frame; taken_ := whether others stand; unlocks
//   [HB2] rings, if it was not taken           [HP3] rings, if HP1 was done and others stand
//
// So the descriptor is readable as long as frames stand here, also in the middle of a step: a step may itself wait for the
// descriptor and call poll(), as a nested loop (a modal dialog) does. The inner call has a worker of its own. A frame that is
// put before HP1 keeps it from being done. One that is put between HP1 and HP2 is rung for by HP3, whether its bringer finds it
// taken or rings before HP1. One that is put after HP2 finds taken_ not set and rings, or finds it set and the descriptor
// readable. A poll() that finds nothing reads the descriptor empty too, looks again, and rings if a frame has come meanwhile:
// a bringer may be slow between HB1 and HB2, when its frame has been run by a poll() that nobody had rung for. It holds the
// island until it has rung, as the frame that it has brought may be gone.
//
// What a poll() runs is bounded by what stood there when it began, so that the foreign loop around it goes on.
//
// Who leaves goes to a queue, and never on in place: the thread is not ours to compute with.
//
// The end. `bound` counts, for each task, its coroutines that have moved here and not away. close() says that the home has
// ended, under the same lock: who comes later is refused before it has moved, so nobody stands here whom nobody will run.
// It cancels the tasks that are bound, and runs what comes until none is. So it ends as a run ends: what was cancelled cleans
// up, on its thread. A frame can be here only for a coroutine that is bound, so none is left behind.
//
// The scheduler's side. Its end waits until no frame of it is at a home or on the way there (callers, [SC1]: counted from
// HB1 until it has come back). A scheduler that stands runs nothing here either:
//
//   the home's thread                          who makes them stand still
//   [HS1] home_steps + 1                       [SS1] the word becomes odd
//   [HS2] it is odd: gives the frame back to   [HS3] waits until home_steps is 0
//         a queue of the scheduler; home_steps - 1
//
// All are seq_cst, so HS2 sees SS1, or HS3 sees HS1.
#pragma once

#include <cstddef>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <jay/detail/shared_state.hpp>
#include <jay/detail/sync.hpp>
#include <jay/detail/task_state.hpp>

namespace jay::detail {

class home_core {
 public:
  /// Of the calling thread. Throws std::system_error.
  home_core();
  home_core(const home_core&) = delete;
  ~home_core();

  bool is_here() const noexcept { return std::this_thread::get_id() == thread_; }
  /// Throws std::runtime_error: not the home's thread, or a process that was forked since. `what` was called.
  void check_here(const char* what) const;
  bool forked() const noexcept;

  int fd() const noexcept { return fd_; }
  /// Makes the descriptor readable.
  void ring() noexcept;
  /// [HP1]
  void clear() noexcept;
  /// Until it is readable, at most so many ms; -1: for ever. False: the time has passed.
  bool wait(int ms) const noexcept;
  /// A ring calls f too, from now on: for a thread that waits in something else than the descriptor.
  void also_call(void (*f)()) noexcept { also_.store(f, std::memory_order_release); }  // [HR1] release: with ring

  /// A coroutine of the task comes here. Throws std::runtime_error when the home has ended, and std::bad_alloc.
  void bind(task_state* t);
  void unbind(task_state* t) noexcept;

  using tasks = std::vector<state_ptr<task_state>>;
  /// From now on nobody comes. Gives who is bound. Throws std::runtime_error, and has not ended, if one of them cannot go on
  /// as its event loop stands.
  tasks end();
  tasks bound();
  bool ended() const noexcept;
  bool empty() const noexcept;

  // relaxed: whoever sets it rings, which orders it
  atomic<bool> stop{false};

 private:
  const std::thread::id thread_ = std::this_thread::get_id();
  const std::uint32_t made_at_;  // the number of forks
  const int fd_;
  atomic<void (*)()> also_{nullptr};
  mutable std::mutex mutex_;
  bool ended_ = false;  // guarded by mutex_, as what follows
  std::unordered_map<task_state*, std::size_t> bound_;
};

}  // namespace jay::detail
