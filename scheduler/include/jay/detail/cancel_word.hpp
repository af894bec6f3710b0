// SPDX-License-Identifier: MIT
// The await / complete / cancel word: one suspension, any number of threads that want to end it, exactly one does.
//
//   0          running, nothing pending          arm: 0 -> W        (pending -> 0 and no suspension: the cancel is taken)
//   C          running, a cancel is pending      claim: W -> 0      the completer resumes the frame
//   W          suspended in waiter W               cancel: 0 -> C, C -> C, W -> T (the canceller resumes the frame), T -> T
//   T          ended by a cancel, and the strand has not gone on yet: what comes now is told with the first    T -> 0
//   W|F        suspended, and a cancel is passed on to what W waits for: it ends W by completing it
//   W|F|B      a canceller is passing it on      cancel: W|F -> W|F|B, then back, + C if it was not accepted
//   W|F|B|C    ... and another cancel came meanwhile: the canceller that is at it passes that on too
//   W|F|B|D    ... and the completion came meanwhile: the canceller resumes the frame when it is back
//   W|D        held: somebody looks at what is suspended (a call graph), with the scope's lock held, so that no canceller
//              comes. The completer waits until it is let go, as does a disarm. In the same way W|F|D.
//
// Whoever makes the transition away from W owns the frame: it may write into the waiter (the outcome) and then schedules
// it; everybody else must not touch the waiter any more. B keeps the waiter alive while the canceller is using it, as the
// completer, finding B, leaves the resumption to the canceller (D). Exactly one party makes the last transition, so the
// frame is resumed once; nobody ever waits, except disarm (below), which a strand calls that is itself running, and who finds
// the word held.
// W's address may be used again by a later suspension, but only after the strand has left the resource (under the
// resource's lock), so a completer that holds the lock and found W in the list never means an earlier W.
#pragma once

#include <cstdint>

#include <jay/detail/assert.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

class cancel_word {
 public:
  /// What became of a cancel: pending anew; pending_before: one with another that is pending; told: one with another
  /// that is on its way; claimed, forward: below; busy: who is passing on another one sees to it.
  enum class outcome { pending, pending_before, told, claimed, forward, busy };
  enum class passed { waits, completed, again };
  /// The bits of a waiter's address that the word uses.
  static constexpr std::uintptr_t mask = 15;

  // ---- the strand itself ----

  /// Suspends in w. False: a cancel was pending; it is taken, and the strand goes on.
  bool arm(void* w, bool forwards) noexcept {
    JAY_DEBUG_ASSERT(w && (address(w) & mask) == 0);
    std::uintptr_t cur = 0;
    std::uintptr_t want = address(w) | (forwards ? forward_bit : 0);
    // [C1] release: the waiter and the frame, to whoever claims; acquire on failure: with [C2]
    if (word_.compare_exchange_strong(cur, want, std::memory_order_acq_rel, std::memory_order_acquire)) return true;
    take_pending();
    return false;
  }
  /// relaxed: a hint; take_pending acquires, or the scope's lock is held.
  bool pending() const noexcept { return word_.load(std::memory_order_relaxed) & pending_bit; }
  /// True: a cancel was pending and is now taken. The strand is running.
  bool take_pending() noexcept {
    if (!pending()) return false;
    // [C2] acquire: with the canceller's release of what it noted in the scope
    return word_.fetch_and(~pending_bit, std::memory_order_acq_rel) & pending_bit;
  }
  /// Makes a cancel pending again (a turn was taken back from a strand that is about to be told otherwise). [C2] release.
  void set_pending() noexcept { word_.fetch_or(pending_bit, std::memory_order_acq_rel); }
  /// The strand goes on after a suspension that a cancel has ended: from now on another cancel is another one.
  void go_on_told() noexcept {
    // relaxed: in T nobody else writes; the message was read, and will be, under the scope's lock
    if (word_.load(std::memory_order_relaxed) & told_bit) word_.fetch_and(~told_bit, std::memory_order_relaxed);
  }
  /// Ends a relaying waiter under which the strand went on running (an inner scope). Waits out a canceller in B.
  void disarm(void* w) noexcept {
    (void)w;
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    for (;;) {
      JAY_DEBUG_ASSERT((cur & ~mask) == address(w));
      if (cur & (busy_bit | done_bit)) {  // or it is held
        thread_yield();
        cur = word_.load(std::memory_order_relaxed);  // relaxed: the same
        // [C3] acquire: with the canceller's end_forward. [C4] acquire: with let_go
      } else if (word_.compare_exchange_strong(cur, cur & pending_bit, std::memory_order_acq_rel,
                                               std::memory_order_relaxed)) {
        return;
      }
    }
  }

  // ---- completers ----

