// SPDX-License-Identifier: MIT
#include <jay/detail/loop_core.hpp>

#include <stdexcept>
#include <string>
#include <utility>

#include <jay/detail/reactor.hpp>

#include "interrupt.hpp"

namespace jay::detail {
namespace {

/// Calls that the line's job makes before others have their turn.
constexpr int most_in_a_row = 64;

}  // namespace

loop_core::loop_core(scheduler& s)
    : sched_(s), in_order_(s.config().order == order::asyncio), seeded_(s.config().seed.has_value()) {
  resume = &run_line;
  destroy = [](job*) {};
  continuation = 0;
  if (seeded_) settle();  // so that nothing depends on how soon it is given something
}

// ---- who may use it ----

bool loop_core::enter() noexcept {
  spin_guard g(mutex_);
  if (closed_) return false;
  ++users_;
  return true;
}
void loop_core::leave() noexcept {
  spin_guard g(mutex_);
  --users_;
}

loop_core::use::use(loop_core& of, const char* what) : of_(of) {
  if (!of_.enter()) throw std::runtime_error(std::string(what) + ": event loop is closed");
  try {
    check_not_forked(of_.sched_, what);
  } catch (...) {
    of_.leave();
    throw;
  }
  of_.settle();
}
loop_core::use::~use() { of_.leave(); }

bool loop_core::closed() const noexcept {
  spin_guard g(mutex_);
  return closed_;
}

time_point loop_core::time() noexcept {
  if (!seeded_ || !enter()) return std::chrono::steady_clock::now();
  const time_point now = reactor_of(sched_).clock().now();
  leave();
  return now;
}

// ---- the calls ----

void loop_core::link(scheduled_call& c) noexcept {
  JAY_DEBUG_ASSERT(mutex_.is_locked());
  c.next_ = all_;
  c.link_ = &all_;
  if (all_) all_->link_ = &c.next_;
  all_ = &c;
}
void loop_core::unlink(scheduled_call& c) noexcept {
  spin_guard g(mutex_);
  if (!c.link_) return;
  *c.link_ = c.next_;
  if (c.next_) c.next_->link_ = c.link_;
  c.link_ = nullptr;
}

void loop_core::soon(scheduled_call& c) noexcept {
  bool queue = false;
  {
    spin_guard g(mutex_);
    link(c);
  }
  if (in_order_) return schedule_last(sched_, &c);
  queue = append(c);
  if (queue) schedule_last(sched_, this);
}

void loop_core::at(scheduled_call& c, time_point when) {
  c.deadline = when;
  c.timed_ = true;
  {
    spin_guard g(mutex_);
    link(c);
  }
  try {
    reactor_of(sched_).clock().add(c);  // from here on it may have been called, and be gone
  } catch (...) {
    unlink(c);
    throw;
  }
  if (in_order_ && when <= now()) fire_at_next_turn(sched_);
}

bool loop_core::append(scheduled_call& c) noexcept {
  spin_guard g(mutex_);
  c.next_due_ = nullptr;
  *due_end_ = &c;
  due_end_ = &c.next_due_;
  return open_ && !std::exchange(queued_, true);
}

void loop_core::run_line(job* j) {
  this_worker->parked = true;
  static_cast<loop_core*>(j)->line_has_come();
}

void loop_core::line_has_come() noexcept {
  if (!turn_) {
    spin_guard g(mutex_);
    turn_ = std::exchange(due_, nullptr);
    due_end_ = &due_;
  }
  for (int n = 0; turn_; ++n) {
    if (n == most_in_a_row || this_worker->turn_asked()) return schedule_last(sched_, this);
    scheduled_call* now = std::exchange(turn_, turn_->next_due_);
    now->invoke();
  }
  {
    spin_guard g(mutex_);
    if (!(stop_asked_ && open_)) {
      if (!open_ || !due_) {
        queued_ = false;
        return;
      }
    } else {
      open_ = queued_ = false;
      if (seeded_) sched_.ask_to_stand();  // before the next job
      tell();
      return;
    }
  }
  schedule_last(sched_, this);
}

// What the functions own is a user's: it is destroyed without the lock.
void loop_core::drop_all() noexcept {
  for (;;) {
    state_ptr<scheduled_call> c;
    {
      spin_guard g(mutex_);
      if (!all_) break;
      c = state_ptr<scheduled_call>::share(all_);
      all_ = c->next_;
      if (all_) all_->link_ = &all_;
      c->link_ = nullptr;
    }
    const bool won = c->win(scheduled_call::was_dropped);
    if (won) c->drop();
    if (c->timed_ && reactor_of(sched_).clock().remove(*c)) c->release();
  }
  scheduled_call* left;
  {
    spin_guard g(mutex_);
    left = std::exchange(due_, nullptr);
    due_end_ = &due_;
  }
  while (left) std::exchange(left, left->next_due_)->release();
}

void loop_core::keep_interrupt(std::exception_ptr e) noexcept {
  {
    spin_guard g(mutex_);
    if (!interrupt_) interrupt_.swap(e);
  }
  stop();
}
std::exception_ptr loop_core::take_interrupt() noexcept {
  spin_guard g(mutex_);
  return std::exchange(interrupt_, nullptr);
}

// ---- the runs ----

// First the workers, then the I/O threads, which hand on to them.
void loop_core::stand_still() noexcept {
  sched_.stand_still();
  reactor_of(sched_).stand_still();
}

void loop_core::settle() noexcept {
  if (state_.load(std::memory_order_acquire) != fresh) return;  // [LC1] acquire
  std::lock_guard g(gate_);
  if (state_.load(std::memory_order_relaxed) != fresh) return;  // relaxed: written under the gate
  stand_still();
  state_.store(stands, std::memory_order_release);  // [LC1]
}

void loop_core::begin_run(const char* what, bool last) {
  std::lock_guard g(gate_);
  switch (state_.load(std::memory_order_relaxed)) {  // relaxed: written under the gate
    case runs_now: throw std::runtime_error(std::string(what) + ": this event loop is already running");
    case closes: throw std::runtime_error(std::string(what) + ": event loop is closed");
    default: break;
  }
  // The main task must not be on its way before somebody waits for its end: others would have more turns than they should. In
  // the last run nothing depends on that: what is left is cancelled.
  const bool fresh_now = state_.load(std::memory_order_relaxed) == fresh;  // relaxed: written under the gate
  if (fresh_now && !last) {
    stand_still();
    state_.store(stands, std::memory_order_release);  // [LC1]
  }
  last_ = last;
  ended_.store(false, std::memory_order_relaxed);  // relaxed: who sets it knows of the run by the lock below
  spin_guard s(mutex_);
  told_run_ = ++number_;
  stood_ = state_.load(std::memory_order_relaxed) == stands;  // relaxed: written under the gate
  open_ = !stood_;  // what runs at once may give it something at once
  state_.store(runs_now, std::memory_order_release);  // [LC1]
}

void loop_core::run_by_itself() noexcept {
  std::lock_guard g(gate_);
  JAY_DEBUG_ASSERT(state_.load(std::memory_order_relaxed) == fresh);  // relaxed: written under the gate
  last_ = true;
  spin_guard s(mutex_);
  open_ = closing_ = true;
  state_.store(runs_now, std::memory_order_release);  // [LC1]
}

void loop_core::go() {
  if (!stood_) return;
  bool queue = false;
  {
    spin_guard g(mutex_);
    open_ = true;
    if (in_order_ && stop_asked_) {
      sched_.go_on_for_a_turn();
      return tell();
    }
    queue = !in_order_ && !std::exchange(queued_, true);
  }
  if (queue) schedule_last(sched_, this);
  sched_.go_on();
}

void loop_core::end_run() noexcept {
  std::lock_guard g(gate_);
  if (!last_) stand_still();
  state_.store(last_ ? closes : stands, std::memory_order_release);  // [LC1]
  spin_guard s(mutex_);
  open_ = closing_ = last_;
  stop_asked_ = false;
  told_run_ = 0;
}

void loop_core::tell() noexcept {
  ended_.store(true, std::memory_order_release);  // [LC2] release: what the run has done
  move_run_word();
}

void loop_core::stop() noexcept {
  bool queue = false;
  if (!enter()) return;
  settle();
  {
    // Under the lock: a request that comes late must not end the next run.
    spin_guard g(mutex_);
    stop_asked_ = !closing_;
    if (open_ && in_order_ && stop_asked_) {
      sched_.ask_to_stand();
      tell();
    } else if (open_ && stop_asked_) {
      queue = !std::exchange(queued_, true);
    }
  }
  if (queue) schedule_last(sched_, this);
  leave();
}

void loop_core::main_has_ended(std::uint64_t run) noexcept {
  {
    spin_guard g(mutex_);
    if (told_run_ != run) return;
    if (last_ && in_order_) return tell();
  }
  stop();
}

void loop_core::begin_close() {
  std::lock_guard g(gate_);
  const auto now = state_.load(std::memory_order_relaxed);  // relaxed: written under the gate
  if (now == runs_now) throw std::runtime_error("event_loop::close: cannot close a running event loop");
  drop_all();
  state_.store(closes, std::memory_order_release);  // [LC1]
  bool queue = false;
  {
    spin_guard s(mutex_);
    stop_asked_ = false;
    open_ = closing_ = true;  // for what ends now
    queue = !in_order_ && !std::exchange(queued_, true);
  }
  if (sched_.stands()) sched_.go_on();
  if (queue) schedule_last(sched_, this);
}

void loop_core::close() noexcept {
  {
    spin_guard g(mutex_);
    closed_ = true;
    open_ = false;
  }
  for (;;) {
    {
      spin_guard g(mutex_);
      if (users_ == 0) break;
    }
    thread_yield();
  }
  drop_all();
}

}  // namespace jay::detail
