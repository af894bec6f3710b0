// SPDX-License-Identifier: MIT
// What a seed draws for the simulated network and the simulated files. Each part has numbers of its own, so what the one
// draws changes nothing of the other, or of the order of the jobs. Its owner's lock guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <jay/detail/splitmix64.hpp>

namespace jay::detail {

class draws {
 public:
  /// `part`: any number that no other part of the run has.
  draws(std::uint64_t seed, std::uint64_t part) noexcept : next_(seed ^ part) {}

  std::uint64_t below(std::uint64_t n) noexcept { return next_() % n; }
  bool chance(double p) noexcept { return p > 0 && static_cast<double>(next_() >> 11) * 0x1p-53 < p; }
  /// Less than n, at least 1; a single one as often as not.
  std::size_t part_of(std::size_t n) noexcept { return n <= 2 || next_() >> 63 ? 1 : 1 + below(n - 1); }
  std::chrono::nanoseconds between(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest) noexcept {
    const auto range = static_cast<std::uint64_t>((highest - lowest).count());
    return lowest + std::chrono::nanoseconds(range == 0 ? 0 : below(range + 1));
  }

 private:
  splitmix64 next_;
};

// ---- options; `what` is named by std::invalid_argument ----

/// p, if it is one.
double checked_probability(double p, const char* what);
void check_latency(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest, const char* what);

}  // namespace jay::detail
