// SPDX-License-Identifier: MIT
// Configurations of tests that depend on the number of workers or on the order. What they leave open is drawn (drawn.cpp).
#pragma once

#include <cstdint>

#include <jay/config.hpp>

namespace jay::testing {

inline jay::config with_workers(std::uint32_t n) {
  jay::config c = jay::config::from_environment();  // or a value that is also the default would not go before the drawn one
  c.scheduler.workers = n;
  c.scheduler.order = jay::order::depth;
  return c;
}

/// One worker, first in first out: after `co_await jay::sleep(0s)` every task that was started has come to its first wait.
inline jay::config in_order() {
  jay::config c = with_workers(1);
  c.scheduler.order = jay::order::asyncio;
  return c;
}

/// 0: in order.
inline jay::config with_workers_or_in_order(std::uint32_t n) { return n ? with_workers(n) : in_order(); }

}  // namespace jay::testing
