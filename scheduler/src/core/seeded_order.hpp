// SPDX-License-Identifier: MIT
// The order of a run with a seed: of all that could run, the one worker draws what runs next. jay::testing::run has it, so
// that a test meets other interleavings than the usual one, and meets the same again with the same seed.
//
// Any job may be next, as with many workers any may be. What stands in the queues is taken out in their order before each
// draw, so the draw depends on nothing but the seed and on what has run before. Forks put all their children there
// (attention::slow_forks). After half of the draws the first operation that could go on at once gives way, as it does when
// the ticker asks for a turn; the ticker itself, whose turns come by the clock, leaves this worker alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <jay/detail/job.hpp>
#include <jay/detail/splitmix64.hpp>

namespace jay::detail {

/// The worker's alone.
class seeded_order {
 public:
  explicit seeded_order(std::uint64_t seed) noexcept : random_(seed) {}

  void add(job* j) noexcept;
  /// Null: there is none.
  job* draw() noexcept;
  bool coin() noexcept { return random_() >> 63 != 0; }

 private:
  splitmix64 random_;
  std::vector<job*> runnable_;
};

}  // namespace jay::detail
