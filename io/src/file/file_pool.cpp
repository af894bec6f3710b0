// SPDX-License-Identifier: MIT
#include "file_pool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <jay/detail/blocking_pool.hpp>

namespace jay::detail {
namespace {

/// open(2). A FIFO that is opened for writing waits until somebody opens it for reading, for ever if need be; no thread of
/// the pool does that in the kernel, where no cancel would reach it, but looks again and again.
int open_for(file_operation& op) noexcept {
  if ((op.flags & O_ACCMODE) != O_WRONLY) return ::open(op.path, op.flags, op.mode);
  for (auto pause = std::chrono::milliseconds(1);; pause = std::min(2 * pause, std::chrono::milliseconds(20))) {
    int fd = ::open(op.path, op.flags | O_NONBLOCK, op.mode);
    if (fd >= 0) {
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
    const int e = errno;
    struct stat st;
    const bool nobody_reads = e == ENXIO && ::stat(op.path, &st) == 0 && S_ISFIFO(st.st_mode);
    errno = e;
    if (!nobody_reads) return -1;
    if (op.cancel_wanted.load(std::memory_order_relaxed)) {
      errno = ECANCELED;
      return -1;
    }
    std::this_thread::sleep_for(pause);
  }
}

/// The operation's system calls, which may block.
void run_blocking(file_operation& op) noexcept {
  constexpr std::size_t most = 1u << 30;
  for (;;) {
    std::size_t size = std::min(op.size - op.done, most);
    const bool in_sequence = op.file_offset() == file_operation::next_in_sequence;
    auto at = static_cast<off_t>(op.file_offset());
    ssize_t n = 0;
    switch (op.call) {
      case file_call::open: n = open_for(op); break;
      case file_call::read: n = in_sequence ? ::read(op.fd, op.data + op.done, size) : ::pread(op.fd, op.data + op.done, size, at); break;
      case file_call::write: n = in_sequence ? ::write(op.fd, op.data + op.done, size) : ::pwrite(op.fd, op.data + op.done, size, at); break;
      case file_call::sync: n = ::fsync(op.fd); break;
    }
    if (op.advance(n < 0 ? -errno : n)) return;
  }
}

}  // namespace

void run_in_pool(scheduler& s, file_operation& op) {
  constexpr const char* names[] = {"file::open", "file::pread", "file::pwrite", "file::fsync"};
  service_of<blocking_pool>(s).submit(names[static_cast<std::size_t>(op.call)], [&op] {
    run_blocking(op);
    op.finished(nullptr);
  });
}

}  // namespace jay::detail
