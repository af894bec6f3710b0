// SPDX-License-Identifier: MIT
#include "after_fork.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>

#include <jay/detail/worker.hpp>

namespace jay::detail {
namespace {

std::atomic<bool> forked{false};

void in_child() {
  if (this_worker) forked.store(true);
  this_worker = nullptr;  // no deque of the parent's is pushed to
}

}  // namespace

void watch_forks() noexcept {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, &in_child); });
}

bool in_forked_child() noexcept { return forked.load(); }

}  // namespace jay::detail
