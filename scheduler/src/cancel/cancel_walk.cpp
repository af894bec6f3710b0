// SPDX-License-Identifier: MIT
#include "cancel_walk.hpp"

#include <utility>

namespace jay::detail {

using stage = relaying_waiter::stage;

void cancel_walk::add(relaying_waiter& l) noexcept {
  l.walk = this;
  l.at = stage::reached;
  l.next_forward = std::exchange(path_, &l);
}

bool cancel_walk::meet(relaying_waiter& l) noexcept {
  if (l.walk != this) return false;
  if (l.at != stage::under_way) return true;  // reached on another way: one cancel is enough
  relaying_waiter* ends = nullptr;
  for (relaying_waiter* x = path_;; x = x->next_forward) {
    if (x->at == stage::under_way) {
      if (x->broken) return true;
      if (!ends && x->breakable) ends = x;
    }
    if (x == &l) break;
  }
  if (ends) ends->broken = true;  // a task awaits another somewhere, or there would be no cycle
  return true;
}

void cancel_walk::finish() noexcept {
  while (path_ || passed_) {
    while (relaying_waiter* l = path_) {
      if (l->at == stage::under_way) {  // all that it leads to has been done
        l->at = stage::done;
        path_ = l->next_forward;
        l->next_forward = std::exchange(passed_, l);
      } else {
        l->at = stage::under_way;
        l->accepted = l->forward(l, *this);
      }
    }
    if (passed_) end(*std::exchange(passed_, passed_->next_forward));
  }
}

// The lock is held beyond the word's transition, after which the strand may go on elsewhere: who finds a waiter busy, under
// this lock, may look into it. The strand waits for the lock before it leaves the suspension (waiter::leave), so that
// neither the waiter nor the scope goes before it is free.
void cancel_walk::end(relaying_waiter& l) noexcept {
  scope& s = *l.owner;
  spin_guard g(s.mutex);
  l.passed = true;
  if (l.forked && (l.accepted || l.broken)) s.tell(l);  // else the strand is still due, and told at its next suspension
  if (l.broken) {
    l.broken = false;
    l.was_cancelled = l.word().end_wait();
    if (!l.placed) l.wake();
    return;
  }
  if (!l.accepted && l.edge) {  // as scope::make_due
    s.marks |= scope::edge_due;
    if (s.marks & scope::outer_cancelled) s.marks |= scope::outer_due;
  }
  l.at = stage::reached;
  switch (l.word().end_forward(l.accepted)) {
    case cancel_word::passed::waits: break;
    case cancel_word::passed::completed:
      if (!l.placed) l.wake();
      break;
    case cancel_word::passed::again:
      l.edge = std::exchange(l.edge_next, false);
      add(l);
      break;
  }
}

}  // namespace jay::detail
