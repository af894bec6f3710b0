// SPDX-License-Identifier: MIT
// A fixture with a configuration of 1, 2 and 4 workers and of asyncio's order, for tests that start runtimes themselves.
#pragma once

#include <gtest/gtest.h>

#include "configs.hpp"
#include "worker_counts.hpp"

namespace jay::testing {

/// 0: one worker in asyncio's order.
class OnOrders : public ::testing::TestWithParam<unsigned> {
 protected:
  static jay::config config() { return with_workers_or_in_order(GetParam()); }
  static bool in_order() { return GetParam() == 0; }
};

/// What f throws as a std::exception; empty if it throws nothing.
template <class F>
std::string said_by(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

}  // namespace jay::testing
