// SPDX-License-Identifier: MIT
// A byte stream that is a socket: what jay::socket asks of it beyond bytes. There are two: one with a descriptor
// (fd_slot.hpp), and one of the simulated network of jay::testing::run (src/net/simulated_socket.hpp). What stands above,
// streams and servers, knows neither.
#pragma once

#include <cstdint>
#include <utility>

#include <jay/address.hpp>
#include <jay/detail/byte_stream.hpp>
#include <jay/detail/export.hpp>

namespace jay::detail {

struct accepted_socket;

class JAY_API socket_stream : public byte_stream {
 public:
  // ---- for who is inside for reading ----

  /// As accept4(2) on a non-blocking socket: 0, or -1 and errno.
  virtual int accept(accepted_socket& into) noexcept = 0;

  // ---- for who has pinned it ----

  virtual bool listens() const noexcept = 0;
  /// No address where there is none.
  virtual address local() const noexcept = 0;
  virtual address peer() const noexcept = 0;
  /// As shutdown(2) and setsockopt(2): 0, or -1 and errno.
  virtual int shutdown(int how) noexcept = 0;
  virtual int set_option(int level, int name, int value) noexcept = 0;

 protected:
  ~socket_stream() = default;
};

/// Names a socket for as long as it is open, without keeping it open.
struct socket_ref {
  socket_stream* stream = nullptr;
  std::uint32_t incarnation = 0;

  explicit operator bool() const noexcept { return stream; }
  operator stream_ref() const noexcept { return {stream, incarnation}; }
  std::string describe() const { return stream_ref(*this).describe(); }
};

/// Owns an open socket.
class socket_handle {
 public:
  socket_handle() noexcept = default;
  explicit socket_handle(socket_ref r) noexcept : ref_(r) {}
  socket_handle(socket_handle&& o) noexcept : ref_(std::exchange(o.ref_, {})) {}
  socket_handle& operator=(socket_handle&& o) noexcept {
    std::swap(ref_, o.ref_);
    return *this;
  }
  ~socket_handle() { close(); }

  void close() noexcept { stream_handle(std::exchange(ref_, {})); }
  socket_ref ref() const noexcept { return ref_; }
  /// As a stream; this one has none afterwards.
  stream_handle to_stream() && noexcept { return stream_handle(std::exchange(ref_, {})); }

 private:
  socket_ref ref_;
};

/// A socket that is kept open while this lives; none if it was closed before.
class pinned_socket {
 public:
  explicit pinned_socket(socket_ref r) noexcept : pinned_(r), stream_(r.stream) {}
  explicit operator bool() const noexcept { return static_cast<bool>(pinned_); }
  socket_stream* operator->() const noexcept { return stream_; }

 private:
  pinned_stream pinned_;
  socket_stream* stream_;
};

/// What accept gives: a descriptor of no slot yet, or a socket that has none.
struct accepted_socket {
  int fd = -1;
  socket_handle socket;
  address peer;
};

}  // namespace jay::detail
