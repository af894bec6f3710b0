// SPDX-License-Identifier: MIT
// How many tasks there are, counted by each worker on a line of its own, and how somebody waits until there are none.
//
// The counts only grow. none_left reads first all the ends, then all the beginnings. What has ended by a moment between
// the two is at least the first sum, what had begun by then at most the second; so where the sums are equal, all that had
// begun by then had ended, and nothing began afterwards, as only a living task (or a thread outside, which drain turns
// away) begins another. The upper bound needs [E1]: a thread that reads a task's end also sees every task it started.
//
//   who ends a task                           who drains
//   count the end                             draining := true   heavy fence
//   light fence                               before := bell [E2]
//   draining? then bell + 1 [E2], wake        none_left? else sleep while bell = before
//
// Either the drainer's fence comes first, and who ends a task rings; or that end is counted before the fence, and the
// drainer sees it. [E2]: who has heard the bell sees the count.
#pragma once

#include <cstdint>

#include <jay/detail/sync.hpp>

namespace jay::detail {

class task_count {
 public:
  /// One thread at a time.
  void begun() noexcept {
    begun_.store(begun_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// [E1] Only the worker whose count this is. relaxed: nobody else writes it.
  void ended() noexcept { ended_.store(ended_.load(std::memory_order_relaxed) + 1, asym_store); }
  /// [E1] Any thread.
  void ended_shared() noexcept { ended_.fetch_add(1, asym_store); }

  template <class Counts>
  static bool none_left(const Counts& counts) noexcept {
    std::uint64_t ended = 0, begun = 0;
    for (const task_count& c : counts) ended += c.ended_.load(asym_load);  // [E1] acquire
    for (const task_count& c : counts) begun += c.begun_.load(std::memory_order_relaxed);
    return ended == begun;
  }

 private:
  atomic<std::uint64_t> begun_{0};  // relaxed: [E1] orders it
  alignas(64) atomic<std::uint64_t> ended_{0};
};

class drain_bell {
 public:
  /// acquire: with begin. Who starts a task then is turned away.
  bool draining() const noexcept { return draining_.load(std::memory_order_acquire); }
  void begin() noexcept {
    draining_.store(true, std::memory_order_seq_cst);  // with ring; the fence: with the light one there
    asymmetric_heavy();
  }
  void end() noexcept { draining_.store(false, std::memory_order_relaxed); }  // relaxed: nothing is known by it

  /// After an end has been counted.
  void ring() noexcept {
    asymmetric_light();  // with the heavy one in begin
    if (!draining_.load(asym_load)) [[likely]] return;
    rung_.fetch_add(1, std::memory_order_release);  // [E2]
    futex_wake(rung_, 1);
  }
  std::uint32_t heard() const noexcept { return rung_.load(std::memory_order_acquire); }  // [E2]
  void wait(std::uint32_t heard) noexcept { futex_wait(rung_, heard); }  // for the model, which knows no time
  template <class TimePoint>
  void wait_until(std::uint32_t heard, TimePoint deadline) noexcept {
    futex_wait_until(rung_, heard, deadline);
  }

 private:
  atomic<bool> draining_{false};
  atomic<std::uint32_t> rung_{0};
};

}  // namespace jay::detail
