// SPDX-License-Identifier: MIT
// One thread that runs jobs, as far as inline code needs to know it. What its loop does is in src/core/worker.cpp.
#pragma once

#include <cstdint>
#include <new>
#include <source_location>

#include <jay/detail/assert.hpp>
#include <jay/detail/deque.hpp>
#include <jay/detail/frame_pool.hpp>
#include <jay/detail/idle.hpp>

#if !defined(JAY_TRAMPOLINE)
#if defined(__GNUC__) && !defined(__clang__) && \
    (!defined(JAY_SIBLING_CALLS) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define JAY_TRAMPOLINE 1  // g++ makes no tail call here: see docs/pitfalls-gcc12.md
#else
#define JAY_TRAMPOLINE 0
#endif
#endif

namespace jay {
class scheduler;
}

namespace jay::detail {

class island;
class kept_jobs;
struct worker;

struct JAY_API worker : parker {
  worker(scheduler& s, unsigned index, bool io);
  worker(const worker&) = delete;
  ~worker();

  deque jobs;
  frame_cache frames;
  std::uintptr_t context = 0;  // of what runs now
  job* next = nullptr;         // the trampoline's next stop
  bool parked = false;         // what ran has come back through one of our awaiters
  bool io = false;             // an I/O thread: it never computes, so its jobs go to the workers
  bool in_place = false;       // an eager task runs in place, and has passed over no turn yet
  bool has_run = false;        // since it rested: its lists may have something
  bool fifo = false;           // order = "asyncio"
  bool seeded = false;         // it draws what it runs next (seeded_order.hpp)
  bool by_turns = true;        // neither of the two: the rule of turns.hpp
  bool unowned_ends = false;   // in that order: what is about to end is a gather's child that waited for a handle,
  bool first_fails = false;    // and the first of its siblings that has failed
  std::uint32_t budget = 0;    // operations that may still go on at once
  std::uint32_t full_budget;   // before each job
  unsigned index;
  island* on = nullptr;        // whose code its thread runs now (src/core/island.hpp)
  kept_jobs* kept = nullptr;   // an I/O thread that runs tasks now: what becomes ready by them
  // relaxed: numbers and requests that say nothing about other data
  atomic<int> thread{0};            // its number to the kernel; 0: none yet
  atomic<bool> long_slices{false};  // the ticker has asked for them (time_slice.hpp)
  scheduler* sched;

  // counters, written by the owner alone
  atomic<std::uint64_t> ran{0}, steals{0}, parks{0}, wakes{0};  // relaxed: read by anyone for display
  atomic<std::int64_t> step{0};       // when what runs was resumed (steady clock, ns); 0: nothing runs
  atomic<std::uint64_t> step_task{0};  // the number of its task. relaxed: [SW1] orders it
  std::atomic<std::source_location> step_at{std::source_location()};  // where it went on. relaxed: the same

  /// Nothing has to be looked at before a fork. relaxed: a hint, looked at again soon.
  bool calm() const noexcept {
    return (attention.load(std::memory_order_relaxed) & ~(detail::attention::wake_wanted | detail::attention::noting)) == 0;
  }
  bool wake_wanted() const noexcept { return attention.load(asym_load) & detail::attention::wake_wanted; }  // [P2] of idle.hpp
  /// After a push, when wake_wanted is seen.
  [[gnu::noinline]] void notify() noexcept;

  /// Whether it is the calling thread's. For assertions: the bottom of its deque and its frames are for that thread only.
  bool is_here() const noexcept;

  void push(job* j) noexcept {
    JAY_DEBUG_ASSERT(is_here());
    if (!jobs.try_push(j)) [[unlikely]] return push_to_full(j);
    pushed();
  }
  void pushed() noexcept {
    asymmetric_light();  // between [P1] and [P2]: with the heavy one in announce
    if (wake_wanted()) [[unlikely]] notify();
  }
  /// Where the own deque has to grow, or cannot.
  [[gnu::noinline]] void push_to_full(job* j) noexcept;
  /// Before it sleeps: for how many ms it may until it is to call rested(); -1: for ever.
  int may_sleep() const noexcept;
  /// It has slept for so long, and gives back what it keeps for work to come.
  void rested() noexcept;
  /// Before a coroutine is awaited: something has to be looked at first. relaxed: a hint, looked at again soon.
  bool may_have_to_yield() const noexcept {
    return attention.load(std::memory_order_relaxed) & (detail::attention::turn | detail::attention::slow_forks);
  }
  /// Somebody waits for this worker: the ticker has asked for a turn. relaxed: a hint, looked at again soon.
  bool turn_asked() const noexcept { return attention.load(std::memory_order_relaxed) & detail::attention::turn; }
  /// Before an operation that may be ready at once: may it go on without a suspension? False: it gives way, and takes a
  /// cancel that is due (waiter::refused).
  bool spend() noexcept {
    if (budget == 0 || turn_asked()) return false;
    --budget;
    return true;
  }
  /// The same for what debug mode notes, on a slow path: always false there.
  bool spend_unless_noting() noexcept {
    constexpr std::uint32_t reasons = detail::attention::turn | detail::attention::noting;
    if (budget == 0 || (attention.load(std::memory_order_relaxed) & reasons)) return false;  // relaxed: a hint; noting its own
    --budget;
    return true;
  }
  bool notes() const noexcept { return attention.load(std::memory_order_relaxed) & detail::attention::noting; }  // relaxed: its own
  /// Where it would give way. True: an eager task in place goes on, as it promises to run up to its first suspension. Only
  /// the first time that a turn is asked for: the next is 2 ms away, and is given (ticker.hpp).
  bool pass_over() noexcept;
};

/// The worker whose thread this is, or null. Read it again after every suspension.
#if defined(__GNUC__)
[[gnu::tls_model("initial-exec")]]
#endif
JAY_API extern constinit thread_local worker* this_worker;

inline bool worker::is_here() const noexcept { return this_worker == this; }

inline void* frame_allocate(std::size_t n) {
#if !JAY_ASAN
  std::size_t cls = frame_class(n);
  worker* w = this_worker;
  if (cls < frame_classes && w) [[likely]] {
    free_block* b = w->frames.list[cls];
    if (!b) [[unlikely]] return w->frames.refill(cls);
    w->frames.list[cls] = b->next;
    --w->frames.count[cls];
    return b;
  }
#endif
  return block_allocate(frame_class(n));
}

inline void frame_free(void* p, std::size_t n) noexcept {
#if !JAY_ASAN
  std::size_t cls = frame_class(n);
  worker* w = this_worker;
  if (cls < frame_classes && w) [[likely]] {
    auto* b = static_cast<free_block*>(p);
    b->next = w->frames.list[cls];
    w->frames.list[cls] = b;
    if (++w->frames.count[cls] >= w->frames.batch) [[unlikely]] w->frames.spill(cls);
    return;
  }
#endif
  block_free(p, frame_class(n));
}

/// For what wants more than malloc's 16 bytes: the address of the block stands before what is given.
[[gnu::always_inline]] inline void* frame_allocate(std::size_t n, std::size_t alignment) {
  if (alignment <= 16) return frame_allocate(n);
  void* block = frame_allocate(n + alignment);
  std::uintptr_t at = (reinterpret_cast<std::uintptr_t>(block) + alignment) & ~(alignment - 1);
  reinterpret_cast<void**>(at)[-1] = block;  // both are multiples of 16, so there are 16 bytes between them at least
  return reinterpret_cast<void*>(at);
}
[[gnu::always_inline]] inline void frame_free(void* p, std::size_t n, std::size_t alignment) noexcept {
  if (alignment <= 16) return frame_free(p, n);
  frame_free(static_cast<void**>(p)[-1], n + alignment);
}

/// What comes and goes as often as frames do, and takes its memory where they do.
struct pooled {
  static void* operator new(std::size_t n) { return frame_allocate(n); }
  static void operator delete(void* p, std::size_t n) noexcept { frame_free(p, n); }
  // of what wants more than malloc's alignment
  static void* operator new(std::size_t n, std::align_val_t a) { return frame_allocate(n, static_cast<std::size_t>(a)); }
  static void operator delete(void* p, std::size_t n, std::align_val_t a) noexcept {
    frame_free(p, n, static_cast<std::size_t>(a));
  }
};

// What await_suspend returns to go on with another frame (null: back to the worker's loop). Where the compiler makes no
// tail call, the frame is left for the loop to resume, so that the stack does not grow.
#if JAY_TRAMPOLINE
using resumption = void;
inline void transfer(job* j) noexcept {
  if (!j) this_worker->parked = true;
  this_worker->next = j;
}
#else
using resumption = std::coroutine_handle<>;
inline std::coroutine_handle<> transfer(job* j) noexcept {
  if (j) [[likely]] return handle_of(j);
  this_worker->parked = true;
  return std::noop_coroutine();
}
#endif

}  // namespace jay::detail
