// SPDX-License-Identifier: MIT
#include "../../support/fork_join_main.hpp"
#include "arena.hpp"

namespace {

void multiply(const bench::matmul_part& part) {
  if (part.is_leaf()) return part.compute();
  for (int inner = 0; inner < 2; ++inner) {
    tbb::task_group group;
    for (int quarter = 1; quarter < 4; ++quarter) {
      group.run([sub = part.quarter(quarter / 2, quarter % 2, inner)] { multiply(sub); });
    }
    multiply(part.quarter(0, 0, inner));
    group.wait();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1024);
  bench::in_arena(given.workers, [&] { bench::measure_matmul(given, {"matmul", "tbb", given.workers}, multiply); });
}
