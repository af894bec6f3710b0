// SPDX-License-Identifier: MIT
#include <jay/time.hpp>

#include <stdexcept>
#include <utility>

#include <jay/detail/in_turns.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

namespace jay {
namespace detail {

bool sleep_awaiter::suspend() {
  if (deadline == at_once) {  // not in any list, so not armed: a cancel is looked for before and after
    if (!this_worker->fifo && cancelled_since()) return !(was_cancelled = true);  // asyncio's order: after the turn only
    schedule_last(owner->sched(), frame);
    return true;
  }
  fire = &fire_sleep;
  bool suspended = false;
  // `suspended` is written under the shard's lock, before anybody can resume this frame
  bool* said = &suspended;
  reactor_of(owner->sched()).clock().add(*this, [this, said] { return *said = arm(); });
  return suspended;
}

void sleep_awaiter::fire_sleep(timer& t, ready_list& out) noexcept {
  auto& self = static_cast<sleep_awaiter&>(t);
  if (self.claim()) out.add(self.frame);
}

void sleep_awaiter::stop() noexcept { reactor_of(owner->sched()).clock().remove(*this); }

bool turn_for_others::suspend() {
  if (!this_worker->fifo) {
    if (cancelled_since()) return !(was_cancelled = true);
    schedule_last(owner->sched(), frame);
    return true;
  }
  callback_ = wait_callback::push(*this_worker, *this, 1);
  called = callback_;
  arm();  // true, in this order
  if (!called && claim()) wake();
  return true;
}

void turn_for_others::await_resume() {
  if (called) callback_->forget();
  leave();
  if (was_cancelled || cancelled_since()) owner->throw_cancelled();
}

}  // namespace detail

// Once it has expired it has two owners: the timeout, and the thread that still has to cancel what runs inside. The
// cancel may come when the timeout has been left: then it finds nobody, as nobody is suspended in its scope any more.
// (Rejected: leaving waits until the cancel is through. A stop callback may take its time, or wait for whoever leaves.)
struct timeout_scope::state : detail::timer, detail::deferred, detail::pooled {
  state(detail::scope& outer) : inner(outer), sched(outer.sched()) {}

  detail::inner_scope inner;
  scheduler& sched;
  bool open = true;
  struct turn;
  turn* turn_to_come = nullptr;  // order = "asyncio", its worker's alone: it is over, and expires then
  bool at_once = false;  // it was over when it was armed: the first suspension inside is told
  detail::atomic<bool> expired{false};
  detail::atomic<std::uint8_t> owners{1};

  static void expire(detail::timer& t, detail::ready_list& out) noexcept {
    auto& self = static_cast<state&>(t);
    self.expired.store(true, std::memory_order_relaxed);  // relaxed: read after the timer's lock, or as a hint
    self.owners.store(2, std::memory_order_relaxed);      // relaxed: the other owner takes the timer's lock before it goes
    self.run = &cancel;
    out.defer(self);
  }
  static void cancel(detail::deferred& d) noexcept {
    auto& self = static_cast<state&>(d);
    self.inner.cancel("timed out");
    self.release();
  }
  void forget_turn() noexcept;
  void release() noexcept {
    // acquire, acq_rel: what the other owner did, before the destruction; with the other release
    if (owners.load(std::memory_order_acquire) == 1 || owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

/// As asyncio's call_soon.
struct timeout_scope::state::turn : detail::job {
  explicit turn(state& s) noexcept : of(&s) {
    resume = &run;
    destroy = [](detail::job* j) { delete static_cast<turn*>(j); };
    continuation = 0;
  }
  static void run(detail::job* j) {
    state* s = static_cast<turn*>(j)->of;
    delete static_cast<turn*>(j);
    detail::this_worker->parked = true;
    if (!s) return;
    s->turn_to_come = nullptr;
    s->expired.store(true, std::memory_order_relaxed);  // relaxed: the worker's own
    s->inner.cancel("timed out");
  }
  state* of;
};

void timeout_scope::state::forget_turn() noexcept { std::exchange(turn_to_come, nullptr)->of = nullptr; }

void timeout_scope::let_go::operator()(state* s) const noexcept { s->release(); }

timeout_scope::timeout_scope(std::optional<time_point> when, bool partial) noexcept : when_(when), partial_(partial) {}
timeout_scope::timeout_scope(timeout_scope&&) noexcept = default;
timeout_scope& timeout_scope::operator=(timeout_scope&&) noexcept = default;
timeout_scope::~timeout_scope() = default;

bool timeout_scope::expired() const noexcept {
  if (!state_) return false;
  // relaxed: read after the timer's lock, or as a hint
  return state_->expired.load(std::memory_order_relaxed) || (state_->open && state_->at_once && !state_->inner.due());
}

void timeout_scope::arm() {
  if (!when_ || *when_ == time_point::max()) return;
  if (*when_ <= detail::now()) {
    if (detail::this_worker->fifo && *when_ != time_point()) {  // that is wait_for's, which has had its turns
      state_->turn_to_come = new state::turn(*state_);
      return detail::this_worker->push(state_->turn_to_come);
    }
    // Not through the timers, which may find it later than a yield.
    state_->at_once = true;
    state_->inner.cancel("timed out");
    return;
  }
  state_->deadline = *when_;
  state_->fire = &state::expire;
  detail::reactor_of(state_->sched).clock().add(*state_);
}

void timeout_scope::bind(detail::promise_base& p) {
  if (state_) throw std::runtime_error("timeout: a timeout can be entered once");
  state_.reset(new state(*detail::scope_of(p.context)));
  using kind = detail::inner_scope::kind;
  state_->inner.open(p, partial_ ? kind::limit : kind::plain);
  try {
    arm();
  } catch (...) {
    state_->inner.close(p);
    state_.reset();
    throw;
  }
}

void timeout_scope::reschedule(std::optional<time_point> when) {
  if (!state_ || !state_->open) throw std::runtime_error("timeout: reschedule is possible only inside the timeout");
  detail::reactor_of(state_->sched).clock().remove(*state_);  // after this it does not expire
  if (state_->turn_to_come) [[unlikely]] state_->forget_turn();
  if (expired()) throw std::runtime_error("timeout: it has expired already");
  if (std::exchange(state_->at_once, false)) state_->inner.take_back();
  when_ = when;
  arm();
}

void timeout_scope::unbind(detail::promise_base& p, std::exception_ptr& e) {
  detail::reactor_of(state_->sched).clock().remove(*state_);  // after this it does not expire
  if (state_->turn_to_come) [[unlikely]] state_->forget_turn();
  bool untold = state_->inner.close(p);
  if (state_->at_once && !untold) state_->expired.store(true, std::memory_order_relaxed);  // relaxed: the strand's own
  state_->open = false;
  if (expired() && !state_->inner.outer_cancelled() && detail::is_cancelled_error(e))
    e = std::make_exception_ptr(timeout_error());
}

}  // namespace jay
