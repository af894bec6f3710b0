// SPDX-License-Identifier: MIT
// A server: accepts connections and starts a task for each. asyncio.start_server, asyncio.Server.
//
//   jay::task<> echo(jay::stream_reader reader, jay::stream_writer writer);
//   jay::server s = co_await jay::start_server(echo, "127.0.0.1", 8080);
//   co_await s.serve_forever();
//
// The handler is copied for each connection and the copy kept until its task has ended, so it may be a lambda with
// captures. An exception that a handler lets out goes to the exception handler of the scheduler, and the connection is
// closed. When the process has no file descriptor left, the server waits and goes on accepting as soon as there is one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <jay/socket.hpp>
#include <jay/stream.hpp>

namespace jay {

class server;

namespace detail {

struct server_state;

/// Starts with one connection; what it gives runs as a task.
using connection_handler = std::function<task<>(stream_reader, stream_writer)>;

template <class F>
task<> call_handler(F f, stream_reader reader, stream_writer writer) {
  co_await std::invoke(f, std::move(reader), std::move(writer));
}

template <class F>
connection_handler make_handler(F f) {
  static_assert(std::invocable<F&, stream_reader, stream_writer>,
                "start_server: the handler is called with (jay::stream_reader, jay::stream_writer)");
  static_assert(awaitable<std::invoke_result_t<F&, stream_reader, stream_writer>>,
                "start_server: the handler must return an awaitable, such as jay::task<>");
  return [f = std::move(f)](stream_reader r, stream_writer w) { return call_handler<F>(f, std::move(r), std::move(w)); };
}

JAY_API task<server> start_server(connection_handler handler, std::string host, std::uint16_t port, stream_options options);
JAY_API task<server> start_server(connection_handler handler, socket listener, stream_options options);
JAY_API task<server> start_unix_server(connection_handler handler, std::string path, stream_options options);

}  // namespace detail

class JAY_API server {
 public:
  /// None.
  server() noexcept;
  server(server&&) noexcept;
  server& operator=(server&&) noexcept;
  /// close().
  ~server();

  /// The port that it listens on; 0 for a Unix socket.
  std::uint16_t port() const;
  /// Where it listens.
  std::vector<address> sockets() const;
  bool is_serving() const;
  /// Until it is closed. When cancelled it closes the server and its connections, waits for them, and throws
  /// cancelled_error. What is still to be sent is sent, as long as the peer takes some of it each second, and at most for
  /// io.shutdown_timeout; then the connection is cut.
  task<> serve_forever();
  /// Accepts no more; connections go on.
  void close();
  /// Waits until it is closed and the last connection has ended.
  task<> wait_closed();
  /// Closes the connections when what they have buffered is sent.
  void close_clients();
  /// Closes them at once.
  void abort_clients();

  /// For the library.
  explicit server(std::shared_ptr<detail::server_state> s) noexcept;

 private:
  detail::server_state& get() const;
  std::shared_ptr<detail::server_state> state_;
};

/// Listens on every address of the host (an empty one: on all of this machine's). Port 0: any free one, the same for all
/// addresses.
template <class F>
task<server> start_server(F handler, std::string host, std::uint16_t port, stream_options options = {}) {
  return detail::start_server(detail::make_handler(std::move(handler)), std::move(host), port, options);
}
/// On a socket that listens already, as one that a parent process has opened (socket::adopt). asyncio's sock=. The options'
/// backlog and reuse_port were the socket's to say, and a Unix socket's file is not removed. A socket that does not listen:
/// std::invalid_argument.
template <class F>
task<server> start_server(F handler, socket listener, stream_options options = {}) {
  return detail::start_server(detail::make_handler(std::move(handler)), std::move(listener), options);
}
/// A socket file that an ended process has left behind is replaced; the file is removed when the server closes.
template <class F>
task<server> start_unix_server(F handler, std::string path, stream_options options = {}) {
  return detail::start_unix_server(detail::make_handler(std::move(handler)), std::move(path), options);
}

}  // namespace jay
