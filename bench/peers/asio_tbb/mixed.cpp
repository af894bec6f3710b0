// SPDX-License-Identifier: MIT
// What a careful C++ programmer would build today: Asio for the echo, oneTBB for the compute, side by side in one process.
// A request that computes does so on the Asio thread that read it, where the operating system gives it time at once.
#include "../asio/echo_session.hpp"
#include "../asio/pool.hpp"
#include "compute.hpp"

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  const bench::mixed_mode mode(given.mode(0, "none"), given.mode(1, "echo"));
  bench::obey_standard_input({"mixed", "asio+tbb", given.workers}, mode.leaf != 0);

  // oneTBB makes one thread less than this: as many as there are workers. An Asio thread that computes is its own.
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, given.workers + 1);
  tbb::task_arena arena(static_cast<int>(given.workers), 0);
  if (mode.leaf != 0) {
    for (unsigned i = 0; i < given.workers; ++i) {
      arena.enqueue([leaf = mode.leaf] {
        for (;;) bench::tree(leaf + bench::tree_height, leaf);
      });
    }
  }
  auto on_request = [computes = mode.computes]() -> asio::awaitable<void> {
    if (computes) bench::require(bench::pieces() == bench::request_pieces * bench::piece_value, "pieces of a request");
    co_return;
  };
  asio::io_context context(static_cast<int>(given.workers));
  asio::co_spawn(context, bench::echo_server(static_cast<unsigned>(given.size), on_request), asio::detached);
  bench::run_on(context, given.workers);
}
