// SPDX-License-Identifier: MIT
#include <jay/detail/sync.hpp>

#include <cerrno>
#include <ctime>

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace jay::detail {
namespace {

#if !JAY_TSAN
long membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0); }
#endif

std::uint32_t* address(atomic<std::uint32_t>& word) noexcept { return reinterpret_cast<std::uint32_t*>(&word); }

}  // namespace

#if JAY_TSAN
bool use_asymmetric_fences(bool) noexcept { return false; }
#else
bool full_fences = true;

void membarrier_all() noexcept { membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); }

bool use_asymmetric_fences(bool wanted) noexcept {
  bool available = wanted && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  full_fences = !available;
  return available;
}
#endif

void futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  ::syscall(SYS_futex, address(word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

bool futex_wait_until_ns(atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline) noexcept {
  timespec at{static_cast<time_t>(deadline / 1'000'000'000), static_cast<long>(deadline % 1'000'000'000)};
  // WAIT_BITSET takes an absolute time on the monotonic clock, which steady_clock is here
  long r = ::syscall(SYS_futex, address(word), FUTEX_WAIT_BITSET_PRIVATE, expected, &at, nullptr,
                     FUTEX_BITSET_MATCH_ANY);
  return !(r < 0 && errno == ETIMEDOUT);
}

void futex_wake(atomic<std::uint32_t>& word, int count) noexcept {
  ::syscall(SYS_futex, address(word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

void thread_yield() noexcept { ::sched_yield(); }

}  // namespace jay::detail
