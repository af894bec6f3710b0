// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "bench_results.hpp"

namespace jay_tool {

/// jay is series 0; the others keep their colour in all plots of one file, in the order of their names.
class palette {
 public:
  explicit palette(const bench_results& results) {
    std::set<std::string> names;
    for (const bench_row& row : results.rows) {
      if (row.runtime != "jay") names.insert(row.runtime);
    }
    others_.assign(names.begin(), names.end());
  }
  int of(const std::string& runtime) const {
    if (runtime == "jay") return 0;
    const auto at = std::find(others_.begin(), others_.end(), runtime) - others_.begin();
    return 1 + static_cast<int>(at % 7);
  }

 private:
  std::vector<std::string> others_;
};

}  // namespace jay_tool
