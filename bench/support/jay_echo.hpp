// SPDX-License-Identifier: MIT
#pragma once

#include <jay/jay.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include "server.hpp"

namespace bench {

/// Echoes on the loopback port (0: any) until the process ends; `on_request()` is awaited between reading and answering.
template <class OnRequest>
jay::task<> serve_echo(unsigned port, OnRequest on_request) {
  auto session = [on_request](jay::socket client) -> jay::task<> {
    std::array<std::byte, 4096> buffer;
    try {
      for (;;) {
        const std::size_t count = co_await client.read_some(buffer);
        if (count == 0) break;
        co_await on_request();
        co_await client.write_all(std::span(buffer).first(count));
      }
    } catch (const std::system_error&) {  // the client is gone
    }
  };
  jay::socket listener = jay::socket::listen(jay::address::ip("127.0.0.1", static_cast<std::uint16_t>(port)));
  announce_port(listener.local_address().port());
  for (;;) {
    jay::socket client = co_await listener.accept();
    jay::create_task(session, std::move(client));
  }
}

}  // namespace bench
