// SPDX-License-Identifier: MIT
#include <utility>

#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

void ready_list::add(job* frame) noexcept {
  if (at_once_) return schedule(sched_, frame);
  try {
    jobs_.push_back(frame);
  } catch (...) {  // no memory
    schedule(sched_, frame);
  }
}

void ready_list::run_deferred() noexcept {
  deferred_end_ = &deferred_;
  for (deferred* d = std::exchange(deferred_, nullptr); d;) {
    deferred* now = std::exchange(d, d->next);
    now->run(*now);  // it may be gone
  }
}

}  // namespace jay::detail
