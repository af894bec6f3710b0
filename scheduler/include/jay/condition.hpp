// SPDX-License-Identifier: MIT
// condition: wait, with a lock held, until somebody says that something has changed. asyncio.Condition.
//
//   auto g = co_await c.scoped();
//   co_await c.wait_for([&] { return !items.empty(); });
//
// wait releases the lock, waits for a notify, and has the lock again when it returns or throws, also when it was
// cancelled. notify wakes in the order of waiting; a notify whose receiver is cancelled before it could act on it goes
// to the next. May be made outside a runtime, and is usable from every worker.
//
// A waiter that is notified, or cancelled, is not woken in order to acquire: it is moved to the lock's own wait list and
// runs when it has the lock. Its waiter has a `forward` for that: a cancel does not end the wait but moves it (or, if it is
// moved already, is remembered), so exactly one thing resumes the task, the handing over of the lock. (With order =
// "asyncio" it is woken in order to acquire, as in asyncio.)
#pragma once

#include <cstddef>

#include <jay/detail/in_turns.hpp>
#include <jay/lock.hpp>

namespace jay {

class condition;

namespace detail {

class JAY_API condition_awaiter : public suspends<condition_awaiter, relaying_waiter> {
 public:
  static constexpr auto awaits = awaited::condition;
  explicit condition_awaiter(condition* c) noexcept : condition_(c) {}

  bool await_ready() const;
  void await_resume();

 private:
  friend suspends<condition_awaiter, relaying_waiter>;
  friend class jay::condition;
  enum class phase { waiting, notified, cancelled, in_turns };

  bool suspend();
  static bool pass_cancel(relaying_waiter* l, cancel_walk&) noexcept;

  condition* condition_;
  phase phase_ = phase::waiting;    // guarded by the condition's mutex until the lock was handed over
  bool cancelled_later_ = false;    // after the notify; the same
  outcome<void> ended_;             // of condition::wait_in_turns
};

/// What a rvalue closure given to a function that is awaited must be (g++ 12 destroys some twice).
template <class F>
inline constexpr bool survives_co_await =
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<std::remove_reference_t<F>>;
#else
    true;
#endif

}  // namespace detail

class JAY_API condition {
 public:
  /// With a lock of its own.
  condition() noexcept : lock_(&own_) {}
  /// With the caller's lock, which must outlive this and may be shared by several conditions.
  explicit condition(lock& l) noexcept : lock_(&l) {}
  condition(const condition&) = delete;

  auto acquire() noexcept { return lock_->acquire(); }
  auto scoped() noexcept { return lock_->scoped(); }
  void release() { lock_->release(); }
  bool locked() const noexcept { return lock_->locked(); }

  /// Waits for a notify. Throws std::runtime_error if the lock is not held. May return without a notify that was meant
  /// for it: look at what you wait for again, or use wait_for.
  auto wait() noexcept { return op<detail::condition_awaiter, condition*>(this); }
  /// Waits until predicate() is true; it is called with the lock held.
  template <class Predicate>
  task<> wait_for(Predicate&& predicate) {
    static_assert(detail::survives_co_await<Predicate>,
                  "g++ 12 destroys such a closure twice inside a co_await expression: bind it to a name first, or "
                  "capture by reference");
    return until<std::decay_t<Predicate>>(std::forward<Predicate>(predicate));
  }

  /// Wakes the n that have waited longest. Throws std::runtime_error if the lock is not held.
  void notify(std::size_t n = 1);
  void notify_all() { notify(static_cast<std::size_t>(-1)); }

 private:
  friend class detail::condition_awaiter;

  template <class Predicate>
  task<> until(Predicate predicate) {
    bool met = static_cast<bool>(predicate());
    while (!met) {
      co_await wait();
      met = static_cast<bool>(predicate());
    }
  }
  void check_locked(const char* what) const;
  void notify_waiters(std::size_t n) noexcept;
  struct place;
  task<> wait_in_turns();

  lock own_;
  lock* lock_;
  detail::spin_mutex mutex_;  // guards waiters_ and the phases; under it the scope's lock may be taken, never the lock_'s
  detail::waiter_list waiters_;
};

}  // namespace jay
