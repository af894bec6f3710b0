// SPDX-License-Identifier: MIT
// Whom the kernel runs first. Of the threads that it owes time it takes the one whose slice would end first; so an I/O
// thread that wakes up beside a worker that computes goes first if its slice is short and the worker's is long. With equal
// slices one event in a hundred waits until something else happens to interrupt the worker, or until its slice is over
// (1.4 ms on two processors). How much time each gets in the end does not change.
//
// A long slice has a price: who wakes up with one goes last, and who shares its processor waits as long. So a worker has one
// only while it computes and has its processor for itself: the ticker looks every 20 ms, gives it to a worker that has used
// three quarters of them, and takes it back from one that has not; the worker gives it back before it sleeps. (With 100 ms for
// every worker, always, a task that a second worker should have taken at once began 100 to 250 ms late beside one busy
// process.) And it is no longer than it needs to be: the chance that a worker's slice would end before
// an I/O thread's is the quotient of the two.
#pragma once

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace jay::detail {

inline constexpr std::chrono::nanoseconds io_slice{100'000};           // the kernel's least
inline constexpr std::chrono::nanoseconds computing_slice{10'000'000};
inline constexpr std::chrono::nanoseconds default_slice{0};            // whatever the kernel gives

/// Asks for such slices for a thread of this process (0: this one), but not for the processes and threads that it starts.
/// Nothing happens before Linux 6.12, to a real-time thread, and to one that is preferred already: that its children would
/// lose.
inline void ask_for_slices(pid_t thread, std::chrono::nanoseconds length) noexcept {
  struct {  // sched_attr of sched_setattr(2), which the C library does not declare
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } a{};
  if (::syscall(SYS_sched_getattr, thread, &a, sizeof a, 0) != 0 || a.policy != SCHED_OTHER || a.nice < 0) return;
  a.size = sizeof a;
  a.flags = 1;  // SCHED_FLAG_RESET_ON_FORK
  a.runtime = static_cast<std::uint64_t>(length.count());
  ::syscall(SYS_sched_setattr, thread, &a, 0);
}

}  // namespace jay::detail
