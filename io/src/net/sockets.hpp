// SPDX-License-Identifier: MIT
// What socket.cpp and fd_slot.cpp share.
#pragma once

#include <jay/address.hpp>

namespace jay::detail {

void no_delay(int fd) noexcept;

/// getsockname or getpeername; no address if it fails.
inline address name_of(int fd, int (*get)(int, sockaddr*, socklen_t*) noexcept) noexcept {
  sockaddr_storage a;
  socklen_t n = sizeof a;
  if (get(fd, reinterpret_cast<sockaddr*>(&a), &n) != 0) return address();
  return address(reinterpret_cast<const sockaddr*>(&a), n);
}

}  // namespace jay::detail
