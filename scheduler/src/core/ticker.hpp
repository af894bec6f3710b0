// SPDX-License-Identifier: MIT
// A thread that asks every running worker for a turn (turns.hpp), once a `tick`, and that looks how long jobs have waited. It
// never runs a task. I/O threads need no asking: what they resume goes to the workers at its first fork, or when its budget
// of operations is spent. While all workers sleep it does nothing, and after a while it sleeps too:
//
//   the ticker                               a worker that goes on after a sleep (stir)
//   [TR1] resting := true                    [TW1] it is no longer counted as a sleeper (idle.hpp, an RMW)
//   [TR2] all asleep? then sleep on it,      [TW2] resting? then resting := false, wake it
//         else resting := false
//
// All four are seq_cst. If TR2 still counts the worker as a sleeper, TR2 comes before TW1 in their order, so TR1 before TW2,
// and TW2 sees `resting`. So no worker runs while the ticker sleeps. A worker that stands still (standstill.hpp) counts as one
// that sleeps; its TW1 is that it was let go.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <jay/detail/sync.hpp>

namespace jay::detail {

struct scheduler_core;
struct worker;

/// The two sides of that protocol.
class ticker_rest {
 public:
  /// True: all sleep; call wait.
  template <class AllAsleep>
  bool begin(AllAsleep all_asleep) noexcept {
    resting_.store(1, std::memory_order_seq_cst);  // [TR1]
    if (all_asleep()) return true;                 // [TR2]
    resting_.store(0, std::memory_order_relaxed);  // relaxed: a worker that saw it wakes nobody, which does no harm
    return false;
  }
  void wait() noexcept {
    while (resting_.load(std::memory_order_relaxed) != 0) futex_wait(resting_, 1);  // relaxed: it learns nothing else
  }
  void stir() noexcept {
    if (resting_.load(std::memory_order_seq_cst) == 0) return;  // [TW2]
    if (resting_.exchange(0, std::memory_order_relaxed) != 0) futex_wake(resting_, 1);  // relaxed: one of them wakes it
  }

 private:
  atomic<std::uint32_t> resting_{0};
};

class ticker {
 public:
  static constexpr std::chrono::milliseconds tick{2};

  explicit ticker(scheduler_core& core);
  ~ticker();

  /// By a worker that goes on after a sleep.
  void stir() noexcept { rest_.stir(); }

 private:
  void loop() noexcept;
  void ask(worker& w) noexcept;
  void choose_slices(worker& w, std::chrono::steady_clock::time_point now) noexcept;
  std::chrono::nanoseconds used_by(std::size_t worker) const noexcept;
  void look_at_ages(std::chrono::steady_clock::time_point now) noexcept;

  scheduler_core& core_;
  ticker_rest rest_;
  atomic<std::uint32_t> ending_{0};  // futex word
  // Of each worker, for order = "asyncio": the jobs it had run when that number last changed, and how many ticks ago.
  std::vector<std::uint64_t> ran_;
  std::vector<std::uint32_t> same_for_;
  struct computing {
    clockid_t clock{};  // of its processor time
    std::uint64_t parks = 0;
    std::chrono::steady_clock::time_point since{};  // it has not slept since then,
    std::chrono::nanoseconds used{};                // when it had used so much
  };
  std::vector<computing> computing_;
  std::thread thread_;
};

}  // namespace jay::detail
