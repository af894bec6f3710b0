// SPDX-License-Identifier: MIT
// Whom the kernel runs first. Of the threads that it owes time it takes the one whose slice would end first; so an I/O
// thread that wakes up beside workers that never sleep goes first if its slice is short and theirs are long. With equal
// slices one event in a hundred waits until something else happens to interrupt the worker, or until its slice is over
// (1.4 ms on two processors). How much time each gets in the end does not change.
#pragma once

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace jay::detail {

inline constexpr std::chrono::nanoseconds shortest_slice{100'000}, longest_slice{100'000'000};  // the kernel's bounds

/// Asks for such slices for this thread, but not for the processes and threads that it starts. Nothing happens before
/// Linux 6.12, to a real-time thread, and to one that is preferred already: that its children would lose.
inline void ask_for_slices(std::chrono::nanoseconds length) noexcept {
  struct {  // sched_attr of sched_setattr(2), which the C library does not declare
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } a{};
  if (::syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0 || a.policy != SCHED_OTHER || a.nice < 0) return;
  a.size = sizeof a;
  a.flags = 1;  // SCHED_FLAG_RESET_ON_FORK
  a.runtime = static_cast<std::uint64_t>(length.count());
  ::syscall(SYS_sched_setattr, 0, &a, 0);
}

}  // namespace jay::detail
