// SPDX-License-Identifier: MIT
#include "file_engine.hpp"

#include <cstring>
#include <system_error>

#include <jay/detail/fd_slot.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/scheduler.hpp>

#include "file_pool.hpp"
#include "uring.hpp"

namespace jay::detail {

file_engine::file_engine(scheduler& s, io_backend wanted) : sched_(s) {
  if (wanted == io_backend::epoll) return;
  int error = 0;
  try {
    ring_ = uring::make(s, error);
  } catch (const std::system_error& e) {
    error = e.code().value();
  }
  if (!ring_)
    log(log_level::warn, "io_uring is not to be had here (%s): files use the blocking pool", std::strerror(error));
}
file_engine::~file_engine() = default;

void file_engine::start(file_operation& op) {
  if (ring_) ring_->start(op);
  else run_in_pool(sched_, op);
}

bool file_engine::busy() const noexcept { return ring_ && ring_->busy(); }

void file_engine::cancel(file_operation& op) noexcept {
  if (ring_) ring_->cancel(op);
  else op.cancel_wanted.store(true, std::memory_order_relaxed);  // relaxed: looked at between two calls, soon
}

// ---- io_resources ----

io_resources::io_resources(scheduler& s, const io_config& config) : sched_(s), config_(config) {}
io_resources::~io_resources() { fd_slot::shut_all(sched_); }

file_engine& io_resources::files() {
  std::call_once(made_, [&] {
    files_ = std::make_unique<file_engine>(sched_, config_.backend);
    made_files_.store(files_.get(), std::memory_order_release);  // [F1]
  });
  return *files_;
}
bool io_resources::busy() const noexcept {
  const file_engine* files = made_files_.load(std::memory_order_acquire);  // [F1]
  return files && files->busy();
}

}  // namespace jay::detail
