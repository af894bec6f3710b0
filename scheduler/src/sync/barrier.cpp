// SPDX-License-Identifier: MIT
#include <jay/barrier.hpp>

#include <jay/error.hpp>

namespace jay {

using detail::barrier_awaiter;
using detail::waiter;
using detail::spin_guard;

barrier::barrier(std::size_t parties) : parties_(parties) {
  if (parties == 0) throw std::invalid_argument("barrier: 0 parties; it needs at least 1");
}

void barrier::fail_waiters(detail::woken_list& woken) noexcept {
  while (waiter* l = waiters_.claim_next()) {
    static_cast<barrier_awaiter*>(l)->index_ = barrier_awaiter::broken;
    woken.add(*l);
  }
  waiting_ = 0;
}

void barrier::abort() noexcept {
  detail::woken_list woken;
  {
    spin_guard g(mutex_);
    broken_ = true;
    fail_waiters(woken);
  }
  woken.wake_all();
}

void barrier::reset() noexcept {
  detail::woken_list woken;
  {
    spin_guard g(mutex_);
    broken_ = false;
    fail_waiters(woken);
  }
  woken.wake_all();
}

std::size_t barrier::n_waiting() const noexcept {
  spin_guard g(mutex_);
  return waiting_;
}
bool barrier::broken() const noexcept {
  spin_guard g(mutex_);
  return broken_;
}

namespace detail {

bool barrier_awaiter::suspend() {
  woken_list woken;
  {
    barrier& b = *barrier_;
    spin_guard g(b.mutex_);
    if (b.broken_) {
      index_ = broken;
      return false;
    }
    if (b.waiting_ + 1 < b.parties_) {
      ++b.waiting_;
      if (b.waiters_.suspend(*this)) return true;
      --b.waiting_;
      return false;
    }
    // The last one lets all through.
    while (waiter* l = b.waiters_.claim_next()) {
      static_cast<barrier_awaiter*>(l)->index_ = index_++;
      woken.add(*l);
    }
    b.waiting_ = 0;
    index_ = b.parties_ - 1;
  }
  woken.wake_all();
  return !go_on_at_once(*this);
}

std::size_t barrier_awaiter::await_resume() {
  if (cancelled()) {
    spin_guard g(barrier_->mutex_);
    if (linked) {
      barrier_->waiters_.remove(*this);
      --barrier_->waiting_;
    }
  }
  finish();
  if (index_ == broken) throw broken_barrier_error("barrier::wait: the barrier was aborted or reset");
  return index_;
}

}  // namespace detail
}  // namespace jay
