// SPDX-License-Identifier: MIT
#include "file_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <jay/detail/blocking_pool.hpp>

namespace jay::detail {
namespace {

/// The operation's system calls, which may block.
void run_blocking(file_operation& op) noexcept {
  constexpr std::size_t most = 1u << 30;
  for (;;) {
    std::size_t size = std::min(op.size - op.done, most);
    auto at = static_cast<off_t>(op.offset + op.done);
    ssize_t n = 0;
    switch (op.call) {
      case file_call::open: n = ::open(op.path, op.flags, op.mode); break;
      case file_call::read: n = ::pread(op.fd, op.data + op.done, size, at); break;
      case file_call::write: n = ::pwrite(op.fd, op.data + op.done, size, at); break;
      case file_call::sync: n = ::fsync(op.fd); break;
    }
    if (op.advance(n < 0 ? -errno : n)) return;
  }
}

}  // namespace

void run_in_pool(scheduler& s, file_operation& op) {
  constexpr const char* names[] = {"file::open", "file::pread", "file::pwrite", "file::fsync"};
  blocking_pool_of(s).submit(names[static_cast<std::size_t>(op.call)], [&op] {
    run_blocking(op);
    op.finished(nullptr);
  });
}

}  // namespace jay::detail
