// SPDX-License-Identifier: MIT
// Vector clocks: which events of each thread happen before a given point.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace model {

inline constexpr int max_threads = 6;

struct vector_clock {
  std::array<std::uint32_t, max_threads> at{};
  // The latest seq_cst fence (as a position in the order of all such fences) that happens before this point; -1 for none.
  // It travels with the clock because [atomics.order]/4 speaks of a fence that happens before an operation of any thread.
  std::int32_t fence = -1;

  void join(const vector_clock& other) {
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = std::max(at[i], other.at[i]);
    fence = std::max(fence, other.fence);
  }
  // Does the event of `thread` at `time` happen before this point? A negative thread is the set-up, before everything.
  bool covers(int thread, std::uint32_t time) const {
    return thread < 0 || time <= at[static_cast<std::size_t>(thread)];
  }
  // Do all the events in `times` (0: none by that thread) happen before this point?
  bool covers_all(const std::array<std::uint32_t, max_threads>& times) const {
    for (std::size_t i = 0; i < times.size(); ++i)
      if (times[i] > at[i]) return false;
    return true;
  }
  // Does any of the events in `times` happen before this point?
  bool covers_any(const std::array<std::uint32_t, max_threads>& times) const {
    for (std::size_t i = 0; i < times.size(); ++i)
      if (times[i] != 0 && times[i] <= at[i]) return true;
    return false;
  }
};

}  // namespace model
