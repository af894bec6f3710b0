// SPDX-License-Identifier: MIT
// Asio beside oneTBB, where a request that computes uses the compute threads: it goes there with high priority and comes
// back, two hand-offs. oneTBB looks at another arena only between whole trees, so each tree is an entry of its own.
#include <memory>

#include "../asio/echo_session.hpp"
#include "../asio/pool.hpp"
#include "../asio_tbb/compute.hpp"

namespace {

void compute_forever(tbb::task_arena& arena, long leaf) {
  arena.enqueue([&arena, leaf] {
    bench::tree(leaf + bench::tree_height, leaf);
    compute_forever(arena, leaf);
  });
}

/// Runs the pieces in the arena and resumes where it was awaited.
asio::awaitable<long> compute_in(tbb::task_arena& arena) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [&arena, executor](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    arena.enqueue([shared, executor] {
      const long value = bench::pieces();
      asio::post(executor, [shared, value] { std::move (*shared)(value); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(long)>(start, asio::use_awaitable);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  const bench::mixed_mode mode(given.mode(0, "none"), given.mode(1, "echo"));
  bench::obey_standard_input({"mixed", "asio+tbb handoff", given.workers}, mode.leaf != 0);

  // The main thread only waits in the Asio pool; the arenas' threads are all oneTBB's own.
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, given.workers + 1);
  tbb::task_arena arena(static_cast<int>(given.workers), 0);
  tbb::task_arena requests(static_cast<int>(given.workers), 0, tbb::task_arena::priority::high);
  for (unsigned i = 0; mode.leaf != 0 && i < given.workers; ++i) compute_forever(arena, mode.leaf);
  auto on_request = [&requests, computes = mode.computes]() -> asio::awaitable<void> {
    if (!computes) co_return;
    const long value = co_await compute_in(requests);
    bench::require(value == bench::request_pieces * bench::piece_value, "pieces of a request");
  };
  asio::io_context context(static_cast<int>(given.workers));
  asio::co_spawn(context, bench::echo_server(static_cast<unsigned>(given.size), on_request), asio::detached);
  bench::run_on(context, given.workers);
}
