// SPDX-License-Identifier: MIT
// fib: a fork for nearly every nanosecond of work. MODE tuple (default), list, vector or group: the ways to fork.
#include <vector>

#include "support/jay_main.hpp"

namespace {

jay::task<long> fib(long n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await jay::gather(fib(n - 1), fib(n - 2));
  co_return a + b;
}

jay::task<long> fib_list(long n) {
  if (n < 2) co_return n;
  jay::task_list<long> children;
  children.reserve(2);
  children.push_back(fib_list(n - 1));
  children.push_back(fib_list(n - 2));
  auto parts = co_await jay::gather(children);
  co_return parts[0] + parts[1];
}

jay::task<long> fib_vector(long n) {
  if (n < 2) co_return n;
  std::vector<jay::task<long>> children;
  children.reserve(2);
  children.push_back(fib_vector(n - 1));
  children.push_back(fib_vector(n - 2));
  const std::vector<long> values = co_await jay::gather(std::move(children));
  co_return values[0] + values[1];
}

jay::task<long> fib_group(long n) {
  if (n < 2) co_return n;
  jay::task_group group;
  auto first = group.create_task(fib_group, n - 1);
  auto second = group.create_task(fib_group, n - 2);
  co_await group.join();
  co_return first.result() + second.result();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, bench::fib_question.default_size);
  const std::string mode = given.mode(0, "tuple");
  const auto solve = mode == "tuple"    ? fib
                     : mode == "list"   ? fib_list
                     : mode == "vector" ? fib_vector
                     : mode == "group"  ? fib_group
                                        : nullptr;
  if (solve == nullptr) given.usage();
  const bench::reporter report(mode == "tuple" ? "fib" : "fib_" + mode, "jay", given.workers);
  jay::run(bench::measure_jay(bench::fib_question, given, report, solve), bench::with_workers(given.workers));
}
