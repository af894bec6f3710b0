// SPDX-License-Identifier: MIT
#pragma once

#include "coroutines.hpp"

#include <utility>

#include "../../support/server.hpp"

namespace bench {

inline constexpr auto no_throw = asio::experimental::as_tuple(asio::use_awaitable);

/// Echoes until the client goes; `on_request()` is awaited between reading and answering.
template <class OnRequest>
asio::awaitable<void> echo_session(asio::ip::tcp::socket socket, OnRequest on_request) {
  char buffer[4096];
  for (;;) {
    auto [read_error, count] = co_await socket.async_read_some(asio::buffer(buffer), no_throw);
    if (read_error) co_return;
    co_await on_request();
    auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(buffer, count), no_throw);
    if (write_error) co_return;
  }
}

template <class OnRequest>
asio::awaitable<void> echo_server(unsigned port, OnRequest on_request) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::acceptor acceptor(executor, {asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
  announce_port(acceptor.local_endpoint().port());
  for (;;) {
    asio::ip::tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(asio::ip::tcp::no_delay(true));
    asio::co_spawn(executor, echo_session(std::move(socket), on_request), asio::detached);
  }
}

inline asio::awaitable<void> nothing() { co_return; }

}  // namespace bench
