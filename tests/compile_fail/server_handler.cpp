// SPDX-License-Identifier: MIT
// EXPECT: the handler is called with (jay::stream_reader, jay::stream_writer)
#include <jay/server.hpp>

#ifdef JAY_EXPECT_OK
jay::task<> serve(jay::stream_reader, jay::stream_writer) { co_return; }
#else
jay::task<> serve(jay::stream_reader) { co_return; }
#endif

jay::task<> run() {
  auto s = co_await jay::start_server(serve, "127.0.0.1", 0);
  co_await s.serve_forever();
}
