// SPDX-License-Identifier: MIT
#include "../../support/fork_join_main.hpp"
#include "arena.hpp"

namespace {

long fib(long n) {
  if (n < 2) return n;
  long a = 0, b = 0;
  tbb::task_group group;
  group.run([&a, n] { a = fib(n - 1); });
  b = fib(n - 2);
  group.wait();
  return a + b;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::fib_question.default_size);
  bench::in_arena(given.workers,
                  [&] { bench::measure(bench::fib_question, given, {"fib", "tbb", given.workers}, fib); });
}
