// SPDX-License-Identifier: MIT
// How long the oldest job of a queue has waited, known without a time stamp in any job: whoever looks now and then notes how
// many had been put by then, and when as many have been taken, all that stood there is gone. So it is right to within the
// time between two looks, and never too long by more than that.
#pragma once

#include <chrono>
#include <cstdint>

#include <jay/detail/sync.hpp>

namespace jay::detail {

class queue_age {
 public:
  using clock = std::chrono::steady_clock;

  /// One thread. `put`, `taken`: how many so far. Of a deque, which is taken from at both ends: `taken` is the index of the
  /// oldest, and `put` one more unless it is empty.
  void look(std::uint64_t put, std::uint64_t taken, clock::time_point now) noexcept {
    if (taken >= mark_ || put == taken) {  // what stood there at the last mark is gone
      mark_ = put;
      since_ = now;
    }
    const std::int64_t age = put > taken ? std::chrono::duration_cast<std::chrono::microseconds>(now - since_).count() : 0;
    now_.store(age, std::memory_order_relaxed);
    if (age > worst_.load(std::memory_order_relaxed)) worst_.store(age, std::memory_order_relaxed);
  }
  std::chrono::microseconds now() const noexcept { return std::chrono::microseconds(now_.load(std::memory_order_relaxed)); }
  std::chrono::microseconds worst() const noexcept {
    return std::chrono::microseconds(worst_.load(std::memory_order_relaxed));
  }

 private:
  std::uint64_t mark_ = 0;
  clock::time_point since_{};
  atomic<std::int64_t> now_{0}, worst_{0};  // relaxed: for display
};

}  // namespace jay::detail
