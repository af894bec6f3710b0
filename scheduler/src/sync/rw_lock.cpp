// SPDX-License-Identifier: MIT
#include <jay/rw_lock.hpp>

#include <stdexcept>

#include "task/lock_holders.hpp"

namespace jay {

using detail::rw_awaiter;
using detail::spin_guard;
using detail::waiter;

namespace {

// Debug mode. With the lock's mutex held.
void note(const rw_lock* l, const waiter& by, detail::rw_access a) noexcept {
  if (!detail::notes_holders()) [[likely]] return;
  detail::note_holder(l, by, a == detail::rw_access::read ? detail::holds::beside_others : detail::holds::alone);
}
void note_released(const rw_lock* l, bool free) noexcept {
  if (!detail::notes_holders()) [[likely]] return;
  if (free) detail::forget_holders(l);
  else detail::forget_one_holder(l);
}

}  // namespace

void rw_lock::take(access a) noexcept {
  if (a == access::read) ++readers_;
  else writing_ = true;
}

/// To the first in line, and to those behind it that may have it too.
void rw_lock::hand_over(detail::woken_list& woken) noexcept {
  while (waiter* first = waiters_.front()) {
    auto& l = static_cast<rw_awaiter&>(*first);
    const access wants = l.access_;
    if (!is_free_for(wants)) return;
    waiters_.remove(l);
    if (!l.claim()) continue;  // cancelled a moment ago
    l.handed_ = true;
    take(wants);
    note(this, l, wants);
    woken.add(l);
  }
}

void rw_lock::release_read() {
  detail::woken_list woken;
  {
    spin_guard g(mutex_);
    if (readers_ == 0) throw std::runtime_error("rw_lock::release_read: nobody reads; acquire_read comes first");
    --readers_;
    note_released(this, readers_ == 0);
    hand_over(woken);
  }
  woken.wake_all();
}

void rw_lock::release_write() {
  detail::woken_list woken;
  {
    spin_guard g(mutex_);
    if (!writing_) throw std::runtime_error("rw_lock::release_write: nobody writes; acquire_write comes first");
    writing_ = false;
    note_released(this, true);
    hand_over(woken);
  }
  woken.wake_all();
}

void rw_lock::downgrade() {
  detail::woken_list woken;
  {
    spin_guard g(mutex_);
    if (!writing_) throw std::runtime_error("rw_lock::downgrade: nobody writes; acquire_write comes first");
    writing_ = false;
    readers_ = 1;
    hand_over(woken);
  }
  woken.wake_all();
}

std::size_t rw_lock::readers() const noexcept {
  spin_guard g(mutex_);
  return readers_;
}
bool rw_lock::write_locked() const noexcept {
  spin_guard g(mutex_);
  return writing_;
}

bool rw_awaiter::suspend() {
  if (refused()) return false;
  {
    spin_guard g(lock_.mutex_);
    if (!lock_.waiters_.empty() || !lock_.is_free_for(access_)) return lock_.waiters_.suspend(*this);
    lock_.take(access_);
    note(&lock_, *this, access_);
  }
  return !go_on_at_once(*this);
}

void rw_awaiter::await_resume() {
  if (cancelled()) {
    // Those behind may have waited for this one only.
    woken_list woken;
    {
      spin_guard g(lock_.mutex_);
      lock_.waiters_.remove(*this);
      lock_.hand_over(woken);
    }
    woken.wake_all();
  }
  finish();
  if (!handed_ || !cancelled_since()) return;
  if (access_ == rw_access::read) lock_.release_read();
  else lock_.release_write();
  owner->throw_cancelled();
}

}  // namespace jay
