// SPDX-License-Identifier: MIT
#include <jay/detail/scope.hpp>

#include <algorithm>
#include <new>

#include <jay/detail/join.hpp>
#include <jay/detail/waiter.hpp>
#include <jay/detail/task_state.hpp>
#include <jay/error.hpp>

#include "cancel_notes.hpp"
#include "cancel_walk.hpp"

namespace jay::detail {
namespace {

continues kind_past_exits(const promise_base& p) noexcept {
  return static_cast<continues>(past_exits(p.continuation) & continues_mask);
}
template <class T>
T* next_past_exits(const promise_base& p) noexcept {
  return reinterpret_cast<T*>(past_exits(p.continuation) & ~continues_mask);
}
join* join_of(const promise_base& strand) noexcept { return next_past_exits<join>(strand); }

/// The coroutine above this one, or null at the root of a task.
job* above(const promise_base& p) noexcept {
  switch (kind_past_exits(p)) {
    case continues::joins: return join_of(p)->parent;
    case continues::frame: return next_past_exits<job>(p);
    default: return nullptr;
  }
}

/// The root of the forked strand of s that `from` runs in. `from` itself may be in an inner scope; only the frames
/// above it are known to belong to s.
promise_base* strand_root(const scope& s, promise_base& from) noexcept {
  for (promise_base* p = &from;;) {
    if (kind_past_exits(*p) == continues::joins) return p->kind() == continues::exits ? p->next<exit_link>()->owner : p;
    job* up = above(*p);
    if (!up || scope_of(promise_of(up).context) != &s) return nullptr;
    p = &promise_of(up);
  }
}

/// The number of the last cancel that a forked strand is concerned by.
std::uint32_t last_cancel(const scope& s, promise_base& strand) noexcept {
  std::uint32_t last = s.cancel_generation;
  if (!(s.marks & scope::a_join_failed)) return last;
  for (promise_base* p = &strand; p;) {
    if (kind_past_exits(*p) == continues::joins) last = std::max(last, join_of(*p)->failed_generation);
    job* up = above(*p);
    p = up && scope_of(promise_of(up).context) == &s ? &promise_of(up) : nullptr;
  }
  return last;
}

/// Does it stand under the join j, which has failed? The answer is noted in all joins on the way, so that the walks of one
/// failure meet each of them once.
bool stands_under(const scope& s, promise_base& from, const join* j) noexcept {
  auto walk = [&s, &from](auto visit) {
    for (promise_base* p = &from; p;) {
      if (kind_past_exits(*p) == continues::joins && visit(*join_of(*p))) return;
      job* up = above(*p);
      p = up && scope_of(promise_of(up).context) == &s ? &promise_of(up) : nullptr;
    }
  };
  bool under = false;
  join* known = nullptr;
  walk([&](join& x) {
    bool marked = (x.status & join::marked) && x.mark == j->failed_generation;
    under = &x == j || (marked && (x.status & join::below));
    if (&x == j || marked) known = &x;
    return known != nullptr;
  });
  walk([&](join& x) {
    if (&x == known) return true;
    x.mark = j->failed_generation;
    x.status = (x.status & ~join::below) | join::marked | (under ? join::below : 0);
    return false;
  });
  return under;
}

/// The strand is told of everything up to now, and so is the join that waits for it.
void mark_told(scope& s, promise_base& strand) noexcept {
  JAY_DEBUG_ASSERT(s.mutex.is_locked());
  strand.seen = s.generation.load(std::memory_order_relaxed);  // relaxed: written under the lock that is held
  strand.told = true;
  join_of(strand)->status |= join::child_cancelled;
}

}  // namespace

scheduler& scope::sched() const noexcept {
  const scheduler_ref* out = outside();
  return out ? *out->at : *task()->home;
}

void scope::tell(waiter& l) noexcept { mark_told(*this, *strand_root(*this, promise_of(l.frame))); }

void scope::deliver(waiter& l, cancel_walk& w, trigger t, bool by_sibling) noexcept {
  JAY_DEBUG_ASSERT(mutex.is_locked() && l.listed);
  void* busy = l.word().busy_with();
  if (busy && w.meet(static_cast<relaying_waiter&>(l))) return;
  void* found;
  switch (l.word().begin_cancel(found)) {
    case cancel_word::outcome::claimed:
      l.was_cancelled = true;
      tell(l);
      l.wake();
      break;
    case cancel_word::outcome::told: tell(l); break;
    case cancel_word::outcome::forward:
      static_cast<relaying_waiter&>(l).by_sibling = by_sibling;
      static_cast<relaying_waiter&>(l).edge = t == trigger::edge;
      w.add(static_cast<relaying_waiter&>(l));
      break;
    case cancel_word::outcome::busy: static_cast<relaying_waiter&>(l).edge_next |= t == trigger::edge; break;
    default: break;  // it was completed a moment ago: the strand learns of the cancel at its next suspension
  }
}

void scope::cancel(const std::string& text) noexcept {
  cancel_walk w;
  cancel(text, w);
  w.finish();
}

void scope::cancel(const std::string& text, cancel_walk& w, bool from_outside, trigger t) noexcept {
  request_stop(*this);  // first, so that who is woken finds it so
  strike(text, w, from_outside, t);
  request_stop(*this);  // a token that was given out meanwhile, by a strand that saw no cancel yet
}

void scope::strike(const std::string& text, cancel_walk& w, bool from_outside, trigger t) noexcept {
  const bool edge = t == trigger::edge;
  spin_guard g(mutex);
  note_message(*this, text);
  marks |= from_outside ? outer_cancelled : own_cancelled;
  if (!edge) marks |= level;
  if (!word.pending()) marks &= static_cast<std::uint8_t>(~edge_due);  // of one that was taken since
  void* found = word.busy_with();
  if (found && w.meet(*static_cast<relaying_waiter*>(static_cast<waiter*>(found)))) return;
  switch (word.begin_cancel(found)) {
    case cancel_word::outcome::claimed: {
      auto* l = static_cast<waiter*>(found);
      l->was_cancelled = true;
      l->wake();
      break;
    }
    case cancel_word::outcome::forward: {
      auto& l = *static_cast<relaying_waiter*>(static_cast<waiter*>(found));
      l.edge = edge;
      w.add(l);
      break;
    }
    case cancel_word::outcome::pending:
      marks &= static_cast<std::uint8_t>(~(outer_due | edge_due));
      [[fallthrough]];
    case cancel_word::outcome::pending_before: {  // running, or in a gather
      if (edge) marks |= from_outside ? edge_due | outer_due : edge_due;
      const std::uint32_t now = generation.load(std::memory_order_relaxed) + 1;  // relaxed: written under the lock
      if (edge) cancel_generation = now;  // a level is told by its mark
      generation.store(now, std::memory_order_release);  // [G1] release: with the loads of strands
      for (waiter *l = suspended, *next; l; l = next) {
        next = l->scope_next;
        deliver(*l, w, t);
      }
      break;
    }
    case cancel_word::outcome::busy:
      static_cast<relaying_waiter*>(static_cast<waiter*>(found))->edge_next |= edge;
      break;
    default: break;  // told with one that is on its way
  }
}

void scope::meet(cancel_walk& w) noexcept {
  spin_guard g(mutex);
  if (void* busy = word.busy_with()) w.meet(*static_cast<relaying_waiter*>(static_cast<waiter*>(busy)));
  for (waiter* l = suspended; l; l = l->scope_next)
    if (l->forwards && l->word().busy_with()) w.meet(static_cast<relaying_waiter&>(*l));
}

void join::fail(std::exception_ptr& e, const promise_base& child) noexcept {
  scope& s = *scope_of(promise_of(parent).context);
  cancel_walk walk;
  {
    spin_guard g(s.mutex);
    if (status & (child_failed | collect)) return;
    status |= child_failed;
    this_worker->first_fails = true;
    first_error = &e;
    if (status & keep_running) return;
    if (!child.told || !is_cancelled_error(e)) {
      // relaxed: written under the lock that is held. [G1] release
      failed_generation = s.generation.load(std::memory_order_relaxed) + 1;
      s.generation.store(failed_generation, std::memory_order_release);
      s.marks |= scope::a_join_failed;
      for (waiter *l = s.suspended, *next; l; l = next) {
        next = l->scope_next;
        if (stands_under(s, promise_of(l->frame), this)) s.deliver(*l, walk, trigger::edge, true);
      }
    } else if (this_worker->fifo && child.unowned) {
      // As asyncio's gather, it waits for no other handle once one was cancelled.
      for (waiter *l = s.suspended, *next; l; l = next) {
        next = l->scope_next;
        if (is_child(l->frame, this) && promise_of(l->frame).unowned) s.deliver(*l, walk, trigger::edge, true);
      }
    }
  }
  walk.finish();
  // Those that have not started are dropped. A sibling that was suspended and woken stands in the deque too; it is marked
  // (close_above). None of these is the last to finish, as the one that failed has not been counted yet.
  worker* w = this_worker;
  while (job* sibling = w->jobs.pop()) {
    if (!is_child(sibling, this) || promise_of(sibling).joins_closed) {
      w->push(sibling);
      return;
    }
    sibling->destroy(sibling);
    if (counter.owned_by(w)) counter.finish_owned();
    else counter.finish_shared();
  }
}

bool scope::is_due(promise_base& frame) noexcept {
  spin_guard g(mutex);
  if (!is_forked(frame.context)) {
    if (word.pending()) cancel_generation = generation.load(std::memory_order_relaxed);  // relaxed: under the lock
    return word.pending();
  }
  promise_base* strand = strand_root(*this, frame);
  return (marks & level) || last_cancel(*this, *strand) > strand->seen;
}

bool scope::take_cancel(promise_base& frame) noexcept {
  spin_guard g(mutex);
  if (!is_forked(frame.context)) {
    if (marks & level) {
      put_back(true);
      return true;
    }
    bool taken = word.take_pending();
    generation.store(0, std::memory_order_relaxed);  // relaxed: there is no other strand to read it
    cancel_generation = 0;
    marks &= static_cast<std::uint8_t>(~a_join_failed);
    return taken;
  }
  promise_base* strand = strand_root(*this, frame);
  if (!(marks & level) && last_cancel(*this, *strand) <= strand->seen) return false;
  mark_told(*this, *strand);
  return true;
}

std::uint32_t scope::told(promise_base& frame) noexcept {
  spin_guard g(mutex);
  return is_forked(frame.context) ? strand_root(*this, frame)->seen : 0;
}

void scope::make_due(promise_base& frame, bool forked, trigger t) noexcept {
  spin_guard g(mutex);
  // relaxed: written under the lock that is held. [G1] release
  std::uint32_t now = generation.load(std::memory_order_relaxed) + 1;
  generation.store(now, std::memory_order_release);
  if (t == trigger::edge && (!(marks & level) || (marks & outer_cancelled))) {
    marks |= edge_due;
    if (marks & outer_cancelled) marks |= outer_due;  // it may be the one from outside: at the exit it goes back there
  }
  if (forked) strand_root(*this, frame)->seen = 0;  // of what it had been told, it learns again
  else word.set_pending();
}

void scope::put_back(bool told) noexcept {
  JAY_DEBUG_ASSERT(mutex.is_locked());
  if (told) marks &= static_cast<std::uint8_t>(~(edge_due | outer_due));
  // relaxed: written under the lock that is held, and the only strand looks
  if (generation.load(std::memory_order_relaxed) == 0) generation.store(1, std::memory_order_relaxed);
  word.set_pending();
}

void scope::still_due(bool told) noexcept {
  spin_guard g(mutex);
  if (marks & level) put_back(told);
}

void scope::taken(waiter& l) noexcept {
  spin_guard g(mutex);
  const bool edge = !(marks & level) || (marks & edge_due);
  marks &= static_cast<std::uint8_t>(~edge_due);
  if (l.forwards) static_cast<relaying_waiter&>(l).edge = edge;
  if (marks & level) l.passed = true;
  else if (!word.pending()) only_strand();
}

void scope::put_level_aside() noexcept {
  spin_guard g(mutex);
  if ((marks & level) && !(marks & edge_due)) word.take_pending();
}

void scope::check_slow() {
  if (!word.take_pending()) return;
  still_due(true);
  throw_cancelled();
}

void scope::collapse() noexcept {
  spin_guard g(mutex);
  if (!word.pending()) only_strand();
}

void scope::only_strand() noexcept {
  JAY_DEBUG_ASSERT(mutex.is_locked());
  generation.store(0, std::memory_order_relaxed);  // relaxed: there is no other strand to read it
  cancel_generation = 0;
  marks &= static_cast<std::uint8_t>(~a_join_failed);
}

bool scope::add(waiter& l) noexcept {
  spin_guard g(mutex);
  if (generation.load(std::memory_order_relaxed) != 0) [[unlikely]] {  // relaxed: written under the lock that is held
    promise_base* strand = strand_root(*this, promise_of(l.frame));
    const bool edge = last_cancel(*this, *strand) > strand->seen;
    if (edge || ((marks & level) && !l.passed)) {
      mark_told(*this, *strand);
      if (l.forwards) static_cast<relaying_waiter&>(l).edge = edge;
      if (marks & level) l.passed = true;
      l.was_cancelled = true;
      return false;
    }
  }
  enlist(l);
  l.own_word.arm(&l, l.forwards);
  return true;
}

void scope::add_told(waiter& l) noexcept {
  spin_guard g(mutex);
  enlist(l);
  l.own_word.suspend_told();
}

void scope::enlist(waiter& l) noexcept {
  l.listed = true;
  l.scope_prev = nullptr;
  l.scope_next = suspended;
  if (suspended) suspended->scope_prev = &l;
  suspended = &l;
}

void scope::remove(waiter& l) noexcept {
  spin_guard g(mutex);
  (l.scope_prev ? l.scope_prev->scope_next : suspended) = l.scope_next;
  if (l.scope_next) l.scope_next->scope_prev = l.scope_prev;
  l.listed = false;
}

bool scope::gives_partial_results(promise_base& strand) noexcept {
  constexpr std::uint8_t ended_by_its_limit = limit | own_cancelled;
  {
    spin_guard g(mutex);
    if ((marks & (ended_by_its_limit | outer_cancelled)) != ended_by_its_limit) return false;
    if (marks & level) return true;  // due for good
  }
  if (this_worker->fifo) return false;
  make_due(strand, is_forked(strand.context));
  return true;
}

std::string scope::text() noexcept {
  spin_guard g(mutex);
  try {
    return notes ? notes->message : std::string();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void scope::throw_cancelled() { throw cancelled_error(text()); }

}  // namespace jay::detail
