// SPDX-License-Identifier: MIT
// latch: tasks wait until it has been counted down to 0. How little a wait primitive needs (jay/detail/wait_list.hpp).
#pragma once

#include <jay/detail/op.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/wait_list.hpp>

namespace jay::testing {

class latch {
 public:
  explicit latch(std::size_t count) : left_(count) {}
  /// Any thread. Whoever was woken may destroy the latch.
  void count_down() {
    detail::woken_list woken;
    {
      detail::spin_guard g(mutex_);
      if (--left_ == 0) waiters_.claim_all(woken);
    }
    woken.wake_all();
  }
  auto wait() { return op<awaiter, latch*>(this); }

 private:
  struct awaiter : detail::suspends<awaiter> {
    explicit awaiter(latch* l) : of(*l) {}
    bool await_ready() const { return false; }
    bool suspend() {
      if (refused()) return false;
      detail::spin_guard g(of.mutex_);
      return of.left_ != 0 && of.waiters_.suspend(*this);
    }
    void await_resume() {
      if (cancelled()) {
        detail::spin_guard g(of.mutex_);
        of.waiters_.remove(*this);
      }
      finish();
    }
    latch& of;
  };

  detail::spin_mutex mutex_;
  std::size_t left_;
  detail::waiter_list waiters_;
};

}  // namespace jay::testing
