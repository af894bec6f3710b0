// SPDX-License-Identifier: MIT
#include "../../support/fork_join_main.hpp"

namespace {

__attribute__((noinline)) long skynet(long first, long depth) {
  if (depth == 0) return first;
  const long step = bench::power_of_ten(depth - 1);
  long sum = 0;
  for (long i = 0; i < 10; ++i) sum += skynet(first + i * step, depth - 1);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::skynet_question.default_size);
  bench::measure(bench::skynet_question, given, {"skynet", "serial", given.workers},
                 [](long depth) { return skynet(0, depth); });
}
