// SPDX-License-Identifier: MIT
#include <jay/latch.hpp>

#include <stdexcept>
#include <string>

namespace jay {

using detail::spin_guard;

void latch::count(std::size_t n, const char* what, detail::woken_list& woken) {
  if (n > left_)
    throw std::invalid_argument(std::string(what) + ": by " + std::to_string(n) + ", but only " + std::to_string(left_) +
                                " are left; make the latch with as many as are counted");
  left_ -= n;
  if (left_ == 0) waiters_.claim_all(woken);
}

void latch::count_down(std::size_t n) {
  detail::woken_list woken;
  {
    spin_guard g(mutex_);
    count(n, "latch::count_down", woken);
  }
  woken.wake_all();
}

bool latch::try_wait() const noexcept {
  spin_guard g(mutex_);
  return left_ == 0;
}

bool detail::latch_awaiter::suspend() {
  if (refused()) return false;
  woken_list woken;
  {
    spin_guard g(latch_.mutex_);
    latch_.count(by_, "latch::arrive_and_wait", woken);
    if (latch_.left_ != 0) return latch_.waiters_.suspend(*this);
  }
  woken.wake_all();
  return !go_on_at_once(*this);
}

void detail::latch_awaiter::await_resume() {
  if (cancelled()) {
    spin_guard g(latch_.mutex_);
    latch_.waiters_.remove(*this);
  }
  finish();
}

}  // namespace jay
