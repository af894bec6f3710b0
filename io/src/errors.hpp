// SPDX-License-Identifier: MIT
// System calls: retrying, errors, fds that are not in a slot.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace jay::detail {

/// Repeats f while a signal interrupts it.
template <class F>
auto retry(F f) noexcept {
  for (;;) {
    auto n = f();
    if (n >= 0 || errno != EINTR) return n;
  }
}

[[noreturn]] inline void throw_error(int e, const std::string& what) {
  throw std::system_error(e, std::generic_category(), what);
}
/// errno as it was before `what` was put together.
[[noreturn]] inline void throw_errno(const std::string& what, int e = errno) { throw_error(e, what); }

class unique_fd {
 public:
  explicit unique_fd(int fd = -1) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& o) noexcept : fd_(o.release()) {}
  unique_fd& operator=(unique_fd&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~unique_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace jay::detail
