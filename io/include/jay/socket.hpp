// SPDX-License-Identifier: MIT
// A raw stream socket, TCP or Unix: what streams are made of. Non-blocking, close-on-exec, closed when destroyed.
//
//   jay::socket s = co_await jay::socket::connect(jay::address::ip("127.0.0.1", 80));
//   co_await s.write_all(jay::bytes_of("GET / HTTP/1.0\r\n\r\n"));
//   std::size_t n = co_await s.read_some(buffer);          // 0: the peer has sent all
//
// At most one read (or accept) and one write at a time: a second one throws std::runtime_error. The buffer must stay until
// the operation has ended, which a cancelled one has when it throws. close() ends what waits with std::system_error
// (ECANCELED). Errors are std::system_error: "read from 127.0.0.1:80: Connection reset by peer". A dead peer never
// raises SIGPIPE.
#pragma once

#include <span>
#include <string>

#include <jay/address.hpp>
#include <jay/buffer.hpp>
#include <jay/detail/op.hpp>
#include <jay/detail/fd_slot.hpp>
#include <jay/detail/slot_awaiter.hpp>
#include <jay/detail/socket_stream.hpp>

namespace jay {

class socket;

namespace detail {

class JAY_API read_awaiter final : public slot_awaiter {
 public:
  read_awaiter(stream_ref s, std::span<std::byte> buffer) noexcept
      : slot_awaiter(s, direction::reading), buffer_(buffer) {}
  std::size_t await_resume() { return static_cast<std::size_t>(complete("read from")); }
  io_step attempt() noexcept override;

 private:
  std::span<std::byte> buffer_;
};

class JAY_API write_awaiter final : public slot_awaiter {
 public:
  write_awaiter(stream_ref s, std::span<const std::byte> data, bool all) noexcept
      : slot_awaiter(s, direction::writing), data_(data), all_(all) {}
  std::size_t await_resume();
  io_step attempt() noexcept override;

 private:
  std::span<const std::byte> data_;
  std::size_t written_ = 0;
  bool all_;
};

class JAY_API accept_awaiter final : public slot_awaiter {
 public:
  explicit accept_awaiter(socket_ref s) noexcept : slot_awaiter(s, direction::reading), listener_(s.stream) {}
  socket await_resume();
  io_step attempt() noexcept override;
  ~accept_awaiter();

 private:
  socket_stream* const listener_;
  accepted_socket accepted_;
};

}  // namespace detail

enum class shutdown_how : int { read = SHUT_RD, write = SHUT_WR, both = SHUT_RDWR };

class listen_options {
 public:
  /// Connections that the kernel keeps until they are accepted.
  listen_options& backlog(int n) noexcept {
    backlog_ = n;
    return *this;
  }
  /// Several listeners share the port.
  listen_options& reuse_port(bool on = true) noexcept {
    reuse_port_ = on;
    return *this;
  }

 private:
  friend class socket;
  int backlog_ = 1024;
  bool reuse_port_ = false;
};

class JAY_API socket {
 public:
  /// None; every operation throws.
  socket() noexcept = default;
  /// Takes over an open stream socket's fd (also if it throws) and makes it non-blocking.
  static socket adopt(int fd);

  /// Must be awaited in a running runtime. TCP sockets get TCP_NODELAY.
  static task<socket> connect(address to);
  /// Binds and listens. Port 0: any free one, see local_address(). A Unix path that an ended process has left behind is
  /// replaced.
  static socket listen(const address& at, const listen_options& options = {});
  /// A connected pair of Unix sockets.
  static std::pair<socket, socket> pair();

  /// Errors of the connection that was about to be accepted are passed over; EMFILE and the like throw, and the listener
  /// goes on.
  auto accept() { return op<detail::accept_awaiter, detail::socket_ref>(socket_.ref()); }

  /// At least one byte, or 0 at the end of the stream.
  auto read_some(std::span<std::byte> buffer) {
    return op<detail::read_awaiter, detail::stream_ref, std::span<std::byte>>(socket_.ref(), buffer);
  }
  /// What the kernel takes, at least one byte.
  auto write_some(std::span<const std::byte> data) { return write_op(socket_.ref(), data, false); }
  /// All of it. A failed or cancelled one may have written a part.
  auto write_all(std::span<const std::byte> data) { return write_op(socket_.ref(), data, true); }

  /// Says that nothing more will be sent (write), or wanted (read).
  void shutdown(shutdown_how how);
  void close() noexcept { socket_.close(); }
  bool is_open() const noexcept { return static_cast<bool>(socket_.ref()); }
  /// False where it is closed, too.
  bool is_listening() const noexcept;

  address local_address() const;
  address peer_address() const;
  void set_no_delay(bool on);
  /// setsockopt of an int.
  void set_option(int level, int name, int value);
  /// The fd, which stays the socket's; -1 if closed, and inside jay::testing::run.
  int native_handle() const noexcept;

  /// For the library.
  explicit socket(detail::fd_handle fd) noexcept : socket_(std::move(fd).to_socket()) {}
  explicit socket(detail::socket_handle s) noexcept : socket_(std::move(s)) {}
  detail::socket_handle release() noexcept { return std::move(socket_); }

 private:
  using write_op = op<detail::write_awaiter, detail::stream_ref, std::span<const std::byte>, bool>;
  detail::socket_handle socket_;
};

}  // namespace jay
