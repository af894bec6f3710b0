// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bench {

/// The same sequence of numbers in every program (Marsaglia, "Xorshift RNGs", 2003).
class xorshift64 {
 public:
  std::uint64_t next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return state_;
  }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

}  // namespace bench
