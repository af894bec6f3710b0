// SPDX-License-Identifier: MIT
// event: a flag that tasks wait for. asyncio.Event.
//
//   co_await ev.wait();   // at once while the flag is set
//   ev.set();             // wakes all that wait, also if clear() follows at once
//
// Any thread may set and clear; may be made outside a runtime. A waiter that was woken may destroy the event at once. A
// cancel that comes between set() and the waiter's next step still throws cancelled_error, as in asyncio.
#pragma once

#include <jay/lock.hpp>

namespace jay {

class event;

namespace detail {

class JAY_API event_awaiter {
 public:
  using jay_awaiter = void;
  explicit event_awaiter(event* e) noexcept : event_(e) {}
  event_awaiter(const event_awaiter&) = delete;

  bool await_ready() noexcept;
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    std::construct_at(&waiter_);
    waiter_.prepare(h);
    waiter_.what = awaited::event;
    return suspend();
  }
  void await_resume() {
    if (waited_) [[unlikely]] resumed();
  }

 private:
  bool suspend() noexcept;
  void resumed();

  event* event_;
  bool waited_ = false;
  union {
    waiter waiter_;
  };
};

}  // namespace detail

class JAY_API event {
 public:
  event() noexcept : word_(0) {}
  event(const event&) = delete;

  void set() noexcept {
    std::uint64_t w = word_.peek();
    while (!(w & (detail::wait_word::busy | detail::wait_word::waiting)))
      if (word_.replace(w, flag)) return;
    set_slow();
  }
  void clear() noexcept;
  bool is_set() const noexcept { return word_.load() & flag; }
  auto wait() noexcept { return op<detail::event_awaiter, event*>(this); }

 private:
  friend class detail::event_awaiter;
  static constexpr std::uint64_t flag = detail::wait_word::one;
  void set_slow() noexcept;

  detail::wait_word word_;  // nobody waits while the flag is set
  detail::waiter_list waiters_;
};

inline bool detail::event_awaiter::await_ready() noexcept { return this_worker->spend() && event_->is_set(); }

}  // namespace jay
