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

namespace jay {

class socket;

namespace detail {

class JAY_API read_awaiter final : public slot_awaiter {
 public:
  read_awaiter(slot_ref s, std::span<std::byte> buffer) noexcept
      : slot_awaiter(s, direction::reading), buffer_(buffer) {}
  std::size_t await_resume() { return static_cast<std::size_t>(complete("read from")); }
  io_step attempt() noexcept override;

 private:
  std::span<std::byte> buffer_;
};

class JAY_API write_awaiter final : public slot_awaiter {
 public:
  write_awaiter(slot_ref s, std::span<const std::byte> data, bool all) noexcept
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
  explicit accept_awaiter(slot_ref s) noexcept : slot_awaiter(s, direction::reading) {}
  socket await_resume();
  io_step attempt() noexcept override;
  ~accept_awaiter();

 private:
  int accepted_ = -1;
  address peer_;
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
  auto accept() { return op<detail::accept_awaiter, detail::slot_ref>(fd_.ref()); }

  /// At least one byte, or 0 at the end of the stream.
  auto read_some(std::span<std::byte> buffer) {
    return op<detail::read_awaiter, detail::slot_ref, std::span<std::byte>>(fd_.ref(), buffer);
  }
  /// What the kernel takes, at least one byte.
  auto write_some(std::span<const std::byte> data) { return write_op(fd_.ref(), data, false); }
  /// All of it. A failed or cancelled one may have written a part.
  auto write_all(std::span<const std::byte> data) { return write_op(fd_.ref(), data, true); }

  /// Says that nothing more will be sent (write), or wanted (read).
  void shutdown(shutdown_how how);
  void close() noexcept { fd_.close(); }
  bool is_open() const noexcept { return static_cast<bool>(fd_.ref()); }

  address local_address() const;
  address peer_address() const;
  void set_no_delay(bool on);
  /// setsockopt of an int.
  void set_option(int level, int name, int value);
  /// The fd, which stays the socket's; -1 if closed.
  int native_handle() const noexcept;

  /// For the library.
  explicit socket(detail::fd_handle fd) noexcept : fd_(std::move(fd)) {}
  detail::fd_handle release() noexcept { return std::move(fd_); }

 private:
  using write_op = op<detail::write_awaiter, detail::slot_ref, std::span<const std::byte>, bool>;
  detail::fd_handle fd_;
};

}  // namespace jay
