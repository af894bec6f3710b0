// SPDX-License-Identifier: MIT
#include "../../support/fork_join_main.hpp"

namespace {

long queens(long n, int column, bench::queens_board board) {
  if (column == n) return 1;
  long solutions = 0;
  for (int row = 0; row < n; ++row) {
    if (!bench::queen_fits(board, column, row)) continue;
    board[static_cast<std::size_t>(column)] = static_cast<std::int8_t>(row);
    solutions += queens(n, column + 1, board);
  }
  return solutions;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::queens_question.default_size);
  bench::measure(bench::queens_question, given, {"nqueens", "serial", given.workers},
                 [](long n) { return queens(n, 0, {}); });
}
