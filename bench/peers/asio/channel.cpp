// SPDX-License-Identifier: MIT
#include "coroutines.hpp"
#include <asio/experimental/concurrent_channel.hpp>

#include <atomic>

#include "../../support/channel.hpp"
#include "../../support/report.hpp"
#include "pool.hpp"

namespace {

using channel = asio::experimental::concurrent_channel<void(asio::error_code, long)>;

std::atomic<long> sum{0}, producing{bench::channel_producers};

asio::awaitable<void> produce(channel& queue, long first, long count) {
  for (long i = first; i < count; i += bench::channel_producers) {
    co_await queue.async_send(asio::error_code(), i, asio::use_awaitable);
  }
  if (producing.fetch_sub(1) != 1) co_return;
  for (long i = 0; i < bench::channel_consumers; ++i)
    co_await queue.async_send(asio::error_code(), -1, asio::use_awaitable);
}

asio::awaitable<void> consume(channel& queue) {
  long mine = 0;
  for (;;) {
    const long value = co_await queue.async_receive(asio::use_awaitable);
    if (value < 0) break;
    mine += value;
  }
  sum.fetch_add(mine);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1'000'000);
  asio::io_context context(static_cast<int>(given.workers));
  channel queue(context, bench::channel_capacity);
  for (long i = 0; i < bench::channel_producers; ++i)
    asio::co_spawn(context, produce(queue, i, given.size), asio::detached);
  for (long i = 0; i < bench::channel_consumers; ++i) asio::co_spawn(context, consume(queue), asio::detached);
  const bench::stopwatch watch;
  bench::run_on(context, given.workers);
  const double wall = watch.wall(), cpu = watch.cpu();
  bench::require(sum.load() == given.size * (given.size - 1) / 2, "sum of the items");
  bench::reporter("channel", "asio", given.workers).per_item("ns_per_item", static_cast<double>(given.size), wall, cpu);
}
