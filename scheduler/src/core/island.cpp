// SPDX-License-Identifier: MIT
#include "island.hpp"

#include <new>
#include <utility>

#include <jay/detail/join.hpp>
#include <jay/detail/waiter.hpp>
#include <jay/scheduler.hpp>

#include "home_core.hpp"
#include "scheduler_core.hpp"

namespace jay::detail {
namespace {

/// Frames that run one after another before the island's job gives its worker back.
constexpr int most_in_a_row = 64;

/// Back to where whoever awaits the coroutine stands. No cancel is taken here.
class way_back : waiter {
 public:
  using waiter::jay_awaiter;
  explicit way_back(move_entry& m) noexcept : move_(m) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    prepare(h);
    exit_stack& s = move_.of;
    island* from = move_.on;
    island* to = move_.came_from_island ? &island_of(s.continuation) : nullptr;
    s.place = nullptr;
    if (from && from->its_home()) from->its_home()->unbind(owner->task());
    const bool suspended = from != to && go_to(from, to, frame);  // then this may be gone
    if (from) from->release();
    return suspended;
  }
  void await_resume() const noexcept {}

 private:
  move_entry& move_;
};

}  // namespace

island::island() noexcept : job{&run, &drop, 0} {}

job* island::admit(job* frame) noexcept {
  try {
    spin_guard g(mutex_);
    if (!first_) first_ = frame;
    else rest_.push_back(reinterpret_cast<queue_cell>(frame));
    if (home_) count_at_home(frame);
    if (std::exchange(taken_, true)) return nullptr;
    if (home_) retain();
  } catch (const std::bad_alloc&) {
    schedule_last(scheduler_of(frame), frame);  // and comes again
    return nullptr;
  }
  if (!home_) return this;
  home_->ring();  // [HB2]
  release();
  return nullptr;
}

bool island::is_current() const noexcept {
  return home_ ? home_->is_here() : this_worker && this_worker->on == this;
}

job* island::take_first() noexcept {
  JAY_DEBUG_ASSERT(mutex_.is_locked() && taken_);
  return std::exchange(first_, rest_.size() != 0 ? reinterpret_cast<job*>(rest_.pop_front()) : nullptr);
}

/// Null: none is left, or the job has been queued; the island may be gone.
job* island::next(worker& w, bool may_go_on) noexcept {
  job* first;
  {
    spin_guard g(mutex_);
    first = first_;
    if (!first) taken_ = false;
    else if (may_go_on && &scheduler_of(first) == w.sched) return take_first();
  }
  if (first) schedule_last(scheduler_of(first), this);  // only who has the job takes the frame
  return nullptr;
}

void island::run(job* j) {
  island* const me = static_cast<island*>(j);
  worker& w = *this_worker;
  island* const outer = std::exchange(w.on, me);  // an eager task runs inside another one's code
  const int most = w.io || w.fifo || w.in_place ? 1 : most_in_a_row;
  for (int n = 0;; ++n) {
    job* frame = me->next(w, n == 0 || (n < most && !w.turn_asked()));
    if (!frame) {
      w.parked = true;
      break;
    }
    if (n != 0) begin_step(w, frame);
    if (!me->run_one(w, frame)) break;
  }
  w.on = outer;
}

/// False: it has left, and has nothing to do with the island any more, which may be gone.
bool island::run_one(worker& w, job* frame) noexcept {
  w.next = frame;
  while (w.next && w.on == this) {
    job* now = std::exchange(w.next, nullptr);
    w.parked = false;
    w.context = promise_of(now).context;
    now->resume(now);
  }
  if (w.on != this) return false;
  if (!w.parked) [[unlikely]] came_back_unsuspended();
  return true;
}

void island::leave(worker& w) noexcept {
  JAY_DEBUG_ASSERT(w.is_here() && w.on == this);
  w.on = nullptr;
  if (home_) return;  // others wait for its thread, which goes on with them
  job* first;
  {
    spin_guard g(mutex_);
    first = first_;
    if (!first) taken_ = false;
  }
  if (first) schedule(scheduler_of(first), this);
}

/// The scheduler in whose queue the job stood is ending, with tasks that have not ended. They go, as those in its queues.
void island::drop(job* j) {
  island* const me = static_cast<island*>(j);
  scheduler* ends = nullptr;
  for (;;) {
    job* first;
    {
      spin_guard g(me->mutex_);
      first = me->first_;
      if (!first) {
        me->taken_ = false;
        return;
      }
      if (!ends) ends = &scheduler_of(first);
      if (&scheduler_of(first) == ends) me->take_first();
    }
    if (&scheduler_of(first) != ends) return schedule(scheduler_of(first), me);
    first->destroy(first);
  }
}

task<bool> move_entry::go_back() {
  co_await way_back(*this);
  co_return false;
}

move_entry& place_of(exit_stack& s, bool on_island) {
  if (s.place) return *s.place;
  auto entry = std::make_unique<move_entry>(s, on_island);
  std::unique_ptr<exit_entry>* last = &s.top;
  while (*last) last = &(*last)->below;
  s.place = entry.get();
  *last = std::move(entry);
  return *s.place;
}

island& island_of(std::uintptr_t c) noexcept {
  for (;;) {
    const std::uintptr_t address = c & ~continues_mask;
    switch (static_cast<continues>(c & continues_mask)) {
      case continues::frame: c = reinterpret_cast<job*>(address)->continuation; break;
      case continues::joins: c = reinterpret_cast<join*>(address)->parent->continuation; break;
      case continues::exits: {
        auto* s = reinterpret_cast<exit_stack*>(address);
        if (s->place) return *s->place->on;
        c = s->continuation;
        break;
      }
      case continues::task: fatal("a coroutine is on a strand that nobody has moved it to");
    }
  }
}

void enter_island(worker& w, job* frame) noexcept {
  w.parked = true;
  w.context = 0;
  if (job* j = island_of(frame->continuation).admit(frame)) w.next = j;
}

bool go_to(island* from, island* to, job* frame) noexcept {
  worker& w = *this_worker;
  const bool from_home = from && from->its_home();
  if (from) from->leave(w);
  promise_base& p = promise_of(frame);
  w.context = p.context = moved_to(p.context, to ? island_bit : 0);
  if (!to) {
    if (from_home) schedule_last(*w.sched, frame);  // its thread is for nothing else
    return from_home;
  }
  job* j = to->admit(frame);
  if (!j) return true;
  // Nobody is there. Its job runs when this one has come back, in the same step, if it may go on for so long.
  if (!from_home && (w.spend() || w.pass_over())) w.next = j;
  else schedule_last(*w.sched, j);
  return true;
}

}  // namespace jay::detail
