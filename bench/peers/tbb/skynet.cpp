// SPDX-License-Identifier: MIT
#include <array>

#include "../../support/fork_join_main.hpp"
#include "arena.hpp"

namespace {

long skynet(long first, long depth) {
  if (depth == 0) return first;
  const long step = bench::power_of_ten(depth - 1);
  std::array<long, 10> sums{};
  tbb::task_group group;
  for (std::size_t i = 1; i < sums.size(); ++i) {
    group.run([&sums, first, step, depth, i] { sums[i] = skynet(first + static_cast<long>(i) * step, depth - 1); });
  }
  sums[0] = skynet(first, depth - 1);
  group.wait();
  long sum = 0;
  for (const long part : sums) sum += part;
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::skynet_question.default_size);
  bench::in_arena(given.workers, [&] {
    bench::measure(bench::skynet_question, given, {"skynet", "tbb", given.workers},
                   [](long depth) { return skynet(0, depth); });
  });
}
