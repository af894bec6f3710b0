// SPDX-License-Identifier: MIT
#include <jay/lock.hpp>

#include <stdexcept>

#include <jay/scheduler.hpp>

#include "task/lock_holders.hpp"

namespace jay::detail {

namespace {

/// With the list's lock held. True: l's wait is over; it is in `claimed`, or the canceller that is busy with it resumes
/// it. False: a cancel was faster. `of`: the lock that it is given, for debug mode; null: a semaphore.
bool grant(const permits* of, waiter& l, woken_list& claimed) noexcept {
  bool forwards = l.forwards;  // no cancel ends such a wait. Read first: after a claim in vain the waiter may be gone
  if (notes_holders() && of) [[unlikely]] note_holder(of, l);  // before it may go on
  if (l.claim()) {
    claimed.add(l);
    return true;
  }
  if (notes_holders() && of && !forwards) [[unlikely]] forget_holders(of);
  return forwards;
}

}  // namespace

bool permits::wait(waiter& l) noexcept {
  std::uint64_t w = word_.lock();
  bool suspended = false;
  if (w >= wait_word::one && !somebody_waits()) {
    w -= wait_word::one;
    if (notes_holders() && l.what == awaited::lock && note_holder(this, l)) [[unlikely]] w |= wait_word::waiting;
  } else {
    l.in_turns = this_worker->fifo;
    suspended = waiters_.suspend(l);
    if (suspended) w |= wait_word::waiting;
  }
  word_.unlock(w);
  return suspended;
}

void permits::forget(waiter& l) noexcept {
  std::uint64_t w = word_.lock();
  waiters_.remove(l);
  word_.unlock(left(w));
}

/// The word when somebody has left the list. In debug mode `waiting` stays: the lock may be noted as held (lock_holders.hpp).
std::uint64_t permits::left(std::uint64_t w) const noexcept {
  return waiters_.empty() && !notes_holders() ? w & ~wait_word::waiting : w;
}

/// A cancelled one that has not run yet stands in the list, and does not count.
bool permits::somebody_waits() const noexcept {
  return waiters_.find([](waiter& l) { return l.called || l.word().holds(&l); });
}

bool permits::at_hand() noexcept {
  std::uint64_t w = word_.load();
  if (w < wait_word::one || !(w & wait_word::waiting)) return w >= wait_word::one;
  w = word_.lock();
  bool free = w >= wait_word::one && !somebody_waits();
  word_.unlock(w);
  return free;
}

/// Woken with the list's lock held: what was called takes it before it goes on, so the permits are not gone before that.
bool permits::call_next(std::uint64_t& w, bool exclusive) noexcept {
  waiter* first = waiters_.find([&](waiter& l) { return exclusive || (!l.called && l.word().holds(&l)); });
  if (!first || first->called) return false;
  waiter& l = *first;
  bool stays = l.in_turns, forwards = l.forwards;
  if (notes_holders() && exclusive && !stays) [[unlikely]] note_holder(this, l);  // `waiting` stays set
  bool claimed = l.claim();
  if (!claimed && (stays || !forwards)) {  // cancelled: when it runs it calls the next
    if (notes_holders() && exclusive && !stays) [[unlikely]] forget_holders(this);
    return false;
  }
  if (!stays) waiters_.remove(l);                      // of a runtime with another order: it has the permit at once
  if (!exclusive || !stays) w -= wait_word::one;
  l.called = stays;
  if (claimed) l.wake();
  return true;
}

bool permits::take_turn(waiter& l, bool exclusive) noexcept {
  bool cancelled = l.cancelled();
  bool late = !cancelled && l.cancelled_since();
  std::uint64_t w = word_.lock();
  bool handed = !l.called && !cancelled;  // by a runtime with another order
  waiters_.remove(l);
  if (handed || (late && !exclusive)) w += wait_word::one;
  bool takes = !cancelled && !late;
  if (takes && (exclusive || handed)) w -= wait_word::one;
  if (takes && notes_holders() && exclusive && note_holder(this, l)) [[unlikely]] w |= wait_word::waiting;
  while (w >= wait_word::one && call_next(w, exclusive))
    if (exclusive) break;
  word_.unlock(waiters_.empty() ? left(w) : w | wait_word::waiting);
  return takes;
}

bool permits::release_slow(std::uint64_t bound, bool exclusive) noexcept {
  woken_list claimed;
  std::uint64_t w = word_.lock();
  if (w / wait_word::one >= bound) {
    word_.unlock(w);
    return false;
  }
  if (notes_holders() && exclusive) [[unlikely]] forget_holders(this);
  if (waiter* first = waiters_.front(); first && first->in_turns) {
    w += wait_word::one;
    call_next(w, exclusive);
    word_.unlock(w);  // `waiting` as it is: who was called has not left
    return true;
  }
  bool granted = false;
  while (waiter* l = granted ? nullptr : waiters_.pop_front()) granted = grant(exclusive ? this : nullptr, *l, claimed);
  if (!granted) w += wait_word::one;
  if (!granted) w &= ~wait_word::waiting;
  word_.unlock(left(w));
  claimed.wake_all();
  return true;
}

void permits::admit(waiter* chain) noexcept {
  woken_list claimed;
  std::uint64_t w = word_.lock();
  while (chain) {
    waiter& l = *std::exchange(chain, chain->next);
    if (w >= wait_word::one && waiters_.empty()) {
      w -= wait_word::one;
      grant(this, l, claimed);
      if (notes_holders()) w |= wait_word::waiting;
    } else {
      waiters_.push_back(l);
      w |= wait_word::waiting;
    }
  }
  word_.unlock(w);
  claimed.wake_all();
}

bool acquire_awaiter_base::suspend() noexcept {
  const bool noted = this_worker->notes() && this_worker->spend();  // then it has not been tried yet
  if (!noted && waiter_.refused()) return false;
  if (permits_->wait(waiter_)) return true;
  if (waiter_.cancelled()) return false;
  acquired_ = true;
  return !noted && !go_on_at_once(waiter_);
}

const permits* acquire_awaiter_base::awaited_by(waiter& l) noexcept {
  // The waiter begins behind the two words before it, at the next multiple of 16.
  constexpr std::size_t before = 16;
  static_assert(sizeof(acquire_awaiter_base) == before + sizeof(waiter) && alignof(waiter) == before);
  return reinterpret_cast<acquire_awaiter_base*>(reinterpret_cast<char*>(&l) - before)->permits_;
}

void acquire_awaiter_base::resumed(bool exclusive) {
  waiter_.leave();
  if (waiter_.in_turns) {
    if (permits_->take_turn(waiter_, exclusive)) return;
  } else if (waiter_.cancelled()) {
    permits_->forget(waiter_);
  } else if (waiter_.cancelled_since()) {
    permits_->release(permits::no_bound, exclusive);  // to the next
  } else {
    return;
  }
  waiter_.owner->throw_cancelled();
}

}  // namespace jay::detail

namespace jay {

void lock::throw_not_locked() { throw std::runtime_error("lock::release: the lock is not locked"); }

}  // namespace jay
