// SPDX-License-Identifier: MIT
#include "file_engine.hpp"

#include <cstring>
#include <system_error>

#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

#include "file_pool.hpp"
#include "uring.hpp"

namespace jay::detail {

service_key file_engine::key{"file_engine", make_at_first_use<file_engine>};

file_engine::file_engine(scheduler& s) : sched_(s) {
  // In a run with a seed it is there for files that were opened before, and no event would tell of a ring.
  if (service_of<io_resources>(s).config().backend == io_backend::epoll || reactor_of(s).simulated()) return;
  int error = 0;
  try {
    ring_ = uring::make(s, error);
  } catch (const std::system_error& e) {
    error = e.code().value();
  }
  if (!ring_)
    log(log_level::warn, "io_uring is unavailable (%s); files use the blocking pool", std::strerror(error));
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

}  // namespace jay::detail
