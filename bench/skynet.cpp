// SPDX-License-Identifier: MIT
// skynet: ten children each, a hundred million leaves.
#include "support/jay_main.hpp"

namespace {

jay::task<long> skynet(long first, long depth) {
  if (depth == 0) co_return first;
  const long step = bench::power_of_ten(depth - 1);
  auto child = [first, step, depth](long i) { return skynet(first + i * step, depth - 1); };
  auto [a, b, c, d, e, f, g, h, i, j] = co_await jay::gather(child(0), child(1), child(2), child(3), child(4), child(5),
                                                             child(6), child(7), child(8), child(9));
  co_return a + b + c + d + e + f + g + h + i + j;
}

jay::task<long> whole_tree(long depth) { return skynet(0, depth); }

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::skynet_question.default_size);
  const bench::reporter report("skynet", "jay", given.workers);
  jay::run(bench::measure_jay(bench::skynet_question, given, report, whole_tree), bench::with_workers(given.workers));
}
