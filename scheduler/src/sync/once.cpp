// SPDX-License-Identifier: MIT
#include <jay/once.hpp>

namespace jay::detail {

void once_core::finish() noexcept {
  woken_list woken;
  {
    spin_guard g(mutex_);
    running_ = false;
    done_.store(true, std::memory_order_release);  // [O1]
    waiters_.claim_all(woken);
  }
  woken.wake_all();
}

void once_core::pass_on() noexcept {
  waiter* next = nullptr;
  {
    spin_guard g(mutex_);
    next = waiters_.claim_next();
    if (next) static_cast<once_awaiter*>(next)->mine_ = true;
    running_ = next != nullptr;
  }
  if (next) next->wake();
}

bool once_core::try_begin() noexcept {
  spin_guard g(mutex_);
  // relaxed: it changes under the lock
  if (running_ || done_.load(std::memory_order_relaxed)) return false;
  return running_ = true;
}

bool once_awaiter::suspend() {
  if (refused()) return false;
  {
    spin_guard g(core_.mutex_);
    // relaxed: it changes under the lock
    if (!core_.done_.load(std::memory_order_relaxed)) {
      if (core_.running_) return core_.waiters_.suspend(*this);
      core_.running_ = mine_ = true;
      return false;
    }
  }
  return !go_on_at_once(*this);
}

bool once_awaiter::await_resume() {
  if (!owner) return false;  // it was done
  if (cancelled()) {
    spin_guard g(core_.mutex_);
    core_.waiters_.remove(*this);
  }
  finish();
  if (mine_ && cancelled_since()) {  // the turn was handed over, and is not taken
    core_.pass_on();
    owner->throw_cancelled();
  }
  return mine_;
}

}  // namespace jay::detail
