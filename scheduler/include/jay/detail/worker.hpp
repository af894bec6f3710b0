// SPDX-License-Identifier: MIT
// One thread that runs jobs, as far as inline code needs to know it. What its loop does is in src/worker.cpp.
#pragma once

#include <cstdint>

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

struct worker;

/// When a worker may steal again, and from whom: see src/worker.cpp. Times in ns of the steady clock.
class thief {
 public:
  /// Before it looks for a victim.
  void judge(std::int64_t now) noexcept;
  bool may_rob(const worker& victim, std::int64_t now) const noexcept;
  void has_robbed(const worker& victim, std::int64_t begun, std::int64_t now) noexcept;

 private:
  bool stands_still(const worker& victim) const noexcept;
  std::int64_t price_ = 1'000;  // of a theft, on average
  std::int64_t since_ = 0;      // when the last one was done
  std::uint32_t poor_ = 0;      // those that were not worth it, in a row
  bool judged_ = true;          // the last one has been counted
  bool pausing_ = false;
  const worker* last_victim_ = nullptr;  // and where it stood then:
  std::uint64_t its_youngest_ = 0, its_jobs_ = 0;
  std::int64_t still_since_ = 0;         // and since when it stands there
};

struct JAY_API worker : station {
  worker(scheduler& s, unsigned index, bool io);
  worker(const worker&) = delete;
  ~worker();

  deque jobs;
  frame_cache frames;
  std::uintptr_t context = 0;  // of what runs now
  job* next = nullptr;         // the trampoline's next stop
  bool parked = false;         // what ran has come back through one of our awaiters
  bool io = false;             // an I/O thread: it never computes, so its jobs go to the workers
  bool fifo = false;           // order = "asyncio"
  bool watched = false;        // debug mode: a stall_watch looks at `step`
  std::uint32_t budget = 0;    // inline completions left until the next yield
  std::uint32_t tick = 0;
  std::uint64_t random;
  thief theft;
  static constexpr std::size_t none = ~std::size_t{0};
  std::uint64_t oldest = 0;        // index of the oldest of its jobs when it last looked,
  std::int64_t oldest_since = 0;   // and since when it is that one (steady clock, ns)
  std::size_t left_behind = none;  // jobs that stood here when an overdue one was taken
  unsigned index;
  scheduler* sched;

  // counters, written by the owner alone (relaxed: read by anyone for display)
  atomic<std::uint64_t> ran{0}, steals{0}, parks{0}, wakes{0};
  atomic<std::int64_t> step{0};       // when what runs was resumed (steady clock, ns); 0: nothing runs
  atomic<std::uint64_t> step_task{0};  // the number of its task

  /// Nothing has to be looked at before a fork. relaxed: a hint, looked at again soon.
  bool calm() const noexcept {
    return (attention.load(std::memory_order_relaxed) & ~detail::attention::hungry) == 0;
  }
  bool fed() const noexcept { return !(attention.load(asym_load) & detail::attention::hungry); }  // idle.hpp P2
  /// After a push, when the hungry bit is seen.
  [[gnu::noinline]] void feed_hungry() noexcept;

  void push(job* j) noexcept {
    if (!jobs.push(j)) [[unlikely]] return push_elsewhere(j);
    asymmetric_light();
    if (!fed()) [[unlikely]] feed_hungry();
  }
  /// Where the own deque could not grow.
  [[gnu::noinline]] void push_elsewhere(job* j) noexcept;
  /// Before it sleeps: for how many ms it may until it is to call rested(); -1: for ever.
  int may_sleep() const noexcept;
  /// It has slept for so long, and gives back what it keeps for work to come.
  void rested() noexcept;
  /// One more operation that completed without a suspension; false: it is time to yield.
  bool spend() noexcept {
    if (budget == 0) return false;
    --budget;
    return true;
  }
};

/// The worker whose thread this is, or null. Read it again after every suspension.
#if defined(__GNUC__)
[[gnu::tls_model("initial-exec")]]
#endif
JAY_API extern constinit thread_local worker* this_worker;

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
