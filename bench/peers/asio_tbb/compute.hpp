// SPDX-License-Identifier: MIT
// The endless trees and the pieces of a computing request, by oneTBB; shared by both ways to put Asio beside it.
#pragma once

#include <oneapi/tbb.h>

#include <array>

#include "../../support/load.hpp"

namespace bench {

inline long tree(long n, long leaf) {
  if (n <= leaf) return compute_leaf(n);
  long a = 0;
  tbb::task_group group;
  group.run([&a, n, leaf] { a = tree(n - 1, leaf); });
  const long b = tree(n - 2, leaf);
  group.wait();
  return a + b;
}

inline long pieces() {
  std::array<long, request_pieces> values{};
  tbb::task_group group;
  for (std::size_t i = 1; i < values.size(); ++i) group.run([&values, i] { values[i] = plain_fib(piece_size); });
  values[0] = plain_fib(piece_size);
  group.wait();
  long sum = 0;
  for (const long value : values) sum += value;
  return sum;
}

}  // namespace bench
