// SPDX-License-Identifier: MIT
// What a task and its handles, or a promise and its futures, share: a result that comes once and may be awaited by many.
//
// status goes from pending to one of the other three once, under the mutex; who reads another value without the mutex
// (acquire) sees the result. Whoever completes takes the waiters off and wakes those it can claim; callbacks are
// scheduled as jobs of their own, never run inline, and one after the other (src/task/callback.cpp).
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <jay/detail/outcome.hpp>
#include <jay/detail/wait_list.hpp>
#include <jay/detail/worker.hpp>
#include <jay/error.hpp>
#include <jay/scheduler.hpp>

namespace jay {

using callback_id = std::uint64_t;

namespace detail {

/// One byte, as an atomic cannot be a bit-field, and therefore unscoped: g++ passes a scoped enumeration that is smaller than
/// an int without extending it, and clang takes it for extended.
struct status_values {
  enum type : std::uint8_t { pending, value, error, cancelled };
};
using status = status_values::type;

struct shared_state;
class wait_callback;

/// The running scope was cancelled as a whole, not (only) a gather in it by a failed child.
JAY_API bool whole_scope_cancelled() noexcept;

struct context_map;

/// A callback: a job of its own, so that nothing is allocated when it is due. It runs in the context that was current
/// where it was added. It stands among those that wait, as in asyncio they come in the order in which they were added; it
/// is told from them by having no owner. It keeps the state, and stands in its list until it has been called.
struct JAY_API callback : job, waiter {
  callback(void (*f)(callback*), void (*drop)(callback*)) noexcept;
  callback(const callback&) = delete;

  callback_id id = 0;
  context_map* context;
  void (*const call)(callback*);
  void (*const drop)(callback*);  // deletes it
  shared_state* of = nullptr;
  waiter* next_due = nullptr;  // of what is queued together with it
  // Guarded by the state's mutex:
  bool due = false;   // it has been queued
  bool here = false;  // by the worker of a scheduler in asyncio's order, into its own queue

  /// Queues c, or drops it and goes on with the next if the scheduler is gone. In `of`'s list, due.
  static void start(callback* c, scheduler_ref at) noexcept;

 protected:
  ~callback();

 private:
  static void run(job* j);
  static void dropped(job* j);
  void queue_rest(worker& w) noexcept;
  callback* leave(scheduler_ref& at) noexcept;
};

struct JAY_API shared_state {
  explicit shared_state(scheduler* s, std::uint32_t holders = 1) noexcept : references(holders), home(s), home_number(s ? s->number() : 0) {}
  shared_state(const shared_state&) = delete;

  atomic<std::uint32_t> references;  // relaxed: who takes another has one
  atomic<status> state{status::pending};
  spin_mutex mutex;        // guards waiters and the change of state
  atomic<bool> retrieved{false};  // relaxed: only for the "never retrieved" report
  bool is_task = false;
  waiter_list waiters;       // and callbacks
  struct texts;
  texts* said = nullptr;  // name and cancel message, if there are any; guarded by mutex
  scheduler* home;  // where callbacks run; a future made outside a runtime binds at its first await, or where it is set
  std::uint64_t home_number;  // of a task constant, as home is; of a future guarded by mutex, as home is

  scheduler_ref where() const noexcept {
    scheduler_ref r;
    r.at = home;
    r.number = home_number;
    return r;
  }
  /// With the mutex held.
  void set_home(scheduler& s) noexcept {
    JAY_DEBUG_ASSERT(mutex.is_locked());
    home = &s;
    home_number = s.number();
  }
  /// Binds it to s, unless it is bound to one that is still there. Nothing if s is null.
  void bind(scheduler* s) noexcept;

