// SPDX-License-Identifier: MIT
#include "../../support/fork_join_main.hpp"

namespace {

void multiply(const bench::matmul_part& part) {
  if (part.is_leaf()) return part.compute();
  for (int inner = 0; inner < 2; ++inner) {
    for (int quarter = 0; quarter < 4; ++quarter) multiply(part.quarter(quarter / 2, quarter % 2, inner));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1024);
  bench::measure_matmul(given, {"matmul", "serial", given.workers}, multiply);
}
