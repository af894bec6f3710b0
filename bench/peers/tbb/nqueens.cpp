// SPDX-License-Identifier: MIT
#include <array>

#include "../../support/fork_join_main.hpp"
#include "arena.hpp"

namespace {

long queens(long n, int column, bench::queens_board board) {
  if (column == n) return 1;
  std::array<long, bench::max_queens> found{};
  tbb::task_group group;
  for (int row = 0; row < n; ++row) {
    if (!bench::queen_fits(board, column, row)) continue;
    board[static_cast<std::size_t>(column)] = static_cast<std::int8_t>(row);
    group.run([&found, n, column, row, board] { found[static_cast<std::size_t>(row)] = queens(n, column + 1, board); });
  }
  group.wait();
  long solutions = 0;
  for (const long part : found) solutions += part;
  return solutions;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::queens_question.default_size);
  bench::in_arena(given.workers, [&] {
    bench::measure(bench::queens_question, given, {"nqueens", "tbb", given.workers},
                   [](long n) { return queens(n, 0, {}); });
  });
}
