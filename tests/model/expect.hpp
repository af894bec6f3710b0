// SPDX-License-Identifier: MIT
// GoogleTest's view of explorations.
#pragma once
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "checker.hpp"

namespace model {

// No execution within the bound fails, and all were looked at.
inline void expect_holds(const outcome& r, const std::string& what = {}) {
  EXPECT_FALSE(r.failed) << what << ": " << r.text();
  EXPECT_TRUE(r.failed || r.complete || !r.replay.empty())
      << what << ": stopped before the end, after " << r.executions << " executions";
  if (options::soak() || std::getenv("JAY_MODEL_VERBOSE"))
    std::printf("  %-50s %s\n", what.c_str(), r.text().c_str()), std::fflush(stdout);
}

// Some execution fails, for a reason that contains these words.
inline void expect_fails(const outcome& r, const std::string& words) {
  EXPECT_TRUE(r.failed) << "no execution failed, though one should with: " << words << " (" << r.text() << ")";
  if (r.failed) {
    EXPECT_NE(r.reason.find(words), std::string::npos) << "expected: " << words << "\n" << r.text();
  }
}

}  // namespace model
