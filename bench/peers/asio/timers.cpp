// SPDX-License-Identifier: MIT
#include <atomic>

#include "../../support/random_delay.hpp"
#include "../../support/report.hpp"
#include "pool.hpp"

namespace {

std::atomic<long> woken{0}, early{0};

asio::awaitable<void> sleep_once(std::chrono::nanoseconds delay) {
  const auto start = bench::clock::now();
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  co_await timer.async_wait(asio::use_awaitable);
  if (bench::clock::now() - start < delay) early.fetch_add(1, std::memory_order_relaxed);
  woken.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 100'000);
  asio::io_context context(static_cast<int>(given.workers));
  const bench::stopwatch watch;
  asio::post(context, [&] {
    bench::random_delay delays;
    for (long i = 0; i < given.size; ++i) asio::co_spawn(context, sleep_once(delays.next()), asio::detached);
  });
  bench::run_on(context, given.workers);
  const double wall = watch.wall(), cpu = watch.cpu();
  bench::require(woken == given.size && early == 0, "number of sleepers woken, and none early");
  bench::reporter("timers", "asio", given.workers)
      .per_item("wall_ns_per_timer", static_cast<double>(given.size), wall, cpu);
}
