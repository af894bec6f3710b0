// SPDX-License-Identifier: MIT
#include <jay/detail/waiter.hpp>

#include <utility>

#include <jay/detail/join.hpp>
#include <jay/detail/task_state.hpp>
#include <jay/scheduler.hpp>
#include <jay/task.hpp>

namespace jay::detail {

void waiter::prepare(job* f, std::uintptr_t context) noexcept {
  JAY_DEBUG_ASSERT(this_worker && !listed);
  frame = f;
  owner = scope_of(context);
  forked = is_forked(context);
  this_worker->parked = true;
  if (task_state* t = owner->task()) t->waits_at.store(promise_of(f).where, std::memory_order_relaxed);
  if (forked) close_above(f);
}

bool waiter::arm(bool passed_on) noexcept {
  JAY_DEBUG_ASSERT(frame && owner && !listed && !was_cancelled);  // prepared, and not armed
  forwards = passed_on;
  if (!forked) {
    if (owner->word.arm(this, passed_on)) [[likely]] return true;
    owner->taken(*this);
    was_cancelled = true;
    return suspend_told();
  }
  // Afterwards a canceller may have claimed and resumed the frame: nothing is looked at.
  return owner->add(*this) || suspend_told();
}

// A cancel was due. In asyncio's order it is as if it had come just now; nothing else runs before this has suspended.
bool waiter::suspend_told() noexcept {
  if (forwards || !this_worker->fifo) return false;
  if (forked) owner->add_told(*this);
  else owner->word.suspend_told();
  wake();
  return true;
}

void waiter::leave_slow() noexcept {
  const bool waits = std::exchange(passed, false);
  if (!forked) {
    if (was_cancelled) owner->word.go_on_told();
    owner->still_due(was_cancelled);  // its lock waits for the canceller too
  } else if (listed) {
    owner->remove(*this);
  } else if (waits) {
    spin_guard wait_for_the_canceller(owner->mutex);  // cancel_walk::end
  }
}

void waiter::told_level() noexcept {
  passed = true;
  if (!forked) owner->put_level_aside();
}

bool waiter::cancelled_since() noexcept {
  if (was_cancelled) return true;
  if (!forked && !owner->word.pending()) return false;
  // [G1] acquire; what it leads to is read under the scope's lock
  if (forked && owner->generation.load(std::memory_order_acquire) == 0) return false;
  return owner->take_cancel(promise_of(frame));
}

bool waiter::refused() noexcept {
  if (this_worker->fifo && !this_worker->turn_asked()) [[unlikely]] return false;
  if (!cancelled_since()) return false;
  return was_cancelled = true;
}

bool go_on_at_once(waiter& l) noexcept {
  if (this_worker->spend() || this_worker->pass_over()) return true;
  schedule_last(l.owner->sched(), l.frame);
  return false;
}

void waiter::wake() noexcept {
  if (task_state* t = owner->task()) [[likely]] return schedule(*t->home, frame, t->prio);
  schedule(owner->sched(), frame);
}

}  // namespace jay::detail
