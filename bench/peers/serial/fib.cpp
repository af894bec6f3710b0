// SPDX-License-Identifier: MIT
// Plain calls: what the work costs without a runtime.
#include "../../support/fork_join_main.hpp"

namespace {

__attribute__((noinline)) long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::fib_question.default_size);
  bench::measure(bench::fib_question, given, {"fib", "serial", given.workers}, fib);
}
