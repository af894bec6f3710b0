// SPDX-License-Identifier: MIT
#include <jay/event.hpp>

namespace jay {

using detail::waiter;
using detail::wait_word;

void event::set_slow() noexcept {
  detail::woken_list woken;
  word_.lock();
  waiters_.claim_all(woken);
  word_.unlock(flag);
  woken.wake_all();
}

void event::clear() noexcept {
  std::uint64_t w = word_.peek();
  while (!(w & (wait_word::busy | wait_word::waiting)))
    if (word_.replace(w, 0)) return;
  word_.unlock(word_.lock() & ~flag);
}

bool detail::event_awaiter::suspend() noexcept {
  event& e = *event_;
  waited_ = true;  // or was to wait
  if (waiter_.refused()) return false;
  std::uint64_t w = e.word_.lock();
  if (w & event::flag) {
    e.word_.unlock(w);
    return !go_on_at_once(waiter_);
  }
  bool suspended = e.waiters_.suspend(waiter_);
  e.word_.unlock(suspended ? w | wait_word::waiting : w);
  return suspended;
}

void detail::event_awaiter::resumed() {
  waiter_.leave();
  if (waiter_.cancelled()) {
    std::uint64_t w = event_->word_.lock();
    event_->waiters_.remove(waiter_);
    event_->word_.unlock(event_->waiters_.empty() ? w & ~wait_word::waiting : w);
  } else if (!waiter_.cancelled_since()) {
    return;
  }
  waiter_.owner->throw_cancelled();
}

}  // namespace jay
