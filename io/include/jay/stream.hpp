// SPDX-License-Identifier: MIT
// Streams: reading and writing a connection without minding how the bytes arrive. asyncio's StreamReader, StreamWriter.
//
//   auto [reader, writer] = co_await jay::open_connection("127.0.0.1", 7);
//   writer.write("hello\n");
//   co_await writer.drain();
//   std::string line = co_await reader.readline();
//
// One task at a time reads; a second one gets std::runtime_error. Any number may write; what one write gives stays together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <jay/address.hpp>
#include <jay/detail/connection.hpp>
#include <jay/detail/op.hpp>

namespace jay {

namespace detail {
struct reader_state;
struct stream_settings {
  std::size_t limit = 65536;
  int backlog = 1024;
  bool reuse_port = false;
};
[[noreturn]] JAY_API void no_connection();
}  // namespace detail

class JAY_API stream_reader {
 public:
  /// Fed by hand. `limit`: how long a line, or what read_until gives, may be.
  explicit stream_reader(std::size_t limit = 65536);
  stream_reader(stream_reader&&) noexcept = default;
  stream_reader& operator=(stream_reader&&) noexcept = default;

  // ---- for who feeds it; any thread ----
  void feed_data(std::string_view data);
  void feed_eof();
  /// Every read throws it from now on.
  void set_exception(std::exception_ptr e);
  std::exception_ptr exception() const;

  /// Up to n bytes, at least one; "" at the end of the stream. n < 0: all up to the end.
  task<std::string> read(std::ptrdiff_t n = -1);
  /// Exactly n bytes; incomplete_read_error if the stream ends before.
  task<std::string> read_exactly(std::ptrdiff_t n);
  /// A line with its '\n'; what is left if the stream ends in the middle of one; "" at the end. Longer than the limit:
  /// std::invalid_argument.
  task<std::string> readline();
  /// Up to and with the separator. limit_overrun_error beyond the limit, with nothing taken; incomplete_read_error if the
  /// stream ends before.
  task<std::string> read_until(std::string_view separator = "\n");
  /// Async iteration by lines: while (auto line = co_await reader.next()) use(*line);
  task<std::optional<std::string>> next();
  /// The end has come and everything was read.
  bool at_eof() const;

  /// For the library.
  explicit stream_reader(std::shared_ptr<detail::reader_state> s) noexcept : state_(std::move(s)) {}

 private:
  std::shared_ptr<detail::reader_state> state_;
};

class JAY_API stream_writer {
 public:
  /// None.
  stream_writer() noexcept = default;
  stream_writer(stream_writer&&) noexcept = default;
  stream_writer& operator=(stream_writer&& o) noexcept {
    std::swap(connection_, o.connection_);
    return *this;
  }
  /// Closes; what was written is still sent.
  ~stream_writer() {
    if (connection_) connection_->close();
  }

  /// Sends what the kernel takes at once and keeps the rest; never waits. On a connection that is closed or broken it is
  /// dropped: drain() throws why.
  void write(std::string_view data) { get().write(data); }
  void writelines(std::span<const std::string_view> parts);
  /// Waits while too much is buffered, so that a slow reader slows the writer down. Throws std::system_error if the
  /// connection is broken or closed.
  auto drain() { return op<detail::drain_awaiter, detail::connection_ptr>(share()); }
  /// The peer will read the end of the stream after what was written; reading goes on.
  void write_eof() { get().write_eof(); }
  bool can_write_eof() const noexcept { return true; }
  /// Sends what is buffered, then closes both directions. The reader gets the end of the stream.
  void close() { get().close(); }
  /// Closes at once; what is buffered is lost.
  void abort() { get().abort(); }
  /// Waits until it is closed; throws std::system_error if something could not be sent.
  auto wait_closed() { return op<detail::closed_awaiter, detail::connection_ptr>(share()); }
  bool is_closing() const { return get().is_closing(); }

  /// drain() waits from more than `high` bytes on until no more than `low` are left. Default: 64 KiB, 16 KiB.
  void set_write_buffer_limits(std::size_t high, std::size_t low) { get().set_limits(high, low); }
  std::size_t write_buffer_size() const { return get().buffered(); }

  address peer_address() const { return get().peer(); }
  address local_address() const { return get().local(); }
  /// "peername", "sockname" (as text), "socket" (the fd's number); nothing for other names.
  std::optional<std::string> get_extra_info(std::string_view name) const;

  /// For the library.
  explicit stream_writer(detail::connection_ptr c) noexcept : connection_(std::move(c)) {}

 private:
  detail::connection& get() const {
    if (!connection_) detail::no_connection();
    return *connection_;
  }
  detail::connection_ptr share() const { return detail::connection_ptr::share(&get()); }

  detail::connection_ptr connection_;
};

/// Last argument of open_connection, start_server and their Unix forms.
class stream_options {
 public:
  /// The reader's limit.
  stream_options& limit(std::size_t n) noexcept {
    settings_.limit = n;
    return *this;
  }
  /// Of a server: connections that the kernel keeps until they are accepted.
  stream_options& backlog(int n) noexcept {
    settings_.backlog = n;
    return *this;
  }
  /// Of a server: others may listen on the same port (SO_REUSEPORT).
  stream_options& reuse_port(bool on = true) noexcept {
    settings_.reuse_port = on;
    return *this;
  }
  /// For the library.
  const detail::stream_settings& settings() const noexcept { return settings_; }

 private:
  detail::stream_settings settings_;
};

/// Connects to the first address of the host that answers. Throws std::system_error, naming each address that was tried.
JAY_API task<std::pair<stream_reader, stream_writer>> open_connection(std::string host, std::uint16_t port,
                                                                      stream_options options = {});
JAY_API task<std::pair<stream_reader, stream_writer>> open_unix_connection(std::string path, stream_options options = {});

namespace detail {
JAY_API std::pair<stream_reader, stream_writer> make_streams(connection_ptr c, const stream_settings& settings);
}  // namespace detail

}  // namespace jay
