// SPDX-License-Identifier: MIT
#pragma once

#include <jay/jay.hpp>

#include <string>
#include <utility>

#include "server.hpp"

namespace bench {

/// Echoes on the loopback port (0: any) until the process ends; `on_request()` is awaited between reading and answering.
template <class OnRequest>
jay::task<> serve_echo(unsigned port, OnRequest on_request) {
  auto handler = [on_request](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
    for (;;) {
      const std::string data = co_await reader.read(4096);
      if (data.empty()) break;
      co_await on_request();
      writer.write(data);
      co_await writer.drain();
    }
  };
  jay::server server = co_await jay::start_server(handler, "127.0.0.1", static_cast<std::uint16_t>(port));
  announce_port(server.port());
  co_await server.serve_forever();
}

}  // namespace bench
