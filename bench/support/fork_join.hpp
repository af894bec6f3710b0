// SPDX-License-Identifier: MIT
// The parts of the fork-join questions that have nothing to do with a runtime: how many tasks there are, what the right
// result is, and the leaf work. Every runtime includes this, so all of them do the same work.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "report.hpp"

namespace bench {

// ---- fib: nothing but forks -------------------------------------------------------------------------------------

constexpr long fib_value(long n) {
  long a = 0, b = 1;
  for (; n > 0; --n) {
    const long next = a + b;
    a = b;
    b = next;
  }
  return a;
}

/// Calls made by the naive recursion, root included: one task each.
constexpr double fib_tasks(long n) { return 2.0 * static_cast<double>(fib_value(n + 1)) - 1.0; }

// ---- skynet: ten children each, 10^depth leaves; the sum of the leaf numbers ------------------------------------

constexpr long power_of_ten(long exponent) {
  long value = 1;
  for (; exponent > 0; --exponent) value *= 10;
  return value;
}

constexpr double skynet_tasks(long depth) {
  double total = 0, level = 1;
  for (long i = 0; i <= depth; ++i, level *= 10) total += level;
  return total;
}

constexpr long skynet_value(long depth) { return power_of_ten(depth) * (power_of_ten(depth) - 1) / 2; }

// ---- nqueens: few, uneven children with some work each ----------------------------------------------------------

inline constexpr std::size_t max_queens = 16;
using queens_board = std::array<std::int8_t, max_queens>;

/// Whether a queen may stand at `row` of the next column.
inline bool queen_fits(const queens_board& board, int column, int row) {
  for (int x = 0; x < column; ++x) {
    const int other = board[static_cast<std::size_t>(x)];
    if (row == other || row == other - (column - x) || row == other + (column - x)) return false;
  }
  return true;
}

/// Solutions for boards of 0 to 16 queens.
inline constexpr std::array<long, max_queens + 1> queens_solutions = {
    1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596, 2279184, 14772512};

// ---- matmul: c += a * b by quarters, four products at a time; unsigned so that overflow is exact ----------------

using element = std::uint32_t;
inline constexpr long matmul_leaf = 32;

/// c += a * b for square blocks of `size` inside matrices whose rows are `stride` long. Not inline, so that every
/// runtime runs the same instructions: inside a coroutine, where variables may live in the frame, clang 19 makes code of
/// the loop that takes 2.2 times as long.
[[gnu::noinline]] inline void matmul_block(const element* a, const element* b, element* c, long size, long stride) {
  for (long i = 0; i < size; ++i) {
    for (long k = 0; k < size; ++k) {
      const element factor = a[i * stride + k];
      for (long j = 0; j < size; ++j) c[i * stride + j] += factor * b[k * stride + j];
    }
  }
}

/// One product of blocks; quarter() gives its part for row r, column c and inner index k.
struct matmul_part {
  const element* a;
  const element* b;
  element* c;
  long size, stride;

  bool is_leaf() const { return size <= matmul_leaf; }
  void compute() const { matmul_block(a, b, c, size, stride); }
  matmul_part quarter(int row, int column, int inner) const {
    const long half = size / 2;
    return {a + (row * stride + inner) * half, b + (inner * stride + column) * half, c + (row * stride + column) * half,
            half, stride};
  }
};

class matmul_problem {
 public:
  explicit matmul_problem(long size) : size_(size), a_(cells()), b_(cells()), c_(cells()) {
    if (size < matmul_leaf || (size & (size - 1)) != 0) {
      std::fprintf(stderr, "matmul: size must be a power of two, at least %ld\n", matmul_leaf);
      std::_Exit(2);
    }
    std::uint32_t x = 2463534242U;
    auto random = [&x] {
      x ^= x << 13U;
      x ^= x >> 17U;
      x ^= x << 5U;
      return x;
    };
    for (auto& value : a_) value = random();
    for (auto& value : b_) value = random();
  }

  matmul_part whole() { return {a_.data(), b_.data(), c_.data(), size_, size_}; }
  void clear() { c_.assign(cells(), 0); }

  /// Freivalds' check: c * x equals a * (b * x). The parts of x are odd, so that one wrong cell always shows.
  bool right() const {
    std::vector<element> x(static_cast<std::size_t>(size_));
    element next = 12345;
    for (auto& value : x) value = (next = next * 1664525U + 1013904223U) | 1U;
    return times(c_, x) == times(a_, times(b_, x));
  }

 private:
  std::size_t cells() const { return static_cast<std::size_t>(size_) * static_cast<std::size_t>(size_); }

  std::vector<element> times(const std::vector<element>& matrix, const std::vector<element>& x) const {
    std::vector<element> out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < x.size(); ++j) out[i] += matrix[i * x.size() + j] * x[j];
    }
    return out;
  }

  long size_;
  std::vector<element> a_, b_, c_;
};

}  // namespace bench
