// SPDX-License-Identifier: MIT
// matmul: by quarters, with real work and real memory in the leaves.
#include "support/jay_main.hpp"

namespace {

jay::task<> multiply(bench::matmul_part part) {
  if (part.is_leaf()) {
    part.compute();
    co_return;
  }
  for (int inner = 0; inner < 2; ++inner) {
    co_await jay::gather(multiply(part.quarter(0, 0, inner)), multiply(part.quarter(0, 1, inner)),
                         multiply(part.quarter(1, 0, inner)), multiply(part.quarter(1, 1, inner)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1024);
  const bench::reporter report("matmul", "jay", given.workers);
  jay::runner runtime(bench::with_workers(given.workers));
  bench::measure_matmul(given, report, [&](const bench::matmul_part& whole) { runtime.run(multiply(whole)); });
}
