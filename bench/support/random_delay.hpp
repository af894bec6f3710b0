// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "xorshift64.hpp"

namespace bench {

/// The same sequence of delays, uniform in 0..1 s, for every runtime.
class random_delay {
 public:
  std::chrono::nanoseconds next() { return std::chrono::nanoseconds(random_.next() % 1'000'000'000U); }

 private:
  xorshift64 random_;
};

}  // namespace bench
