// SPDX-License-Identifier: MIT
// Asio has no task handle to await: the join is the sum that every coroutine adds to.
#include <algorithm>
#include <atomic>

#include "../../support/report.hpp"
#include "pool.hpp"

namespace {

std::atomic<long> sum{0};

asio::awaitable<void> add(long i) {
  sum.fetch_add(i, std::memory_order_relaxed);
  co_return;
}

void spawn(unsigned workers, long first, long last) {
  asio::io_context context(static_cast<int>(workers));
  asio::post(context, [&] {
    for (long i = first; i < last; ++i) asio::co_spawn(context, add(i), asio::detached);
  });
  bench::run_on(context, workers);
}

/// Runs on a strand, the spawned coroutines on any thread.
asio::awaitable<void> spawn_batches(asio::io_context& context, long count, long batch) {
  const auto executor = co_await asio::this_coro::executor;
  for (long first = 0; first < count; first += batch) {
    std::atomic<long> left{0};
    const long last = std::min(first + batch, count);
    left = last - first;
    asio::steady_timer all(executor, asio::steady_timer::time_point::max());
    for (long i = first; i < last; ++i) {
      asio::co_spawn(context, add(i), [&](const std::exception_ptr&) {
        if (left.fetch_sub(1) == 1) asio::post(executor, [&all] { all.cancel(); });
      });
    }
    co_await all.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1'000'000);
  const bool batches = given.mode(0, "all") == "batch";
  const bench::stopwatch watch;
  if (batches) {
    asio::io_context context(static_cast<int>(given.workers));
    asio::co_spawn(asio::make_strand(context), spawn_batches(context, given.size, 10'000), asio::detached);
    bench::run_on(context, given.workers);
  } else {
    spawn(given.workers, 0, given.size);
  }
  const double wall = watch.wall(), cpu = watch.cpu();
  bench::require(sum.load() == given.size * (given.size - 1) / 2, "sum of the spawned coroutines");
  bench::reporter(batches ? "spawn_batch" : "spawn", "asio", given.workers)
      .per_item("ns_per_task", static_cast<double>(given.size), wall, cpu);
}
