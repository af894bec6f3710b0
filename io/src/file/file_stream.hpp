// SPDX-License-Identifier: MIT
// A file that cannot seek and tells by events when it can be read or written: a pipe, a FIFO, a terminal. It stands in a
// slot, as a socket does; what waits there is the side, reading or writing, with the operation whose turn it is. The others
// of that side stand in its queue, so that what one write gives stays together.
//
//   start          nobody's turn: it begins at once; else into the queue
//   an event       attempt, then ended: the operation is finished, the next one begins
//   cancel         in the queue: taken out;  waiting in the slot: taken out there (forget), the next one begins;
//                  being attempted: rearm finds cancel_wanted, or the operation ends with what it got
//
// Lock order: side -> slot. What the slot calls under its own lock (arm, rearm) takes no lock: whose turn it is changes
// only by the thread that has finished the one before.
//
// SIGPIPE. A write to a pipe that nobody reads sends SIGPIPE to the thread that writes, before write(2) gives EPIPE, and
// there is no flag against it as for sockets (RWF_NOSIGNAL is younger than the kernels this runs on). Ignoring the signal
// would be the process's business and not a library's: `prog | head` is to die of it, and a child process inherits what
// is ignored or blocked. So SIGPIPE is blocked in the writing thread around the one call, and what that call has made
// pending is taken by sigtimedwait before the mask is put back; one that was pending before stays. io_uring would send it
// either to the thread that submits or to a worker of its own that no mask of ours reaches, which is why these files never
// go there.
#pragma once

#include <jay/detail/fd_slot.hpp>
#include <jay/detail/file_operation.hpp>
#include <jay/detail/spin_mutex.hpp>

namespace jay::detail {

class file_stream final : public file_carrier {
 public:
  /// Takes the fd over (also if it throws, as it does with EPERM where the kernel knows no events of it).
  file_stream(int fd, bool is_fifo, reactor& r);

  void start(file_operation& op) noexcept override { side_of(op).start(op); }
  void cancel(file_operation& op) noexcept override { side_of(op).cancel(op); }

 private:
  class side final : public slot_operation {
   public:
    side(slot_ref ref, direction d, bool is_fifo) noexcept : ref_(ref), direction_(d), is_fifo_(is_fifo) {}
    void start(file_operation& op) noexcept;
    void cancel(file_operation& op) noexcept;

   private:
    io_step attempt() noexcept override;
    bool claim() noexcept override { return true; }
    bool arm() noexcept override;
    bool rearm() noexcept override;
    void closed() noexcept override;
    void ended(ready_list* out) noexcept override;

    void go_on(ready_list* out) noexcept;
    bool carry_out() noexcept;
    bool finish(ready_list* out) noexcept;

    const slot_ref ref_;
    const direction direction_;
    const bool is_fifo_;
    spin_mutex mutex_;
    file_operation* turn_ = nullptr;  // written under the lock, by who has finished the one before
    file_operation* waiting_ = nullptr;
    file_operation** waiting_end_ = &waiting_;
  };
  side& side_of(const file_operation& op) noexcept { return op.call == file_call::read ? reading_ : writing_; }

  fd_handle fd_;
  side reading_, writing_;
};

}  // namespace jay::detail
