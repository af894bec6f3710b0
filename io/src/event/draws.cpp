// SPDX-License-Identifier: MIT
#include "draws.hpp"

#include <stdexcept>
#include <string>

namespace jay::detail {

double checked_probability(double p, const char* what) {
  if (p >= 0 && p <= 1) return p;
  throw std::invalid_argument(std::string(what) + "(" + std::to_string(p) + "): a probability is from 0 to 1");
}

void check_latency(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest, const char* what) {
  if (lowest.count() < 0 || highest < lowest)
    throw std::invalid_argument(std::string(what) + ": latency(" + std::to_string(lowest.count()) + " ns, " +
                                std::to_string(highest.count()) + " ns): the lowest is from 0 to the highest");
}

}  // namespace jay::detail
