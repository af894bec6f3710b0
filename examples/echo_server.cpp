// SPDX-License-Identifier: MIT
// echo_server [PORT]: sends back what it receives. Port 0 (the default) lets the system choose; the port is printed.
#include <cstdio>
#include <cstdlib>

#include <jay/jay.hpp>

jay::task<> echo(jay::stream_reader reader, jay::stream_writer writer) {
  for (;;) {
    std::string data = co_await reader.read(65536);
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
}

jay::task<int> async_main(int argc, char** argv) {
  auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  jay::server server = co_await jay::start_server(echo, "127.0.0.1", port);
  std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(server.port()));
  std::fflush(stdout);
  co_await server.serve_forever();
  co_return 0;
}

int main(int argc, char** argv) {
  try {
    return jay::run(async_main(argc, argv));
  } catch (const jay::keyboard_interrupt&) {
    return 130;
  }
}