  /// True: the caller, and nobody else, resumes w's frame.
  bool claim(void* w) noexcept {
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    for (;;) {
      if ((cur & ~mask) != address(w)) return false;
      if (cur & (busy_bit | done_bit)) [[unlikely]] return claim_kept(w, cur);
      // [C1] acquire: the frame. [C4] acquire: with let_go
      if (word_.compare_exchange_weak(cur, cur & pending_bit, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
  }

  /// After arm has taken a cancel: suspends all the same, as a waiter that this cancel has ended.
  void suspend_told() noexcept { word_.fetch_or(told_bit, std::memory_order_relaxed); }  // relaxed: for go_on_told

  /// w is suspended and nobody has claimed it. relaxed: for who has what w waits for locked, and decides by it alone.
  bool holds(void* w) const noexcept { return (word_.load(std::memory_order_relaxed) & ~mask) == address(w); }

  // ---- who looks, with the scope's lock held ----

  struct held {
    void* waiter;  // null: the strand is not suspended
    bool mine;     // no canceller was busy with it, who keeps it as well while the scope's lock is held
  };
  /// What stands in the word stays suspended, until let_go. In between: no lock of a resource, nothing that waits.
  held hold() noexcept {
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    for (;;) {
      void* w = reinterpret_cast<void*>(cur & ~mask);
      // busy: what the canceller saw is seen by who has the lock after it
      if (!w || (cur & busy_bit)) return {w, false};
      // [C1] acquire: the waiter and the frame
      if (word_.compare_exchange_weak(cur, cur | done_bit, std::memory_order_acquire, std::memory_order_relaxed))
        return {w, true};
    }
  }
  void let_go(const held& h) noexcept {
    if (h.mine) word_.fetch_and(~done_bit, std::memory_order_release);  // [C4] release: what was looked at may go
  }

  // ---- cancellers, one at a time (the scope's lock) up to begin_cancel ----

  /// The waiter that a canceller is busy with, or null.
  void* busy_with() const noexcept {
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: only that canceller itself looks into it
    bool busy = (cur & ~mask) && (cur & busy_bit);
    return busy ? reinterpret_cast<void*>(cur & ~mask) : nullptr;
  }
  /// claimed: the caller resumes the waiter. forward: the caller passes the cancel on, then calls end_forward.
  outcome begin_cancel(void*& waiter) noexcept {
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    for (;;) {
      waiter = reinterpret_cast<void*>(cur & ~mask);
      outcome result;
      std::uintptr_t want;
      if (!waiter && (cur & told_bit)) return outcome::told;
      if (!waiter) result = cur & pending_bit ? outcome::pending_before : outcome::pending, want = pending_bit;
      else if (cur & busy_bit) result = outcome::busy, want = cur | pending_bit;
      else if (cur & forward_bit) result = outcome::forward, want = cur | busy_bit;
      else result = outcome::claimed, want = told_bit;
      // [C1] acquire: the waiter; [C2] release: what the canceller noted
      if (word_.compare_exchange_weak(cur, want, std::memory_order_acq_rel, std::memory_order_relaxed)) return result;
    }
  }
  /// completed: the waiter was completed meanwhile and the caller resumes it. again: another cancel came meanwhile; the
  /// caller, still at the waiter, passes it on and comes back.
  passed end_forward(bool accepted) noexcept {
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    for (;;) {
      JAY_DEBUG_ASSERT(cur & busy_bit);
      std::uintptr_t keep = (accepted ? cur : cur | pending_bit) & pending_bit;
      passed result;
      std::uintptr_t want;
      if (cur & done_bit) result = passed::completed, want = keep;
      else if (accepted && keep) result = passed::again, want = cur & ~pending_bit;
      else result = passed::waits, want = (cur & ~(busy_bit | pending_bit)) | keep;
      // [C3] acquire: the completer's result; release: with disarm, claim
      if (word_.compare_exchange_weak(cur, want, std::memory_order_acq_rel, std::memory_order_relaxed)) return result;
    }
  }
  /// Instead: the wait itself is ended. False: it was completed meanwhile. The caller resumes the waiter either way.
  bool end_wait() noexcept {
    std::uintptr_t cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    for (;;) {
      JAY_DEBUG_ASSERT(cur & busy_bit);
      bool done = cur & done_bit;
      // [C3] acquire: the completer's result
      if (word_.compare_exchange_weak(cur, done ? cur & pending_bit : told_bit, std::memory_order_acquire,
                                      std::memory_order_relaxed))
        return !done;
    }
  }

 private:
  /// A canceller is busy with it, or it is held.
  [[gnu::noinline]] bool claim_kept(void* w, std::uintptr_t cur) noexcept {
    while ((cur & (busy_bit | done_bit)) == done_bit) {
      thread_yield();
      cur = word_.load(std::memory_order_relaxed);  // relaxed: the compare-and-swap checks it
    }
    // [C3] release: the result, to the canceller that resumes for us
    if ((cur & ~mask) == address(w) && (cur & busy_bit) &&
        word_.compare_exchange_strong(cur, cur | done_bit, std::memory_order_release, std::memory_order_relaxed))
      return false;
    return claim(w);
  }

  static constexpr std::uintptr_t pending_bit = 1, forward_bit = 2, busy_bit = 4, done_bit = 8;
  static constexpr std::uintptr_t told_bit = done_bit;  // without W
  static std::uintptr_t address(void* w) noexcept { return reinterpret_cast<std::uintptr_t>(w); }

  atomic<std::uintptr_t> word_{0};
};

}  // namespace jay::detail
