// SPDX-License-Identifier: MIT
#include "after_fork.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>

#include <jay/detail/frame_pool.hpp>
#include <jay/scheduler.hpp>

#include "task/lock_holders.hpp"

namespace jay::detail {
namespace {

std::atomic<bool> forked{false};
std::atomic<std::uint32_t> fork_count{0};  // relaxed: written when the process has one thread

void before_fork() {
  frame_depot::before_fork();
  lock_holders_before_fork();
}
void in_parent() {
  lock_holders_after_fork();
  frame_depot::after_fork(false);
}
void in_child() {
  lock_holders_after_fork();
  frame_depot::after_fork(true);
  if (this_worker) forked.store(true);  // with in_forked_child
  this_worker = nullptr;  // no deque of the parent's is pushed to
  fork_count.fetch_add(1, std::memory_order_relaxed);
  forget_live_schedulers();
}

}  // namespace

void watch_forks() noexcept {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(&before_fork, &in_parent, &in_child); });
}

bool in_forked_child() noexcept { return forked.load(); }  // with in_child
std::uint32_t forks() noexcept { return fork_count.load(std::memory_order_relaxed); }

}  // namespace jay::detail
