// SPDX-License-Identifier: MIT
// What CPython and jay have said, side by side, for who reads a failure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace jay::differential {

inline std::string beside(const std::vector<std::string>& python, const std::vector<std::string>& ours) {
  std::string s;
  for (std::size_t i = 0; i < std::max(python.size(), ours.size()); ++i) {
    const std::string left = i < python.size() ? python[i] : "-", right = i < ours.size() ? ours[i] : "-";
    s += (left == right ? "    " : " != ") + left + std::string(left.size() < 40 ? 40 - left.size() : 1, ' ') + right + '\n';
  }
  return s;
}

}  // namespace jay::differential
