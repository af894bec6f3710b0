// SPDX-License-Identifier: MIT
#include <jay/detail/join.hpp>

#include <jay/detail/in_turns.hpp>
#include <jay/detail/waiter.hpp>
#include <jay/error.hpp>
#include <jay/scheduler.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace jay::detail {

void close_above(job* frame) noexcept {
  worker* w = this_worker;
  for (job* f = frame; f;) {
    promise_base& p = promise_of(f);
    if (p.joins_closed) return;
    p.joins_closed = true;
    std::uintptr_t c = past_exits(p.continuation);
    auto address = c & ~continues_mask;
    switch (static_cast<continues>(c & continues_mask)) {
      case continues::frame: f = reinterpret_cast<job*>(address); break;
      case continues::joins: {
        auto* j = reinterpret_cast<join*>(address);
        // Another worker's, or closed: whoever closed it has closed what is above, and what is above belongs to others.
        if (!j->counter.owned_by(w)) return;
        j->counter.close();  // never the last: the strand that we come from is not done
        f = j->parent;
        break;
      }
      default: return;
    }
  }
}

namespace {

/// Counts for the child that has failed.
struct parents_turn : job {
  explicit parents_turn(join& j) noexcept : of(j) {
    resume = &run;
    destroy = &drop;
    continuation = 0;
  }
  static void run(job* j) {
    join& of = static_cast<parents_turn*>(j)->of;
    drop(j);
    this_worker->parked = true;
    job* parent = of.parent;
    if (of.counter.finish_shared()) this_worker->next = parent;
  }
  static void drop(job* j) { delete static_cast<parents_turn*>(j); }
  join& of;
};

}  // namespace

job* join::finish_shared() noexcept {
  return this_worker->fifo ? finish_in_turns() : join_end::finish_shared();
}

job* join::finish_in_turns() noexcept {
  job* p = parent;  // before the count
  worker* w = this_worker;
  bool unowned = std::exchange(w->unowned_ends, false), first_fails = std::exchange(w->first_fails, false);
  if (unowned && first_fails && !(status & keep_running)) {
    // Here asyncio wakes the parent. Its siblings, whose wait has ended, stand in the queue before what is put there now.
    if (auto* turn = new (std::nothrow) parents_turn(*this)) {
      w->push(turn);
      return nullptr;
    }
  }
  if (!counter.finish_shared()) return nullptr;
  if (unowned) w->push(p);  // its wake was the callback
  else push_later(*w, p);
  return nullptr;
}

// What waits for a handle begins to wait now, and the tasks at their turns. The count has one more until all are there, so
// that none of them wakes the parent, which is being suspended. A cancel that is due comes as if it came just then: handles
// are told of it, tasks never start.
job* join::start_in_turns(worker* w, promise_base& p, job* const* children, std::size_t n) noexcept {
  scope& s = *scope_of(p.context);
  close_above(parent);
  w->parked = true;
  std::uint32_t seen = 0;
  bool due = false;
  if (s.generation.load(std::memory_order_acquire) != 0) {  // [G1] acquire
    due = s.is_due(p);
    seen = s.told(p);
  }
  auto is_unowned = [](job* child) { return promise_of(child).unowned != 0; };
  if (due && !std::all_of(children, children + n, is_unowned)) status |= refused | child_cancelled;
  if (due && std::none_of(children, children + n, is_unowned)) {
    drop(children, n);
    push_later(*w, parent, 2);  // the turns of a child that does not start, and of its callback
    return nullptr;
  }
  counter.open_shared(static_cast<std::uint32_t>(n) + 1);
  const std::uintptr_t context = w->context;
  for (std::size_t i = 0; i < n; ++i) {
    promise_base& child = promise_of(children[i]);
    child.seen = seen;
    if (is_unowned(children[i])) {
      w->context = child.context;
      handle_of(children[i]).resume();
    } else if (due) {
      children[i]->destroy(children[i]);
      counter.finish_shared();  // never the last
    } else {
      w->push(children[i]);
    }
  }
  w->context = context;
  w->parked = true;
  return counter.finish_shared() ? parent : nullptr;
}

job* join::close_out(worker& w, job* popped) noexcept {
  job* p = parent;
  close_above(p);  // the parent goes on elsewhere, perhaps
  if (popped) w.push(popped);
  return counter.close() ? p : nullptr;
}

void join::drop(job* const* children, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) children[i]->destroy(children[i]);
}

job* join::fork_slow(worker* w, promise_base& p, job* const* children, std::size_t n) {
  if (w->fifo) [[unlikely]] return start_in_turns(w, p, children, n);
  scope& s = *scope_of(p.context);
  if (s.generation.load(std::memory_order_acquire) != 0) {  // [G1] acquire
    if (s.take_cancel(p)) {
      status |= refused;
      drop(children, n);
      return parent;
    }
    std::uint32_t seen = s.told(p);
    for (std::size_t i = 0; i < n; ++i) promise_of(children[i]).seen = seen;
  }
  if (w->io) {  // an I/O thread never computes
    counter.open_shared(static_cast<std::uint32_t>(n));
    w->parked = true;
    schedule_ready(*w->sched, children, n);
    return nullptr;
  }
  std::uint64_t b = w->jobs.reserve(n);
  if (w->calm()) {
    counter.open(w, static_cast<std::uint32_t>(n));
    w->jobs.put_backwards(b, children + 1, n - 1);
    w->jobs.publish(b + n - 1);
  } else {
    // All children are queued and the loop decides. Nobody would close a counter that is open while none of its
    // children runs here, so it is shared from the start, and so are those above.
    close_above(parent);
    counter.open_shared(static_cast<std::uint32_t>(n));
    for (std::size_t i = 0; i < n; ++i) w->jobs.put(b + (n - 1 - i), children[i]);
    w->jobs.publish(b + n);
    children = nullptr;
  }
  asymmetric_light();  // between [P1] and [P2] of idle.hpp: with the heavy one in announce
  if (w->wake_wanted()) w->notify();
  return children ? children[0] : nullptr;
}

std::exception_ptr join::settle() {
  scope& s = *scope_of(promise_of(parent).context);
  bool taken = status & refused;
  // An error does not tell of a cancel that came as well: that stays due, and is thrown at the next suspension.
  bool tells = !(status & child_failed) || is_cancelled_error(*first_error);
  // In asyncio's order a cancelled handle tells of one that came after it, as its callback comes at a later turn.
  const bool told = (status & child_cancelled) || (this_worker->fifo && (status & child_failed));
  if (tells && told) taken |= s.take_cancel(promise_of(parent));
  else if (!is_forked(promise_of(parent).context)) s.collapse();
  if (status & child_failed) return std::move(*first_error);
  if (!taken) return nullptr;
  if ((status & partial) && !(status & refused) && s.gives_partial_results(promise_of(parent))) return nullptr;
  try {
    s.throw_cancelled();
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace jay::detail
