// SPDX-License-Identifier: MIT
// Where a socket is or goes: an IPv4 or IPv6 address with its port, or the path of a Unix socket.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <jay/detail/export.hpp>

namespace jay {

class JAY_API address {
 public:
  /// None: family() is AF_UNSPEC.
  address() noexcept;
  /// From a system call's result.
  address(const sockaddr* a, socklen_t n) noexcept;
  /// A numeric host, such as "127.0.0.1", "::1" or "fe80::1%eth0"; std::invalid_argument otherwise (see jay::resolve for
  /// names).
  static address ip(std::string_view host, std::uint16_t port);
  static bool is_ip(std::string_view host) noexcept;
  /// A Unix socket; a path that begins with a NUL is in the abstract namespace. Throws std::system_error
  /// (ENAMETOOLONG) above 107 bytes, std::invalid_argument for an empty path or a NUL inside.
  static address unix_path(std::string_view path);

  int family() const noexcept { return storage_.ss_family; }
  bool is_ip() const noexcept { return family() == AF_INET || family() == AF_INET6; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  /// 0 for one that has none.
  std::uint16_t port() const noexcept;
  void set_port(std::uint16_t port) noexcept;
  /// "127.0.0.1", "::1", or the path of a Unix socket.
  std::string host() const;
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x", "unix:@abstract", "unix socket" (one without a name).
  std::string to_string() const;

  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }

  friend bool operator==(const address& a, const address& b) noexcept;

 private:
  sockaddr_storage storage_;
  socklen_t size_;
};

}  // namespace jay
