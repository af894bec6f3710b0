// SPDX-License-Identifier: MIT
// How coroutines wait for a resource: a list of them behind the resource's lock. A primitive needs no more than this:
//
//   struct awaiter : suspends<awaiter> {
//     static constexpr auto awaits = awaited::lock;                  // for call graphs
//     bool suspend() {
//       if (refused()) return false;                               // a cancel is due
//       {
//         spin_guard g(resource.mutex);
//         if (there is something to wait for) return resource.waiters.suspend(*this);
//       }
//       return !go_on_at_once(*this);
//     }
//     void await_resume() {
//       if (cancelled()) { spin_guard g(resource.mutex); resource.waiters.remove(*this); }
//       finish();                                                  // throws cancelled_error
//     }
//   };
//
//   woken_list woken;
//   { spin_guard g(resource.mutex); ... resource.waiters.claim_all(woken); }
//   woken.wake_all();
#pragma once

#include <coroutine>
#include <utility>

#include <jay/detail/waiter.hpp>

namespace jay::detail {

/// Waiters that were claimed under a resource's lock, to be woken after it was unlocked. Once the first is woken, the
/// resource may be gone.
class woken_list {
 public:
  woken_list() noexcept = default;
  woken_list(const woken_list&) = delete;

  void add(waiter& l) noexcept {
    l.next = nullptr;
    *end_ = &l;
    end_ = &l.next;
  }
  void wake_all() noexcept {
    while (head_) std::exchange(head_, head_->next)->wake();
  }

 private:
  waiter* head_ = nullptr;
  waiter** end_ = &head_;
};

/// Intrusive list of waiters, first in, first out: a ring, known by its last. No lock of its own: the resource's lock
/// guards it.
class waiter_list {
 public:
  bool empty() const noexcept { return !last_; }
  waiter* front() const noexcept { return last_ ? last_->next : nullptr; }
  /// The first for which f(waiter&) says true, or null.
  template <class F>
  waiter* find(F&& f) const noexcept {
    if (!last_) return nullptr;
    for (waiter* l = last_->next;; l = l->next) {
      if (f(*l)) return l;
      if (l == last_) return nullptr;
    }
  }
  void push_back(waiter& l) noexcept {
    JAY_DEBUG_ASSERT(!l.linked);
    if (last_) {
      l.next = last_->next;
      l.prev = last_;
      last_->next = l.next->prev = &l;
    } else {
      l.next = l.prev = &l;
    }
    last_ = &l;
    l.linked = true;
  }
  /// Nothing, if it is in no list.
  void remove(waiter& l) noexcept {
    if (!l.linked) return;
    l.prev->next = l.next;
    l.next->prev = l.prev;
    if (last_ == &l) last_ = l.prev == &l ? nullptr : l.prev;
    l.linked = false;
  }
  waiter* pop_front() noexcept {
    waiter* l = front();
    if (l) remove(*l);
    return l;
  }

  /// What await_suspend gives: l waits in the list, and may be gone. False: a cancel was due, and l is in no list.
  bool suspend(waiter& l) noexcept {
    push_back(l);
    if (l.arm()) return true;
    remove(l);
    return false;
  }
  /// The same for one whose cancel is passed on.
  bool suspend(relaying_waiter& l, bool (*forward)(relaying_waiter*, cancel_walk&)) noexcept {
    push_back(l);
    if (l.arm(forward)) return true;
    remove(l);
    return false;
  }
  /// Takes out the first whose wait is over by this, and all before it, which cancellers have claimed. Null: none is left.
  waiter* claim_next() noexcept {
    while (waiter* l = pop_front())
      if (l->claim()) return l;
    return nullptr;
  }
  void claim_all(woken_list& woken) noexcept {
    while (waiter* l = claim_next()) woken.add(*l);
  }

 private:
  waiter* last_ = nullptr;
};

/// What every awaiter that waits in a list derives from: await_suspend, in terms of its own bool suspend().
template <class Awaiter, class Waiter = waiter>
class suspends : public Waiter {
 public:
  using Waiter::Waiter;
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    this->prepare(h);
    this->what = Awaiter::awaits;
    return static_cast<Awaiter*>(this)->suspend();
  }
};

}  // namespace jay::detail
