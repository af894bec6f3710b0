// SPDX-License-Identifier: MIT
// A done callback: what is taken along when it is added, and how it runs.
//
// Those of one state run one after the other, in the order in which they were added, on any number of workers. They stand
// in the state's list: before the result comes among those that wait, from then on alone, each until it has been called.
// At most one of them is due, which means that it stands in a queue or runs. Whoever makes one due has found, under the
// mutex, that none is: who brings the result (start_callbacks), who adds one to an empty list afterwards (add_callback),
// and the one that has just been called, which takes itself off the list and makes the next one due (leave). So there is
// always one due while the list has any, and never two. What the first has written the second sees: the first has
// unlocked the mutex after its call, or has queued the second.
//
// In asyncio's order each has its turn behind what is queued when the result comes. There the one worker puts all of them
// into its queue (`here`), which it runs in order: when the result comes, or, if another thread has brought it, when the
// first of them arrives (queue_rest). One that is added later joins them at once if it is that worker that adds it, behind
// one that the worker has queued itself; else the next of them that is called brings it along.
//
// Each keeps the state by its handle, so the state is there while one is in its list. It goes with the last, which has
// left the list before.
#include <utility>

#include <jay/context_var.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/shared_state.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

#include "core/live_schedulers.hpp"

namespace jay::detail {

callback::callback(void (*f)(callback*), void (*d)(callback*)) noexcept : context(capture_context()), call(f), drop(d) {
  resume = &run;
  destroy = &dropped;
  continuation = 0;
}

callback::~callback() {
  if (context) release_context(context);
}

void callback::start(callback* c, scheduler_ref at) noexcept {
  while (c && !live_schedulers::with(at, [c](scheduler& s) { schedule_last(s, c); })) {
    if (!at.at)
      log(log_level::error,
          "a done callback is dropped: its future was set outside a runtime, before anything inside one awaited it or added "
          "to it, so that nobody can call it; add it inside a running runtime (jay::run), or await the future there");
    callback* next = c->leave(at);
    c->drop(c);
    c = next;
  }
}

/// Out of the list. Gives the one that is due by that, with where it is to run; null if there is none.
callback* callback::leave(scheduler_ref& at) noexcept {
  spin_guard g(of->mutex);
  JAY_DEBUG_ASSERT(due);
  of->waiters.remove(*this);
  auto* next = static_cast<callback*>(of->waiters.front());
  if (!next || next->due) return nullptr;
  next->due = true;
  at = of->where();
  return next;
}

/// Of the worker in asyncio's order: those behind this one that are not due are queued.
void callback::queue_rest(worker& w) noexcept {
  waiter* rest = nullptr;
  {
    spin_guard g(of->mutex);
    waiter** end = &rest;
    of->waiters.find([&end](waiter& l) {
      auto& c = static_cast<callback&>(l);
      if (!c.due) {
        c.due = c.here = true;
        *end = &c;
        end = &c.next_due;
      }
      return false;
    });
  }
  while (rest) {
    auto* c = static_cast<callback*>(std::exchange(rest, static_cast<callback*>(rest)->next_due));
    w.push(c);
  }
}

void callback::run(job* j) {
  auto* self = static_cast<callback*>(j);
  this_worker->parked = true;
  if (this_worker->fifo) self->queue_rest(*this_worker);
  try {
    // Also where no variable was set: what the callback sets must not stay with the thread.
    context_slot own(std::exchange(self->context, nullptr));
    context_entered here(own);
    self->call(self);
  } catch (...) {
    report(this_worker->sched, "a done callback has thrown", std::current_exception(), nullptr);
  }
  dropped(self);
}

// Also of one that was never called, as its scheduler has ended.
void callback::dropped(job* j) {
  auto* self = static_cast<callback*>(j);
  scheduler_ref at;
  callback* next = self->leave(at);
  self->drop(self);  // whose function may tell another thread that nobody looks at the result any more
  start(next, at);
}

}  // namespace jay::detail
