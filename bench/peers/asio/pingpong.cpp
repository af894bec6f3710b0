// SPDX-License-Identifier: MIT
#include "coroutines.hpp"
#include <asio/experimental/concurrent_channel.hpp>

#include "../../support/report.hpp"
#include "pool.hpp"

namespace {

using channel = asio::experimental::concurrent_channel<void(asio::error_code, long)>;

asio::awaitable<void> answer(channel& in, channel& out, long count) {
  for (long i = 0; i < count; ++i) {
    const long value = co_await in.async_receive(asio::use_awaitable);
    co_await out.async_send(asio::error_code(), value + 1, asio::use_awaitable);
  }
}

asio::awaitable<void> ask(channel& out, channel& in, long count) {
  long value = 0;
  for (long i = 0; i < count; ++i) {
    co_await out.async_send(asio::error_code(), value, asio::use_awaitable);
    value = co_await in.async_receive(asio::use_awaitable);
  }
  bench::require(value == count, "round trips");
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 1'000'000);
  asio::io_context context(static_cast<int>(given.workers));
  channel there(context, 1), back(context, 1);
  asio::co_spawn(context, answer(there, back, given.size), asio::detached);
  asio::co_spawn(context, ask(there, back, given.size), asio::detached);
  const bench::stopwatch watch;
  bench::run_on(context, given.workers);
  bench::reporter("pingpong", "asio", given.workers)
      .per_item("ns_per_round_trip", static_cast<double>(given.size), watch.wall(), watch.cpu());
}
