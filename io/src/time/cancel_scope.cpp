// SPDX-License-Identifier: MIT
// Whoever cancels, a thread, the timer or a stop callback, may still be at it when the scope has been left: it has a
// reference to the state, and finds nobody suspended in it (as timeout_scope). So leaving a scope waits for nobody, but for
// a stop callback: ~stop_callback does.
#include <jay/cancel_scope.hpp>

#include <stdexcept>
#include <utility>

#include <jay/detail/reactor.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

namespace jay {

struct cancel_scope::state : detail::timer, detail::deferred {
  enum class place { outside, inside, left };

  std::optional<time_point> when;
  std::optional<time_point::duration> after;  // the entry; then `when` is set
  std::stop_token stop;
  ends how = ends::move_on;
  bool shielded = false;
  bool caught = false;

  detail::spin_mutex mutex;
  place at = place::outside;       // written under the mutex, by its strand
  std::string reason;              // guarded by the mutex
  detail::atomic<bool> called{false};   // written under the mutex. relaxed: a fact of its own
  detail::atomic<bool> expired{false};  // relaxed: read after the timer's lock
  std::optional<detail::inner_scope> inner;
  scheduler* sched = nullptr;
  struct stop_requested {
    state* s;
    void operator()() const noexcept { s->cancel("a stop was requested"); }
  };
  std::optional<std::stop_callback<stop_requested>> on_stop;
  detail::atomic<std::uint32_t> owners{1};

  void retain() noexcept { owners.fetch_add(1, std::memory_order_relaxed); }  // relaxed: who takes another has one
  void release() noexcept {
    // acq_rel, with each other release: what the others did, before the destruction
    if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  void cancel(std::string why) noexcept {
    {
      detail::spin_guard g(mutex);
      if (called.load(std::memory_order_relaxed) || at == place::left) return;
      called.store(true, std::memory_order_relaxed);
      reason = std::move(why);
      if (at == place::outside) return;
      retain();
    }
    inner->cancel_level(reason);  // nobody writes the reason again
    release();
  }
  static void expire(detail::timer& t, detail::ready_list& out) noexcept {
    auto& self = static_cast<state&>(t);
    self.expired.store(true, std::memory_order_relaxed);  // relaxed: under the timer's lock
    self.retain();
    self.run = [](detail::deferred& d) noexcept {
      auto& s = static_cast<state&>(d);
      s.cancel("the deadline of a cancel_scope has passed");
      s.release();
    };
    out.defer(self);
  }
  void arm() {
    if (!when || *when == time_point::max()) return;
    if (*when <= detail::now()) return cancel("the deadline of a cancel_scope has passed");
    deadline = *when;
    fire = &expire;
    detail::reactor_of(*sched).clock().add(*this);
  }
  void disarm() noexcept { detail::reactor_of(*sched).clock().remove(*this); }  // after this it does not expire
};

void cancel_scope::let_go::operator()(state* s) const noexcept { s->release(); }

cancel_scope::cancel_scope(std::optional<time_point> deadline)
    : cancel_scope(deadline, std::stop_token(), ends::move_on) {}
cancel_scope::cancel_scope(std::optional<time_point> deadline, std::stop_token stop, ends how) : state_(new state) {
  state_->when = deadline;
  state_->stop = std::move(stop);
  state_->how = how;
}
cancel_scope::cancel_scope(limit l, ends how) : state_(new state) {
  const auto now = detail::now();
  // From a limit that is out of reach nothing can be subtracted that matters.
  if (l.until() && *l.until() != time_point::max()) state_->after = *l.until() - now;
  state_->how = how;
}
cancel_scope::cancel_scope(cancel_scope&&) noexcept = default;
cancel_scope& cancel_scope::operator=(cancel_scope&&) noexcept = default;
cancel_scope::~cancel_scope() = default;

cancel_scope& cancel_scope::shield(bool on) & {
  if (state_->at != state::place::outside)
    throw std::runtime_error("cancel_scope::shield: the scope has been entered; say so before, or enter another one inside");
  state_->shielded = on;
  return *this;
}
bool cancel_scope::shielded() const noexcept { return state_->shielded; }

void cancel_scope::cancel(std::string reason) noexcept { state_->cancel(std::move(reason)); }
bool cancel_scope::cancel_called() const noexcept { return state_->called.load(std::memory_order_relaxed); }
bool cancel_scope::cancelled_caught() const noexcept { return state_->caught; }
bool cancel_scope::swallows() const noexcept { return state_->caught && state_->how == ends::move_on; }

std::optional<time_point> cancel_scope::deadline() const noexcept { return state_->when; }

void cancel_scope::set_deadline(std::optional<time_point> when) {
  state& s = *state_;
  if (s.at != state::place::inside) {
    s.after.reset();
    s.when = when;
    return;
  }
  s.disarm();
  s.when = when;
  // relaxed: disarm has had the timer's lock
  if (!s.expired.load(std::memory_order_relaxed) && !cancel_called()) s.arm();
}

void cancel_scope::bind(detail::promise_base& p) {
  state& s = *state_;
  detail::scope& outer = *detail::scope_of(p.context);
  if (s.at != state::place::outside) throw std::runtime_error("cancel_scope: a scope is entered once; make another one");
  using kind = detail::inner_scope::kind;
  bool called;
  {
    detail::spin_guard g(s.mutex);  // before it: cancel() finds nobody to tell; after it: all that it needs
    s.sched = &outer.sched();
    s.inner.emplace(outer);
    s.inner->open(p, s.shielded ? kind::shielded : kind::limit);
    s.at = state::place::inside;
    called = cancel_called();
  }
  if (s.after) s.when = detail::now() + *s.after;
  try {
    if (called) return s.inner->cancel_level(s.reason);
    s.arm();
    if (s.stop.stop_possible()) s.on_stop.emplace(std::move(s.stop), state::stop_requested{&s});
  } catch (...) {
    s.disarm();
    s.inner->close(p);
    s.at = state::place::left;
    throw;
  }
}

void cancel_scope::unbind(detail::promise_base& p, std::exception_ptr& e) {
  state& s = *state_;
  s.on_stop.reset();
  s.disarm();
  const bool cancelled = detail::is_cancelled_error(e);
  bool called;
  {
    detail::spin_guard g(s.mutex);
    s.at = state::place::left;
    called = cancel_called();
  }
  s.inner->close(p, cancelled);
  s.caught = cancelled && called && !s.inner->outer_cancelled();
  if (s.caught && s.how == ends::timeout_error) e = std::make_exception_ptr(timeout_error());
}

}  // namespace jay
