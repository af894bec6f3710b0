// SPDX-License-Identifier: MIT
// The echo server on libuv, which has one loop and so one worker, whatever is asked.
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "../../support/server.hpp"

namespace {

void check(int result, const char* what) {
  if (result >= 0) return;
  std::fprintf(stderr, "cannot %s: %s\n", what, uv_strerror(result));
  std::_Exit(1);
}

struct connection {
  uv_tcp_t socket{};
  char buffer[4096];

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&socket); }
  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&socket),
             [](uv_handle_t* handle) { delete static_cast<connection*>(handle->data); });
  }
};

/// What the socket did not take at once.
struct rest {
  uv_write_t request{};
  std::string bytes;
};

void give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto* to = static_cast<connection*>(handle->data);
  *buffer = uv_buf_init(to->buffer, sizeof to->buffer);
}

void answer(uv_stream_t* stream, ssize_t count, const uv_buf_t* received) {
  auto* to = static_cast<connection*>(stream->data);
  if (count < 0) return to->close();
  const uv_buf_t all = uv_buf_init(received->base, static_cast<unsigned>(count));
  int written = uv_try_write(stream, &all, 1);
  if (written == UV_EAGAIN) written = 0;
  if (written < 0) return to->close();
  if (written == count) return;
  auto* left = new rest{{}, std::string(received->base + written, static_cast<std::size_t>(count - written))};
  left->request.data = left;
  const uv_buf_t bytes = uv_buf_init(left->bytes.data(), static_cast<unsigned>(left->bytes.size()));
  // A connection that breaks is closed by the read that then fails.
  const int queued = uv_write(&left->request, stream, &bytes, 1,
                              [](uv_write_t* request, int) { delete static_cast<rest*>(request->data); });
  check(queued, "send an answer");
}

void accept(uv_stream_t* listener, int status) {
  check(status, "accept a connection");
  auto* accepted = new connection;
  check(uv_tcp_init(listener->loop, &accepted->socket), "make a socket");
  accepted->socket.data = accepted;
  check(uv_accept(listener, accepted->stream()), "accept a connection");
  check(uv_tcp_nodelay(&accepted->socket, 1), "switch off Nagle's algorithm");
  check(uv_read_start(accepted->stream(), give_buffer, answer), "read from a connection");
}

}  // namespace

int main(int argc, char** argv) {
  const bench::arguments given(argc, argv, 0);
  bench::obey_standard_input({"echo", "libuv", 1}, false);

  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t listener;
  sockaddr_in address{};
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  check(uv_tcp_init(loop, &listener), "make a socket");
  check(uv_ip4_addr("127.0.0.1", static_cast<int>(given.size), &address), "make an address");
  check(uv_tcp_bind(&listener, generic, 0), "take the port");
  check(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 1024, accept), "listen");
  int size = sizeof address;
  check(uv_tcp_getsockname(&listener, generic, &size), "ask for the port");
  bench::announce_port(ntohs(address.sin_port));
  return uv_run(loop, UV_RUN_DEFAULT);
}
