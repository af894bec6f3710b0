// SPDX-License-Identifier: MIT
// lock: mutual exclusion between tasks. asyncio.Lock.
//
//   auto g = co_await lk.scoped();      // `async with lk`: released when g goes
//   co_await lk.acquire();  ...  lk.release();
//
// First come, first served, without barging: release hands the lock to the task that has waited longest. One that was
// cancelled before it could run passes it on, so nothing is lost. Any thread may release; a lock may be made anywhere,
// also outside a runtime. Waiting never blocks a worker.
#pragma once

#include <memory>
#include <utility>

#include <jay/detail/op.hpp>
#include <jay/detail/wait_list.hpp>
#include <jay/detail/wait_word.hpp>

namespace jay {
namespace detail {

/// A number of permits and those who wait for one; what lock and semaphore are made of. Somebody waits only while there
/// is no permit: a permit that comes back goes to the first in the list.
///
/// With order = "asyncio" it is done as in asyncio, where others can see the difference. Whoever is called stays in the list
/// until it runs, and nobody who comes meanwhile gets a permit. A semaphore's permit is taken off when one is called; a lock
/// is free until the one that was called runs, and only the first in the list is ever called.
class JAY_API permits {
 public:
  static constexpr std::uint64_t no_bound = ~std::uint64_t{0} / wait_word::one;

  explicit permits(std::uint64_t n) noexcept : word_(n * wait_word::one) {}
  permits(const permits&) = delete;

  std::uint64_t available() const noexcept { return word_.load() / wait_word::one; }
  /// `Exclusive`: there is one permit at most.
  template <bool Exclusive>
  bool try_acquire() noexcept {
    return word_.take<Exclusive>();
  }
  /// try_acquire would give one.
  bool at_hand() noexcept;
  /// False: there are `bound` permits already. The permits may be gone afterwards.
  bool release(std::uint64_t bound, bool exclusive) noexcept {
    switch (word_.give(bound)) {
      case wait_word::given::yes: return true;
      case wait_word::given::too_many: return false;
      default: return release_slow(bound, exclusive);
    }
  }

  /// False: a permit was free and is taken, or a cancel was due (l.was_cancelled). After l.prepare.
  bool wait(waiter& l) noexcept;
  /// A cancelled waiter leaves the list.
  void forget(waiter& l) noexcept;
  /// One that waits in turns runs. False: it has no permit, as it was cancelled.
  bool take_turn(waiter& l, bool exclusive) noexcept;
  /// Adds waiters (chained by `next`) that are suspended and armed already, with a forward; no cancel ends their wait.
  void admit(waiter* chain) noexcept;

 private:
  bool release_slow(std::uint64_t bound, bool exclusive) noexcept;
  // with the list's lock held
  std::uint64_t left(std::uint64_t w) const noexcept;
  bool somebody_waits() const noexcept;
  bool call_next(std::uint64_t& w, bool exclusive) noexcept;

  wait_word word_;
  waiter_list waiters_;
};

class JAY_API acquire_awaiter_base {
 public:
  using jay_awaiter = void;
  /// What the one with this waiter waits for.
  static const permits* awaited_by(waiter& l) noexcept;
  explicit acquire_awaiter_base(permits* p) noexcept : permits_(p) {}
  acquire_awaiter_base(const acquire_awaiter_base&) = delete;

 protected:
  template <class Promise>
  bool wait(std::coroutine_handle<Promise> h, awaited what) noexcept {
    std::construct_at(&waiter_);  // not before: it is never needed where nothing is contended
    waiter_.prepare(h);
    waiter_.what = what;
    return suspend();
  }
  void resumed(bool exclusive);
  permits* permits_;
  bool acquired_ = false;  // before any suspension

 private:
  bool suspend() noexcept;

  union {
    waiter waiter_;
  };
};

template <bool Exclusive>
class acquire_awaiter : public acquire_awaiter_base {
 public:
  using acquire_awaiter_base::acquire_awaiter_base;
  bool await_ready() noexcept {
    acquired_ = this_worker->spend_unless_noting() && permits_->try_acquire<Exclusive>();
    return acquired_;
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    return wait(h, Exclusive ? awaited::lock : awaited::semaphore);
  }
  void await_resume() {
    if (!acquired_) [[unlikely]] resumed(Exclusive);
  }
};

template <class L>
class scoped_awaiter;
class condition_awaiter;

}  // namespace detail

/// Holds a lock or a permit; releases it when it goes. What `co_await x.scoped()` gives.
template <class L>
class [[nodiscard("it is released when the guard goes: bind it to a name")]] held {
 public:
  explicit held(L& l) noexcept : owner_(&l) {}
  held(held&& o) noexcept : owner_(std::exchange(o.owner_, nullptr)) {}
  held& operator=(held&& o) noexcept {
    std::swap(owner_, o.owner_);
    return *this;
  }
  /// Ends the process if somebody else has released the lock meanwhile.
  ~held() {
    if (owner_) owner_->release();
  }
  /// Releases it now.
  void release() { std::exchange(owner_, nullptr)->release(); }
  explicit operator bool() const noexcept { return owner_ != nullptr; }

 private:
  L* owner_;
};

template <class L>
class detail::scoped_awaiter : public acquire_awaiter<L::exclusive> {
  using base = acquire_awaiter<L::exclusive>;

 public:
  explicit scoped_awaiter(L* l) noexcept : base(&l->permits_), owner_(l) {}
  held<L> await_resume() {
    base::await_resume();
    return held<L>(*owner_);
  }

 private:
  L* owner_;
};

class JAY_API lock {
 public:
  lock() noexcept : permits_(1) {}
  lock(const lock&) = delete;

  auto acquire() noexcept { return op<detail::acquire_awaiter<exclusive>, detail::permits*>(&permits_); }
  /// Acquires, and gives a guard that releases.
  auto scoped() noexcept { return op<detail::scoped_awaiter<lock>, lock*>(this); }
  /// Throws std::runtime_error if it is not locked.
  void release() {
    if (!permits_.release(1, exclusive)) [[unlikely]] throw_not_locked();
  }
  bool locked() const noexcept { return permits_.available() == 0; }

 private:
  static constexpr bool exclusive = true;
  template <class>
  friend class detail::scoped_awaiter;
  friend class condition;  // moves its waiters to the lock's list
  friend class detail::condition_awaiter;
  [[noreturn]] static void throw_not_locked();

  detail::permits permits_;
};

}  // namespace jay
