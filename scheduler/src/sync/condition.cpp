// SPDX-License-Identifier: MIT
#include <jay/condition.hpp>

#include <stdexcept>
#include <string>

#include <jay/detail/inner_scope.hpp>
#include <jay/detail/task_state.hpp>

namespace jay {

using detail::call_first;
using detail::waiter;
using detail::spin_guard;

void condition::check_locked(const char* what) const {
  if (!locked()) throw std::runtime_error(std::string(what) + ": the condition's lock is not held; acquire it first");
}

void condition::notify(std::size_t n) {
  check_locked("condition::notify");
  notify_waiters(n);
}

void condition::notify_waiters(std::size_t n) noexcept {
  using awaiter = detail::condition_awaiter;
  waiter* chain = nullptr;
  waiter** end = &chain;
  lock& l = *lock_;
  {
    spin_guard g(mutex_);
    for (; n > 0 && !waiters_.empty(); --n) {
      if (waiter* called = call_first(waiters_)) {
        called->wake();  // it takes the mutex before it goes on
        continue;
      }
      waiter* first = waiters_.pop_front();
      if (!first) break;
      static_cast<awaiter*>(first)->phase_ = awaiter::phase::notified;
      first->next = nullptr;
      *end = first;
      end = &first->next;
    }
  }
  if (chain) l.permits_.admit(chain);
}

struct condition::place {
  condition& c;
  detail::awaited what() const noexcept { return detail::awaited::condition; }
  detail::spin_mutex& mutex() noexcept { return c.mutex_; }
  detail::waiter_list& list() noexcept { return c.waiters_; }
  bool needless() const noexcept { return false; }
  void waits() const noexcept { c.lock_->permits_.release(1, lock::exclusive); }
};

task<> condition::wait_in_turns() {
  place here{*this};
  detail::turn_end end = co_await op<detail::turn<place>, place>(here);
  bool cancelled = end != detail::turn_end::called;
  detail::inner_scope acquiring(*detail::current_scope());  // a scope that is cancelled for good would end each attempt
  co_await detail::opened_in(acquiring, detail::inner_scope::kind::shielded);
  for (bool held = false; !held;) {
    try {
      co_await lock_->acquire();
      held = true;
    } catch (const cancelled_error&) {
      cancelled = true;
    }
  }
  co_await detail::left_by(acquiring);
  if (!cancelled) co_return;
  notify_waiters(1);  // as Python since 3.13: it may have had a notify
  detail::current_scope()->throw_cancelled();
}

namespace detail {

bool condition_awaiter::await_ready() const {
  condition_->check_locked("condition::wait");
  return false;
}

bool condition_awaiter::suspend() {
  if (this_worker->fifo) {
    phase_ = phase::in_turns;
    run_inside(condition_->wait_in_turns(), *this, ended_);
    return true;
  }
  lock& l = *condition_->lock_;
  {
    spin_guard g(condition_->mutex_);
    if (!condition_->waiters_.suspend(*this, &pass_cancel)) return false;
  }
  // *this may stand in the lock's list already, but cannot run before this:
  l.permits_.release(1, lock::exclusive);
  return true;
}

// By the canceller. *this, and so the condition, stay until it is back (cancel_word.hpp: busy).
bool condition_awaiter::pass_cancel(relaying_waiter* l, cancel_walk&) noexcept {
  auto* self = static_cast<condition_awaiter*>(l);
  condition& c = *self->condition_;
  {
    spin_guard g(c.mutex_);
    if (self->phase_ != phase::waiting) {
      self->cancelled_later_ = true;
      return true;
    }
    self->phase_ = phase::cancelled;
    c.waiters_.remove(*self);
    self->next = nullptr;
  }
  c.lock_->permits_.admit(self);
  return true;
}

void condition_awaiter::await_resume() {
  if (phase_ == phase::in_turns) return ended_.check();
  leave();
  bool since = cancelled_since();  // one with what is thrown, if a cancel came before
  if (!cancelled() && phase_ == phase::notified) {
    if (!cancelled_later_ && !since) return;
    condition_->notify_waiters(1);  // whoever waits next gets the notify
  }
  owner->throw_cancelled();
}

}  // namespace detail
}  // namespace jay
