// SPDX-License-Identifier: MIT
// A malloc whose n-th call from now on fails, on whatever thread, once. To be included by one file of the program.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>

extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;
}

namespace jay::testing {

inline std::atomic<long> allocations_left{-1};  // negative: none fails

inline bool allocation_fails() noexcept {
  if (allocations_left.load(std::memory_order_relaxed) < 0) return false;
  if (allocations_left.fetch_sub(1, std::memory_order_relaxed) != 0) return false;
  errno = ENOMEM;
  return true;
}

/// The n-th allocation from now on (from 0) fails.
inline void fail_allocation(long n) noexcept { allocations_left.store(n); }
/// None fails any more; whether one has.
inline bool stop_failing() noexcept { return allocations_left.exchange(-1) < 0; }

}  // namespace jay::testing

extern "C" {
void* malloc(std::size_t n) noexcept { return jay::testing::allocation_fails() ? nullptr : __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t size) noexcept {
  return jay::testing::allocation_fails() ? nullptr : __libc_calloc(n, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  return jay::testing::allocation_fails() ? nullptr : __libc_memalign(alignment, n);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t n) noexcept {
  if (jay::testing::allocation_fails()) return ENOMEM;
  *p = __libc_memalign(alignment, n);
  return *p ? 0 : ENOMEM;
}
}
