// SPDX-License-Identifier: MIT
// The one seam to atomics, fences, futex and pause. The library is written against these names, so that the same
// source runs on the machine, under ThreadSanitizer and under the model checker (tests/model).
//
// Asymmetric fence: in a store-then-load race between a frequent side (a worker's push, pop) and a rare side (a thief, a
// thread about to park) the frequent side pays a compiler barrier only; the rare side makes every running thread of the
// process execute a full barrier (membarrier PRIVATE_EXPEDITED). Where the kernel refuses membarrier, or the user asks
// for it (scheduler.fence = "full"), both sides use an ordinary seq_cst fence. ThreadSanitizer and the model do not see
// through either, so there the orders stand on the operations: `asym_store`, `asym_load` are seq_cst.
#pragma once

#if JAY_MODEL
#include "model_sync.hpp"
#else

#include <atomic>
#include <cstdint>

#include <jay/detail/build.hpp>
#include <jay/detail/export.hpp>

namespace jay::detail {

template <class T>
using atomic = std::atomic<T>;

/// Data that a protocol, not an atomic, protects; the model checker puts a race detector in its place.
template <class T>
using plain = T;

#if JAY_TSAN
inline constexpr std::memory_order asym_store = std::memory_order_seq_cst;
inline constexpr std::memory_order asym_load = std::memory_order_seq_cst;
inline void asymmetric_light() noexcept {}
inline void asymmetric_heavy() noexcept {}
#else
inline constexpr std::memory_order asym_store = std::memory_order_release;
inline constexpr std::memory_order asym_load = std::memory_order_acquire;

/// True where both sides use ordinary fences; written before the first worker starts.
JAY_API extern bool full_fences;

JAY_API void membarrier_all() noexcept;

inline void asymmetric_light() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (full_fences) [[unlikely]] std::atomic_thread_fence(std::memory_order_seq_cst);
}
inline void asymmetric_heavy() noexcept {
  if (full_fences) [[unlikely]] std::atomic_thread_fence(std::memory_order_seq_cst);
  else membarrier_all();
}
#endif

/// Registers the process for membarrier; false: ordinary fences are used from now on.
JAY_API bool use_asymmetric_fences(bool wanted) noexcept;

/// Blocks while `word` holds `expected`; may return for no reason.
JAY_API void futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;
/// As futex_wait, at most until the deadline, of the steady clock; false: it has passed.
JAY_API bool futex_wait_until_ns(atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline) noexcept;
/// A template, so that not every coroutine has to read <chrono>.
template <class TimePoint>
bool futex_wait_until(atomic<std::uint32_t>& word, std::uint32_t expected, TimePoint deadline) noexcept {
  static_assert(TimePoint::clock::is_steady && TimePoint::period::den == 1'000'000'000);
  return futex_wait_until_ns(word, expected, deadline.time_since_epoch().count());
}
JAY_API void futex_wake(atomic<std::uint32_t>& word, int count) noexcept;
JAY_API void thread_yield() noexcept;

inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace jay::detail
#endif
