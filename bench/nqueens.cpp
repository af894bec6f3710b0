// SPDX-License-Identifier: MIT
// nqueens: as many children as the next queen has places, found out at run time.
#include "support/jay_main.hpp"

namespace {

jay::task<long> queens(long n, int column, bench::queens_board board) {
  if (column == n) co_return 1;
  jay::task_list<long> children;
  children.reserve(static_cast<std::size_t>(n));
  for (int row = 0; row < n; ++row) {
    if (!bench::queen_fits(board, column, row)) continue;
    board[static_cast<std::size_t>(column)] = static_cast<std::int8_t>(row);
    children.push_back(queens(n, column + 1, board));
  }
  auto parts = co_await jay::gather(children);
  long solutions = 0;
  for (const long part : parts) solutions += part;
  co_return solutions;
}

jay::task<long> whole_board(long n) { return queens(n, 0, {}); }

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::queens_question.default_size);
  const bench::reporter report("nqueens", "jay", given.workers);
  jay::run(bench::measure_jay(bench::queens_question, given, report, whole_board), bench::with_workers(given.workers));
}
