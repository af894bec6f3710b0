// SPDX-License-Identifier: MIT
// Debug mode: who holds which lock. Nothing of it stands in the lock, and its fast path knows nothing of it.
//
// In debug mode a worker has attention::noting, so each acquire of a lock comes to permits::wait (spend_unless_noting), where it
// is noted. A lock that is noted keeps `waiting` in its word, as if somebody waited, so its release comes to release_slow, which
// takes the note away. Both happen while the word is busy. So a note that is there is true: this strand has acquired the lock,
// and nobody has released it since. Where there is none, the lock is free, or was acquired by a runtime that was not in debug
// mode. An rw_lock has no fast path; it is noted with its mutex held.
//
// A strand is named by numbers, as it may end with the lock held. Who holds a lock may have given its guard to somebody else:
// then the note tells who has acquired it.
//
// Lock order: a resource's, or a scope's -> this one's, under which nothing is called but the allocator.
#pragma once

#include <cstdint>
#include <source_location>
#include <vector>

#include <jay/detail/waiter.hpp>

#include "core/debug_mode.hpp"

namespace jay::detail {

struct lock_holder {
  std::uint64_t scheduler = 0;
  std::uint64_t task = 0;       // its number
  const job* child = nullptr;   // of the task's gather, which acquired it; null: the task's own strand
  std::source_location where;   // the await that acquired it
};

/// The strand of l acquires it, alone or beside others: it runs, or is suspended in l and will be woken. With the resource's
/// lock held. False: its runtime is not in debug mode, or there is no memory.
enum class holds { alone, beside_others };
bool note_holder(const void* resource, const waiter& l, holds how = holds::alone) noexcept;
/// It is free. With the resource's lock held.
void forget_holders(const void* resource) noexcept;
/// One of those that share it has released it: the running task, if that is among them.
void forget_one_holder(const void* resource) noexcept;
/// Any thread. Throws std::bad_alloc.
std::vector<lock_holder> holders_of(const void* resource);
/// The same, of one of them; takes no memory.
bool is_held_by(const void* resource, std::uint64_t scheduler, std::uint64_t task, const job* child) noexcept;

/// Around a fork: no thread is inside.
void lock_holders_before_fork() noexcept;
void lock_holders_after_fork() noexcept;

/// relaxed: see debug_seen
inline bool notes_holders() noexcept { return debug_seen.load(std::memory_order_relaxed); }

}  // namespace jay::detail
