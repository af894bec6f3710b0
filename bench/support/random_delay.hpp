// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace bench {

/// The same sequence of delays, uniform in 0..1 s, for every runtime.
class random_delay {
 public:
  std::chrono::nanoseconds next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return std::chrono::nanoseconds(state_ % 1'000'000'000U);
  }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

}  // namespace bench
