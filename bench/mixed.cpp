// SPDX-License-Identifier: MIT
// mixed: the echo server beside endless fork-join that keeps every worker busy, in one runtime.
#include <vector>

#include "support/jay_echo.hpp"
#include "support/jay_main.hpp"

namespace {

jay::task<long> tree(long n, long leaf) {
  if (n <= leaf) co_return bench::compute_leaf(n);
  auto [a, b] = co_await jay::gather(tree(n - 1, leaf), tree(n - 2, leaf));
  co_return a + b;
}

jay::task<> compute_forever(long leaf) {
  for (;;) co_await tree(leaf + bench::tree_height, leaf);
}

jay::task<long> piece() { co_return bench::plain_fib(bench::piece_size); }

/// What a computing request does on the same workers: a few small pieces, gathered.
jay::task<> compute_pieces() {
  std::vector<jay::task<long>> pieces;
  pieces.reserve(bench::request_pieces);
  for (int i = 0; i < bench::request_pieces; ++i) pieces.push_back(piece());
  const std::vector<long> values = co_await jay::gather(std::move(pieces));
  long sum = 0;
  for (const long value : values) sum += value;
  bench::require(sum == bench::request_pieces * bench::piece_value, "pieces of a request");
}

jay::task<> nothing() { co_return; }

jay::task<> serve(unsigned port, unsigned workers, bench::mixed_mode mode) {
  if (mode.leaf != 0) {
    for (unsigned i = 0; i < workers; ++i) jay::create_task(compute_forever, mode.leaf);
  }
  co_await bench::serve_echo(port, mode.computes ? compute_pieces : nothing);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  const bench::mixed_mode mode(given.mode(0, "none"), given.mode(1, "echo"));
  bench::obey_standard_input({"mixed", "jay", given.workers}, mode.leaf != 0);
  jay::run(serve(static_cast<unsigned>(given.size), given.workers, mode), bench::with_workers(given.workers));
}
