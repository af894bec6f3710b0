// SPDX-License-Identifier: MIT
// Tasks that keep a worker busy and come to a point now and then.
#pragma once

#include <atomic>

#include <jay/cancel.hpp>
#include <jay/gather.hpp>
#include <jay/task.hpp>

namespace jay::testing {

inline long serial(int n) { return n < 2 ? n : serial(n - 1) + serial(n - 2); }
inline task<long> tree(int n) {
  if (n <= 8) co_return serial(n);
  auto [a, b] = co_await gather(tree(n - 1), tree(n - 2));
  co_return a + b;
}
inline task<> forks(const std::atomic<bool>& stop) {
  while (!stop) co_await tree(20);
}
inline task<> gives_way(const std::atomic<bool>& stop) {
  while (!stop) {
    serial(12);
    co_await checkpoint();
  }
}

}  // namespace jay::testing
