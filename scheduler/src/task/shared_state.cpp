// SPDX-License-Identifier: MIT
#include <jay/detail/shared_state.hpp>

#include <memory>
#include <new>

#include <jay/detail/in_turns.hpp>
#include <jay/detail/task_state.hpp>

#include "cancel/cancel_walk.hpp"
#include "core/live_schedulers.hpp"

namespace jay::detail {

shared_state::~shared_state() {
  delete said;
  while (waiter* l = waiters.pop_front()) {  // a callback that was never due: who waits keeps this
    auto* c = static_cast<callback*>(l);
    c->drop(c);
  }
}

void shared_state::destroy() noexcept {  // relaxed: whoever had it has let go (release)
  if (state.load(std::memory_order_relaxed) == status::error && !retrieved.load(std::memory_order_relaxed))
    report(where(), "a future's exception was never retrieved", error(), nullptr);
  delete this;
}

namespace {

/// A task that waits keeps its scheduler; what waits without one (detail::wait_set) may have outlived it.
void wake(waiter* l) noexcept {
  const scheduler_ref* outside = l->owner->outside();
  if (!outside) return l->wake();
  job* j = l->frame;
  if (!live_schedulers::with(*outside, [l](scheduler&) { l->wake(); })) j->destroy(j);
}

/// The calling thread is the worker of a scheduler in asyncio's order, to which this number belongs.
bool in_its_order(const scheduler_ref& at) noexcept {
  return this_worker && this_worker->fifo && this_worker->sched->number() == at.number;
}

}  // namespace

// In asyncio's order: a wait that its own callback ends is not claimed here, as a cancel may still end it before its turn
// comes. And if this worker is passing on the cancel that ends this, the wait that it came through stands where it stood
// among the others, not behind them (cancel_walk::end).
bool shared_state::claims_in_turn(waiter& l) noexcept {
  if (&l.owner->sched() != this_worker->sched) return l.claim();
  if (l.in_turns || l.claim()) return true;
  if (!l.forwards || !static_cast<relaying_waiter&>(l).passing_here) return false;
  return static_cast<relaying_waiter&>(l).placed = true;
}

// The first that is left is a callback. Callbacks stay: they go to the back, in their order, and when the first of them comes
// round all have been seen. Whether they are called in turn, and so are among those that follow `end`.
bool shared_state::take_with_callbacks(waiter** end, bool in_order) noexcept {
  const bool in_turn = in_order && in_its_order(where());
  waiter* const first = waiters.front();
  waiter* l = first;
  do {
    waiters.remove(*l);
    waiter** link = &l->next;
    bool due = true;
    if (l->owner) {
      due = in_order ? claims_in_turn(*l) : l->claim();
    } else {
      waiters.push_back(*l);
      auto* c = static_cast<callback*>(l);
      due = c->due = c->here = in_turn;
      link = &c->next_due;
    }
    if (due) {
      *end = l;
      end = link;
    }
    l = waiters.front();
  } while (l != first);
  *end = nullptr;
  return in_turn;
}

bool shared_state::complete(status s) noexcept {
  waiter* due = nullptr;
  const bool in_order = this_worker && this_worker->fifo;
  bool calls = false;
  {
    spin_guard g(mutex);
    if (state.load(std::memory_order_relaxed) != status::pending) return false;  // relaxed: it changes under the lock
    // A task that has cancelled itself and then ends is cancelled, as Python's. A cancel from outside that comes between its
    // last suspension and its end takes nothing away: what it gives may be bytes that were read, an item that was got.
    if (s == status::value && is_task) {
      auto& t = static_cast<task_state&>(*this);
      if (t.task_state::cancel_unseen() && (t.flags.load(std::memory_order_relaxed) & task_state::by_itself)) [[unlikely]] return false;
    }
    state.store(s, std::memory_order_release);  // [F1] release: result and error; with [F1] in done
    waiter** end = &due;
    waiter* l;
    while ((l = waiters.front()) && l->owner) {
      waiters.remove(*l);
      if (!(in_order ? claims_in_turn(*l) : l->claim())) continue;  // a canceller was faster, or resumes it for us
      *end = l;
      end = &l->next;
    }
    *end = nullptr;
    if (l) [[unlikely]] calls = !take_with_callbacks(end, in_order);
    if (!home && this_worker) [[unlikely]] set_home(*this_worker->sched);  // made outside a runtime, and nobody has awaited it
  }
  while (waiter* one = due) {
    if (!one->owner) [[unlikely]] {
      due = static_cast<callback*>(one)->next_due;
      this_worker->push(static_cast<callback*>(one));
      continue;
    }
    due = one->next;
    if (in_order && one->in_turns && &one->owner->sched() == this_worker->sched) static_cast<state_awaiter*>(one)->call_back();
    else wake(one);
  }
  if (calls) [[unlikely]] start_callbacks();
  return true;
}

bool shared_state::cancel(const std::string& message) noexcept {
  cancel_walk w;
  bool accepted = cancel(message, w);
  w.finish();
  return accepted;
}

bool shared_state::cancel(const std::string& message, cancel_walk& w) noexcept {
  return !done() && do_cancel(message, w);
}

bool shared_state::do_cancel(const std::string& message, cancel_walk&) noexcept {
  {
    spin_guard g(mutex);
    if (state.load(std::memory_order_relaxed) != status::pending) return false;  // relaxed: it changes under the lock
  }
  note_cancel(message);
  return complete(status::cancelled);
}

std::string shared_state::cancel_message() {
  spin_guard g(mutex);
  return said ? said->cancel_message : std::string();
}

void shared_state::note_cancel(const std::string& message) noexcept {
  if (message.empty()) return;
  try {
    auto fresh = std::make_unique<texts>();
    fresh->cancel_message = message;
    spin_guard g(mutex);
    if (!said) said = fresh.release();
    else if (said->cancel_message.empty()) said->cancel_message.swap(fresh->cancel_message);
  } catch (const std::bad_alloc&) {
  }
}

void shared_state::rethrow() {
  retrieved.store(true, std::memory_order_relaxed);
  switch (state.load(std::memory_order_acquire)) {  // [F1]
    case status::error: std::rethrow_exception(error());
    case status::cancelled: throw cancelled_error(cancel_message());
    default: break;
  }
}

std::exception_ptr shared_state::exception(const char* pending) {
  if (!done()) throw invalid_state_error(pending);
  retrieved.store(true, std::memory_order_relaxed);
  status s = state.load(std::memory_order_acquire);  // [F1]
  if (s == status::cancelled) rethrow();
  return s == status::error ? error() : nullptr;
}

void shared_state::check_result(const char* what) {
  if (!done()) throw invalid_state_error(std::string(what) + ": the result is not ready");
  rethrow();
}

// None of them is due before the first is made so here: see callback.cpp.
void shared_state::start_callbacks() noexcept {
  callback* first;
  scheduler_ref at;
  {
    spin_guard g(mutex);
    first = static_cast<callback*>(waiters.front());
    JAY_DEBUG_ASSERT(first && !first->due);
    first->due = true;
    at = where();
  }
  callback::start(first, at);
}

callback_id shared_state::add_callback(callback* c) noexcept {
  static atomic<callback_id> last_id{0};
  const callback_id id = last_id.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: only to be different
  c->id = id;
  c->of = this;
  scheduler_ref at;
  {
    spin_guard g(mutex);
    waiter* before = waiters.empty() ? nullptr : waiters.front()->prev;
    waiters.push_back(*c);
    if (state.load(std::memory_order_relaxed) == status::pending) return id;  // relaxed: it changes under the lock
    at = where();
    const bool here = in_its_order(at);
    if (before && !(here && static_cast<callback*>(before)->here)) return id;  // comes when those before it have been called
    c->due = true;
    c->here = here;
  }
  callback::start(c, at);
  return id;
}

void shared_state::bind(scheduler* s) noexcept {
  if (!s) return;
  for (;;) {
    scheduler_ref was;
    {
      spin_guard g(mutex);
      was = where();
    }
    if (was.number == s->number() || live_schedulers::has(was)) return;
    spin_guard g(mutex);
    if (home_number == was.number) return set_home(*s);
  }
}

bool shared_state::remove_callback(callback_id id) noexcept {
  callback* found = nullptr;
  {
    spin_guard g(mutex);
    if (done()) return false;
    waiter* l = waiters.find([id](waiter& one) { return !one.owner && static_cast<callback&>(one).id == id; });
    if (l) {
      waiters.remove(*l);
      found = static_cast<callback*>(l);
    }
  }
  if (found) found->drop(found);
  return found;
}

void one_turn::suspend() noexcept { schedule_last(waiter_.owner->sched(), waiter_.frame); }

void state_awaiter::call_back() noexcept {
  callback_ = wait_callback::push(*this_worker, *this);
  called = callback_;
  if (!called && claim()) wake();
}

namespace {

[[noreturn, gnu::noinline]] void throw_awaits_itself(task_state& t) {
  throw std::runtime_error("a task cannot await on itself: " + t.get_name());
}

}  // namespace

bool state_awaiter::suspend() {
  bool pass_on = true;
  if (kind_ != wait_kind::plain) {
    in_turns = kind_ == wait_kind::shielded && this_worker->fifo;
    pass_on = kind_ == wait_kind::gathered && this_worker->fifo;
  }
  // A cancel that comes back to us every time has gone round a cycle of tasks that await each other: it ends here.
  int rounds = 4;
  shared_state* s = target_;
  if (s->is_task && owner->task() == s) [[unlikely]] throw_awaits_itself(*owner->task());
  if (s->done()) return !refused() && !go_on_at_once(*this);
  for (;;) {
    {
      spin_guard g(s->mutex);
      if (s->state.load(std::memory_order_relaxed) != status::pending) break;  // relaxed: it changes under the lock
      if (!s->home) [[unlikely]] s->set_home(owner->sched());
      if (pass_on ? s->waiters.suspend(*this, &forward_cancel) : s->waiters.suspend(*this)) return true;
      if (!pass_on || --rounds == 0) return false;
    }
    if (kind_ == wait_kind::gathered && !whole_scope_cancelled()) return false;  // a sibling has failed
    was_cancelled = false;  // a cancel was pending: it is passed on, and the wait goes on
    passed_on_ = true;
    if (!s->cancel(owner->text())) {
      owner->make_due(promise_of(frame), forked, edge ? trigger::edge : trigger::level);
      break;
    }
  }
  if (!passed_on_ || !this_worker->fifo) return false;
  schedule_last(owner->sched(), frame);  // asyncio's order: that it is done is told at its turn
  return true;
}

// A cancel that was passed on, and that came so late that the task ended without having seen it, is still ours: it waits
// for our next suspension.
void state_awaiter::resumed() {
  waited();
  // A cancelled_error tells of all cancels that have come before it. relaxed: it is done, and who woke this strand saw that
  if (owner && target_->state.load(std::memory_order_relaxed) == status::cancelled) (void)cancelled_since();
  else if (passed_on_ && target_->cancel_unseen())
    owner->make_due(promise_of(frame), forked, edge ? trigger::edge : trigger::level);
}

void state_awaiter::waited() {
  if (was_cancelled) unlink();
  finish();
}

void state_awaiter::unlink() noexcept {
  if (called) callback_->forget();
  spin_guard g(target_->mutex);
  target_->waiters.remove(*this);
}

bool state_awaiter::forward_cancel(relaying_waiter* l, cancel_walk& w) noexcept {
  auto* self = static_cast<state_awaiter*>(l);
  if (self->kind_ == wait_kind::gathered && self->by_sibling) {
    self->broken = true;
    return false;
  }
  self->passed_on_ = true;
  if (!this_worker || !this_worker->fifo || this_worker->sched != &self->owner->sched()) return self->target_->cancel(self->owner->text(), w);
  self->passing_here = true;
  const bool accepted = self->target_->cancel(self->owner->text(), w);
  self->passing_here = false;
  return accepted;
}

}  // namespace jay::detail
