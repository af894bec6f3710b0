// SPDX-License-Identifier: MIT
// What the files of this folder share.
#pragma once

#include <string_view>

#include <jay/address.hpp>

namespace jay::detail {

void no_delay(int fd) noexcept;

/// The host of an address that stands for all of a machine's.
inline bool is_any(std::string_view host) noexcept { return host == "0.0.0.0" || host == "::"; }

/// getsockname or getpeername; no address if it fails.
inline address name_of(int fd, int (*get)(int, sockaddr*, socklen_t*) noexcept) noexcept {
  sockaddr_storage a;
  socklen_t n = sizeof a;
  if (get(fd, reinterpret_cast<sockaddr*>(&a), &n) != 0) return address();
  return address(reinterpret_cast<const sockaddr*>(&a), n);
}

}  // namespace jay::detail
