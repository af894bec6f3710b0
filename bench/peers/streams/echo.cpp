// SPDX-License-Identifier: MIT
// echo by jay's streams, which buffer, where the others read and write a socket with a buffer of their own.
#include <string>

#include "../../support/jay_main.hpp"
#include "../../support/server.hpp"

namespace {

jay::task<> session(jay::stream_reader reader, jay::stream_writer writer) {
  for (;;) {
    const std::string data = co_await reader.read(4096);
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

jay::task<> serve(unsigned port) {
  jay::server server = co_await jay::start_server(session, "127.0.0.1", static_cast<std::uint16_t>(port));
  bench::announce_port(server.port());
  co_await server.serve_forever();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  bench::obey_standard_input({"echo", "jay streams", given.workers}, false);
  jay::run(serve(static_cast<unsigned>(given.size)), bench::with_workers(given.workers));
}
