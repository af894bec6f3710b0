// SPDX-License-Identifier: MIT
// One suspension that is waiting for something: the part of an awaiter that completers and cancellers know.
//
// The awaiter derives from waiter and does, in this order:
//
//   bool await_suspend(std::coroutine_handle<P> h) {
//     prepare(h);                          // 1. before the resource's lock: after it another thread may resume the frame
//     lock the resource;
//     if (there is nothing to wait for) { unlock; return false; }
//     link *this into the resource's list;
//     if (!arm()) { unlink; unlock; return false; }   // a cancel was pending: await_resume throws
//     unlock; return true;                 // 2. *this may be gone from here on
//   }
//   T await_resume() {
//     lock the resource; unlink *this if it is still linked; unlock;   // needed only after a cancel: if (cancelled())
//     finish();                            // 3. leaves the scope; throws cancelled_error if a cancel ended the wait
//     ...
//   }
//
// The completer, with the resource's lock held: unlink the waiter; if (l->claim()) { write the result; l->wake(); }.
// If claim says no, a canceller was faster: the waiter is skipped. A waiter stays valid while the completer holds the
// resource's lock, as the resumed coroutine must take that lock (await_resume) before it can go on.
#pragma once

#include <coroutine>

#include <jay/detail/promise_base.hpp>
#include <jay/detail/scope.hpp>

namespace jay::detail {

/// What a suspension waits for, for call graphs. Some of it is io's.
enum class awaited {
  unknown,
  inner_scope,  // nothing: the strand runs on inside (inner_scope::passage)
  result,       // a state_awaiter: a task or a future
  completion,   // a completion_wait: the same
  lock,
  semaphore,
  rw_lock,
  event,
  condition,
  barrier,
  latch,
  once,
  queue_get,
  queue_put,
  queue_join,
  news,
  group,
  first_of_several,
  several,
  next_of_several,
  sleep,
  descriptor,
  drain,
  close,
  file
};

struct JAY_API alignas(16) waiter {
  using jay_awaiter = void;
  waiter() noexcept = default;
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  // ---- the strand ----

  template <class Promise>
  void prepare(std::coroutine_handle<Promise> h) noexcept {
    static_assert(std::is_base_of_v<promise_base, Promise>,
                  "this can be awaited only inside a coroutine of jay's (jay::task and the like)");
    prepare(job_of(h), h.promise().context);
  }
  /// False: a cancel was due; do not suspend. (In order = "asyncio" it suspends, and is cancelled at once.)
  bool arm() noexcept { return arm(false); }
  /// After the suspension (also one that did not happen): leaves the scope.
  void leave() noexcept {
    if (listed | was_cancelled | passed) [[unlikely]] leave_slow();
  }
  void finish() {
    leave();
    if (was_cancelled) [[unlikely]] owner->throw_cancelled();
  }
  /// Call it when resumed with a granted lock, permit or item. True: a cancel arrived after the grant; it is consumed.
  bool cancelled_since() noexcept;
  /// First thing of an await_suspend whose operation may be ready: a cancel that is due ends it before it has begun, so
  /// that nothing is lost. Here a strand whose operations are always ready at once (worker::spend) learns of cancels. (In
  /// order = "asyncio" only then: else it suspends, and is cancelled at once.)
  bool refused() noexcept;
  bool cancelled() const noexcept { return was_cancelled; }
  /// Before arm: the strand knows that its scope is cancelled for good, and waits for what ends by that.
  void told_level() noexcept;

  // ---- completers ----

  bool claim() noexcept { return word().claim(this); }
  /// Schedules the frame. The waiter may be gone afterwards.
  void wake() noexcept;

  cancel_word& word() noexcept { return forked ? own_word : owner->word; }

  job* frame = nullptr;
  scope* owner = nullptr;
  waiter* next = nullptr;  // links of the resource's list
  waiter* prev = nullptr;
  waiter* scope_next = nullptr;  // links of scope::suspended
  waiter* scope_prev = nullptr;
  cancel_word own_word;  // a forked strand's
  bool forked = false;
  bool listed = false;         // in scope::suspended
  bool was_cancelled = false;
  // A canceller has passed a cancel on, and may still be about to unlock the scope; or the strand has been told of its
  // scope's level here, and is not told again in this wait. Either way leave() has more to do.
  bool passed = false;
  bool in_turns : 1 = false;   // order = "asyncio": what it waits for calls it, and it takes it when it runs (in_turns.hpp)
  // So it was; guarded by the resource's lock, before which in_turns was written. The two fill a byte, which is cheap to clear.
  bool called : 7 = false;
  bool linked = false;         // in the resource's list; guarded by the resource's lock
  awaited what : 8 = awaited::unknown;  // written by the strand, before it is armed
  bool forwards = false;       // a relaying_waiter, armed as such

 protected:
  bool arm(bool forwards) noexcept;

 private:
  [[gnu::noinline]] bool suspend_told() noexcept;
  void prepare(job* frame, std::uintptr_t context) noexcept;
  void leave_slow() noexcept;
};

static_assert(sizeof(void*) != 8 || sizeof(waiter) == 64, "every awaiter has one");
static_assert(alignof(waiter) > cancel_word::mask, "the low bits of a waiter's address are the word's");

/// For what completed without waiting. True: go on at once. False: the strand has done so too often without letting
/// others run, and now stands at the end of the queue; the waiter may be gone. After waiter::prepare.
JAY_API bool go_on_at_once(waiter& l) noexcept;

/// One whose wait a cancel does not end: it is passed on to what is waited for.
struct JAY_API relaying_waiter : waiter {
  using waiter::arm;
  /// `forward` passes the cancel on and says whether it was accepted; it is called by the canceller, without a lock.
  /// Where others are to be passed on from in turn, it leaves them to the walk (cancel_walk.hpp).
  bool arm(bool (*f)(relaying_waiter*, cancel_walk&)) noexcept {
    forward = f;
    return waiter::arm(true);
  }

  bool (*forward)(relaying_waiter*, cancel_walk&) = nullptr;

  // Of the canceller that is busy with it; guarded by the scope's lock until it has begun.
  enum class stage { reached, under_way, done };
  relaying_waiter* next_forward = nullptr;
  cancel_walk* walk = nullptr;
  stage at : 8 = stage::reached;
  bool accepted = false;
  bool broken = false;     // it stands in a cycle, and this wait is the one that ends
  bool breakable = false;  // the strand does nothing but wait here
  bool by_sibling = false;  // the cancel is for a gather's child that has failed
  bool edge = true;         // what is passed on is an edge (also); so is what came meanwhile
  bool edge_next = false;
  // order = "asyncio", its worker's alone: the worker is passing a cancel on; what it waits for has ended by that, and has
  // put it into the queue among the others that wait for the same.
  bool passing_here = false, placed = false;
};

}  // namespace jay::detail