  void retain() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // acquire, acq_rel: with each other release; every holder's accesses come before the destruction. Who holds the only
    // one is alone: nobody can take another, and the decrement is spared.
    if (references.load(std::memory_order_acquire) == 1 || references.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  bool done() const noexcept { return state.load(std::memory_order_acquire) != status::pending; }  // [F1] with complete

  /// False: it was done already, or it is a task with a value that a cancel has reached which its code never met. The
  /// result or the error has been written before, by the only one who may.
  bool complete(status s) noexcept;
  /// Of one whose state is error.
  virtual const std::exception_ptr& error() const noexcept = 0;
  std::string cancel_message();
  /// Empty where there is no memory for it.
  void note_cancel(const std::string& message) noexcept;
  /// Python's cancel(): of a future, completes it; of a task, asks it to stop. False: done already.
  bool cancel(const std::string& message) noexcept;
  /// The same, as part of a walk, which passes it on.
  bool cancel(const std::string& message, cancel_walk& w) noexcept;

  /// Of one that is done: a cancel came that its code never met, as there was no suspension after it.
  virtual bool cancel_unseen() const noexcept { return false; }

  /// Throws what a cancelled or failed one throws; std::logic_error-like states throw invalid_state_error.
  void check_result(const char* what);
  /// Rethrows the error or the cancel; done must be true.
  void rethrow();
  /// The error, or null; throws the cancel. Throws invalid_state_error(pending) if it is not done.
  std::exception_ptr exception(const char* pending);

  callback_id add_callback(callback* c) noexcept;
  /// False: there is none, or the result has come and it will be called.
  bool remove_callback(callback_id id) noexcept;

 protected:
  virtual ~shared_state();
  virtual bool do_cancel(const std::string& message, cancel_walk& w) noexcept;
  static bool claims_in_turn(waiter& l) noexcept;
  bool take_with_callbacks(waiter** end, bool in_order) noexcept;
  void start_callbacks() noexcept;
  /// The last reference has gone. Reports an error that nobody has asked for.
  virtual void destroy() noexcept;
};

template <class T>
class state_ptr {
 public:
  state_ptr() noexcept = default;
  /// Takes over one reference.
  explicit state_ptr(T* p) noexcept : p_(p) {}
  static state_ptr share(T* p) noexcept {
    if (p) p->retain();
    return state_ptr(p);
  }
  state_ptr(const state_ptr& o) noexcept : p_(o.p_) {
    if (p_) p_->retain();
  }
  state_ptr(state_ptr&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  state_ptr(const state_ptr<U>& o) noexcept : p_(o.get()) {
    if (p_) p_->retain();
  }
  state_ptr& operator=(state_ptr o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~state_ptr() {
    if (p_) p_->release();
  }
  T* get() const noexcept { return p_; }
  T* operator->() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  explicit operator bool() const noexcept { return p_; }
  T* detach() noexcept { return std::exchange(p_, nullptr); }

 private:
  T* p_ = nullptr;
};

struct task_origin;  // src/task/task_notes.hpp
struct await_chain;
struct shared_state::texts {
  std::optional<std::string> name;  // of a task that was given one
  std::string cancel_message;
  // debug mode; of a task:
  std::shared_ptr<const task_origin> origin;
  std::shared_ptr<const await_chain> thrown_through;
};

template <class T>
struct value_state : shared_state {
  using shared_state::shared_state;
  ~value_state() override { result.reset(); }
  const std::exception_ptr& error() const noexcept override { return result.error(); }
  outcome<T> result;
};

/// Lets what is in the queue now run first. No cancel is taken here.
class one_turn {
 public:
  using jay_awaiter = void;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    waiter_.prepare(h);
    suspend();
    return true;
  }
  void await_resume() const noexcept {}

 private:
  JAY_API void suspend() noexcept;
  waiter waiter_;
};

/// How a shared_state is awaited. plain: cancelling the awaiting task cancels what it awaits (Python's rule). shielded: it ends
/// the wait only; in asyncio's order a callback ends the wait. gathered: a gather's child; as shielded, but in asyncio's
/// order a cancel of the gather is passed on at once.
enum class wait_kind { plain, shielded, gathered };

class JAY_API state_awaiter : public suspends<state_awaiter, relaying_waiter> {
 public:
  explicit state_awaiter(shared_state* s, wait_kind k = wait_kind::plain) noexcept : target_(s), kind_(k) {
    breakable = true;
  }

  bool await_ready() const noexcept { return this_worker->spend() && target_->done(); }

  static constexpr auto awaits = awaited::result;
  /// Of one that is suspended.
  state_ptr<shared_state> shared_target() const noexcept { return state_ptr<shared_state>::share(target_); }

 protected:
  /// No cancel came: resumed() has nothing to do, and rethrow() nothing to throw.
  bool value_only() const noexcept {
    return !(listed | was_cancelled | passed | passed_on_) &&
           target_->state.load(std::memory_order_acquire) == status::value;  // [F1]
  }
  void resumed();
  void waited();
  shared_state* target_;

 private:
  friend suspends<state_awaiter, relaying_waiter>;
  friend struct shared_state;
  static bool forward_cancel(relaying_waiter* l, cancel_walk& w) noexcept;
  bool suspend();
  void call_back() noexcept;
  void unlink() noexcept;
  wait_callback* callback_;  // if `called`
  wait_kind kind_ : 8;
  bool passed_on_ = false;  // written before the strand goes on: by itself, or by a canceller in B (cancel_word.hpp)
};

/// Waits as a shielded wait, and says nothing of how it has ended.
class callback_awaiter final : public state_awaiter {
 public:
  explicit callback_awaiter(shared_state* s) noexcept : state_awaiter(s, wait_kind::shielded) {}
  void await_resume() { waited(); }
};

}  // namespace detail
}  // namespace jay
