// SPDX-License-Identifier: MIT
// The compute side of the question "mixed": endless fork-join whose leaves take about 2.7 us (fine) or 0.8 ms (coarse), and,
// where the request asks for it, small pieces of work inside the request.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace bench {

enum class leaf_size { none, fine, coarse };

/// Argument of the leaf's plain recursion: 3193 calls take about 2.7 us, 1028457 about 0.8 ms.
inline constexpr long fine_leaf = 16, coarse_leaf = 28;
/// A tree has 377 leaves.
inline constexpr long tree_height = 12;
/// Pieces of one computing request, and the plain recursion's argument in each: about 1 us a piece.
inline constexpr int request_pieces = 8;
inline constexpr long piece_size = 14;
inline constexpr long piece_value = 377;

/// Aligned, as its speed varies by a tenth with where a program happens to place it.
__attribute__((noinline, aligned(64))) inline long plain_fib(long n) { return n < 2 ? n : plain_fib(n - 1) + plain_fib(n - 2); }

struct mixed_mode {
  long leaf = 0;          ///< 0: no compute beside the echo
  bool computes = false;  ///< each request also computes

  mixed_mode(const std::string& leaf_name, const std::string& request) {
    if (leaf_name == "fine") leaf = fine_leaf;
    else if (leaf_name == "coarse") leaf = coarse_leaf;
    else if (leaf_name != "none") wrong();
    if (request == "compute") computes = true;
    else if (request != "echo") wrong();
  }

 private:
  [[noreturn]] static void wrong() {
    std::fputs("usage: mixed PORT WORKERS none|fine|coarse echo|compute\n", stderr);
    std::_Exit(2);
  }
};

/// Leaves done by every worker since the start.
alignas(64) inline std::atomic<long> leaves_done{0};

inline long compute_leaf(long n) {
  leaves_done.fetch_add(1, std::memory_order_relaxed);
  return plain_fib(n);
}

}  // namespace bench
