// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <jay/server.hpp>
#include <jay/stream.hpp>

namespace jay::testing {

/// A handler for start_server: each line goes back as it came.
inline jay::task<> echo_lines(jay::stream_reader reader, jay::stream_writer writer) {
  while (true) {
    std::string line = co_await reader.readline();
    if (line.empty()) break;
    writer.write(line);
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

}  // namespace jay::testing
