// SPDX-License-Identifier: MIT
#include "file_engine.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/fd_slot.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

#include "uring.hpp"

namespace jay::detail {

file_engine::file_engine(scheduler& s, io_backend wanted) : sched_(s) {
  if (wanted == io_backend::epoll) return;
  int error = 0;
  try {
    ring_ = uring::make(reactor_of(s), error);
  } catch (const std::system_error& e) {
    error = e.code().value();
  }
  if (!ring_)
    log(log_level::warn, "io_uring is not to be had here (%s): files use the blocking pool", std::strerror(error));
}
file_engine::~file_engine() = default;

void file_engine::start(file_operation& op) {
  if (ring_) return ring_->start(op);
  constexpr const char* names[] = {"file::open", "file::pread", "file::pwrite", "file::fsync"};
  blocking_pool_of(sched_).submit(names[static_cast<std::size_t>(op.call)], [&op] {
    run_blocking(op);
    op.finished(nullptr);
  });
}

void file_engine::cancel(file_operation& op) noexcept {
  if (ring_) ring_->cancel(op);
}

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

// ---- io_resources ----

io_resources::io_resources(scheduler& s, const io_config& config) : sched_(s), config_(config) {}
io_resources::~io_resources() { fd_slot::shut_all(sched_); }

file_engine& io_resources::files() {
  std::call_once(made_, [&] { files_ = std::make_unique<file_engine>(sched_, config_.backend); });
  return *files_;
}

}  // namespace jay::detail
