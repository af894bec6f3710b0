// SPDX-License-Identifier: MIT
// Timers: one 4-ary heap per worker behind a lock of its own, and one timerfd that stands for the earliest of all.
//
// A timer is intrusive and knows its place in its heap, so arming allocates nothing beyond the heap's array, and taking
// it out is O(log n). The timerfd is set again only when an earlier deadline than the one it stands for comes.
//
//   add     [A1] insert (shard's lock)  [A2] read armed_   deadline < armed_: set the timerfd
//   expire  [A3] armed_ := never        [A4] look at every shard (its lock), fire what is due, note the earliest left
//           [A5] set the timerfd to that
// No timer is missed: if A4 looks at the shard before A1, then A3 is before A2 (the lock orders them), so A2 finds
// `never`, or what A5 or another add has set meanwhile, and sets the timerfd if its own deadline is earlier.
//
// Equal deadlines fire in the order of arming.
//
// In a run with a seed (jay::testing::run) the clock is virtual: it stands until simulated_driver.hpp moves it, and there is
// no timerfd.
//
// fire() is called with the shard's lock held: who takes a timer out (the lock again) knows that it does not run now and
// never will. So fire() runs no code that is not ours. What may reach a user's code (a cancel calls stop callbacks) it
// leaves behind as `deferred`, which runs when no lock is held any more; until then it keeps itself alive.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <jay/detail/export.hpp>
#include <jay/detail/page_allocator.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>
#include <jay/detail/worker.hpp>

namespace jay {
class scheduler;
using time_point = std::chrono::steady_clock::time_point;
}

namespace jay::detail {

class ready_list;

/// What a timer that has fired still has to do: see above.
struct deferred {
  deferred* next = nullptr;
  void (*run)(deferred&) noexcept = nullptr;
};

struct timer {
  time_point deadline;
  void (*fire)(timer&, ready_list& out) noexcept = nullptr;
  std::uint64_t armed_as = 0;    // the how-manieth of its shard; guarded by the shard's lock
  std::uint32_t place = absent;  // in the heap; guarded by the shard's lock
  std::uint32_t shard = 0;

  static constexpr std::uint32_t absent = ~std::uint32_t{0};
};

class JAY_API timers {
 public:
  explicit timers(std::size_t shards, bool is_virtual = false);
  timers(const timers&) = delete;
  ~timers();

  int fd() const noexcept { return fd_; }  // -1 where the clock is virtual

  /// The clock of the deadlines; any thread.
  time_point now() const noexcept {
    const std::int64_t there = virtual_now_.load(std::memory_order_relaxed);  // relaxed: a number
    return there == 0 ? std::chrono::steady_clock::now() : time_point(time_point::duration(there));
  }
  /// Where the clock is virtual, by its worker.
  void move_clock(time_point to) noexcept {
    virtual_now_.store(to.time_since_epoch().count(), std::memory_order_relaxed);  // relaxed: a number
  }
  /// time_point::max(): there is none that will ever fire.
  time_point earliest() noexcept;

  /// Arms the timer; throws std::bad_alloc with nothing changed. `then` is called with the shard's lock held after the
  /// insertion; if it says false the timer is taken out again.
  template <class Then>
  void add(timer& t, Then&& then) {
    time_point deadline = t.deadline;
    {
      shard& s = enter(t);
      spin_guard g(s.mutex);
      insert(s, t);
      if (!then()) {
        erase(s, t);
        return;
      }
    }
    if (deadline < armed()) arm(deadline);  // A2; t may be gone
  }
  void add(timer& t) {
    add(t, [] { return true; });
  }
  /// After this t does not fire. False: it had fired, or was never armed.
  bool remove(timer& t) noexcept;

  /// The timerfd becomes readable so long from now at the latest, with or without a timer.
  void ring(time_point::duration in) noexcept;

  /// Fires what is due, the earliest first. If there is much it stops early, with the timerfd set.
  void expire(ready_list& out) noexcept;
  /// In asyncio's order, by its worker: fires all that is due, by deadline. What each wakes or cancels stands in the
  /// worker's queue before the next fires.
  void expire_in_turn(scheduler& s) noexcept;

  std::size_t size() noexcept;
  /// What the heaps take.
  std::size_t bytes() noexcept;

 private:
  struct entry {
    time_point deadline;
    timer* which;
  };
  struct alignas(64) shard {
    spin_mutex mutex;
    std::vector<entry, page_allocator<entry>> heap;
    std::uint64_t armed = 0;
  };
  shard& enter(timer& t) noexcept;
  static bool goes_before(const entry& a, const entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.which->armed_as < b.which->armed_as;
  }
  static void insert(shard& s, timer& t);
  static void erase(shard& s, timer& t) noexcept;
  static void shrink(shard& s) noexcept;
  static void sift_up(shard& s, std::uint32_t i, entry e) noexcept;
  static void sift_down(shard& s, std::uint32_t i, entry e) noexcept;
  /// [A2] seq_cst: with [A3]; the shard's lock orders them already.
  time_point armed() const noexcept { return time_point(time_point::duration(armed_.load(std::memory_order_seq_cst))); }
  void arm(time_point deadline) noexcept;
  void rearm(time_point earliest, time_point now, std::size_t fired) noexcept;

  int fd_ = -1;
  atomic<std::int64_t> virtual_now_{0};  // 0: the clock is the monotonic one
  std::vector<std::unique_ptr<shard>> shards_;
  spin_mutex arming_;
  atomic<std::int64_t> armed_;
  atomic<std::int64_t> slack_;  // relaxed: a hint
};

/// In a run with a seed, by its worker.
JAY_API time_point virtual_now() noexcept;
/// The clock of the runtime that the calling thread works for; elsewhere the monotonic one.
inline time_point now() noexcept {
  if (const worker* w = this_worker; w && w->seeded) [[unlikely]] return virtual_now();
  return std::chrono::steady_clock::now();
}

/// now + d, saturating; durations of floating point too. Throws std::invalid_argument for NaN.
JAY_API time_point deadline_after_seconds(double seconds, time_point now);
template <class Rep, class Period>
time_point deadline_after(const std::chrono::duration<Rep, Period>& d, time_point now) {
  double seconds = std::chrono::duration<double>(d).count();
  if constexpr (!std::chrono::treat_as_floating_point_v<Rep>) {
    if (seconds > -1e9 && seconds < 1e9)  // exact, and far from overflow
      return now + std::chrono::duration_cast<time_point::duration>(d);
  }
  return deadline_after_seconds(seconds, now);
}
template <class Rep, class Period>
time_point deadline_after(const std::chrono::duration<Rep, Period>& d) {
  return deadline_after(d, now());
}

}  // namespace jay::detail
