// SPDX-License-Identifier: MIT
#include <jay/address.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace jay {
namespace {

constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;  // 107
constexpr socklen_t path_offset = offsetof(sockaddr_un, sun_path);

template <class T>
T as(const sockaddr_storage& s) noexcept {
  T t;
  std::memcpy(&t, &s, sizeof t);
  return t;
}

/// False: not a numeric address.
bool parse(std::string_view host, std::uint16_t port, sockaddr_storage& out, socklen_t& size) noexcept {
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
  if (host.empty() || host.size() >= sizeof text || host.find('\0') != host.npos) return false;
  std::memcpy(text, host.data(), host.size());
  text[host.size()] = 0;
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&out, &v4, sizeof v4);
    size = sizeof v4;
    return true;
  }
  sockaddr_in6 v6{};
  if (char* zone = std::strchr(text, '%')) {
    *zone = 0;
    v6.sin6_scope_id = ::if_nametoindex(zone + 1);
    if (v6.sin6_scope_id == 0) return false;
  }
  if (::inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) return false;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&out, &v6, sizeof v6);
  size = sizeof v6;
  return true;
}

}  // namespace

address::address() noexcept : storage_{}, size_(0) {}

address::address(const sockaddr* a, socklen_t n) noexcept : storage_{}, size_(n) {
  size_ = std::min<socklen_t>(size_, sizeof storage_);
  std::memcpy(&storage_, a, size_);
}

address address::ip(std::string_view host, std::uint16_t port) {
  address a;
  if (!parse(host, port, a.storage_, a.size_))
    throw std::invalid_argument("address: '" + std::string(host) +
                                "' is not an IPv4 or IPv6 address; jay::resolve looks up names");
  return a;
}

bool address::is_ip(std::string_view host) noexcept {
  address a;
  return parse(host, 0, a.storage_, a.size_);
}

address address::unix_path(std::string_view path) {
  if (path.empty()) throw std::invalid_argument("address: the path of a Unix socket is empty");
  bool abstract = path[0] == '\0';
  if (!abstract && path.find('\0') != path.npos)
    throw std::invalid_argument("address: the path of a Unix socket has a NUL inside: '" +
                                std::string(path.substr(0, path.find('\0'))) + "'");
  if (path.size() > longest_path)
    throw std::system_error(ENAMETOOLONG, std::generic_category(),
                            "Unix socket path of " + std::to_string(path.size()) + " bytes, at most " +
                                std::to_string(longest_path) + " are possible: '" +
                                std::string(path.substr(abstract ? 1 : 0)) + "'");
  address a;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  std::memcpy(&a.storage_, &un, sizeof un);
  a.size_ = static_cast<socklen_t>(path_offset + path.size() + (abstract ? 0 : 1));
  return a;
}

std::uint16_t address::port() const noexcept {
  if (family() == AF_INET) return ntohs(as<sockaddr_in>(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(storage_).sin6_port);
  return 0;
}

void address::set_port(std::uint16_t port) noexcept {
  std::uint16_t p = htons(port);
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  if (is_ip()) std::memcpy(reinterpret_cast<char*>(&storage_) + offsetof(sockaddr_in, sin_port), &p, sizeof p);
}

std::string address::host() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET) {
    auto v4 = as<sockaddr_in>(storage_);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return text;
  }
  if (family() == AF_INET6) {
    auto v6 = as<sockaddr_in6>(storage_);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    char zone[IF_NAMESIZE];
    if (v6.sin6_scope_id != 0 && ::if_indextoname(v6.sin6_scope_id, zone)) return std::string(text) + "%" + zone;
    return text;
  }
  if (family() == AF_UNIX && size_ > path_offset) {
    auto un = as<sockaddr_un>(storage_);
    std::size_t n = size_ - path_offset;
    if (un.sun_path[0] == '\0') return std::string(un.sun_path, n);
    return std::string(un.sun_path, ::strnlen(un.sun_path, n));
  }
  return {};
}

std::string address::to_string() const {
  switch (family()) {
    case AF_INET: return host() + ":" + std::to_string(port());
    case AF_INET6: return "[" + host() + "]:" + std::to_string(port());
    case AF_UNIX: {
      std::string path = host();
      if (path.empty()) return "unix socket";
      if (path[0] == '\0') path[0] = '@';
      return "unix:" + path;
    }
    default: return "(no address)";
  }
}

bool operator==(const address& a, const address& b) noexcept {
  return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

}  // namespace jay
