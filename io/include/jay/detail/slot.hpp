// SPDX-License-Identifier: MIT
// Readiness of one file descriptor: who may try the system call now, who waits, who performs it when the event comes.
// No descriptor in here: what an operation does is its attempt(), so this file is checked as shipped (tests/model).
//
// An fd is registered once, edge-triggered, for both directions. A direction (reading, writing) is in one of three states:
//
//   state     meaning                                         entered by
//   idle      nobody does anything                            open, leave, forget, a cancel, close
//   inside    one thread is between begin and leave/suspend,  begin, on_ready (which took the waiter)
//             the only one that may use the fd in this
//             direction
//   waiting   `waiter` is suspended until an event comes      suspend, on_ready (the attempt found nothing)
//
// and remembers `ready`: as far as is known, an attempt would not find the kernel empty (full).
//
//   call          idle                  inside                           waiting
//   begin         -> inside; says       "busy": two operations in one    "busy"
//                 attempt if ready,     direction are an error
//                 else wait
//   on_ready      ready := true         ready := true, news := true      ready := true; claims the waiter -> inside,
//                                                                        attempts, then -> idle (the caller resumes it)
//                                                                        or -> waiting again; a waiter that cannot be
//                                                                        claimed is being cancelled: nothing
//   suspend       -                     news: says attempt, else         -
//                                       ready := false -> waiting;
//                                       a cancel was due: -> idle
//   leave         -                     -> idle; ready := false if       -
//                                       drained and no news
//   forget(op)    nothing               nothing                          -> idle if op waits (it was cancelled)
//   close         closed                closed; whoever is inside finds  claims the waiter, which ends with "closed";
//                                       it, and the last one to leave    -> idle
//                                       releases
//
// An event is never lost. Let D be data that has come. If its event comes before the attempt that could take it, either
// the attempt takes D or on_ready finds the direction `waiting`. If it comes between the attempt (which found nothing)
// and suspend, on_ready finds `inside` and sets news, which suspend sees: both hold the lock. If it comes after suspend
// it finds the waiter. `drained` (a short read: the kernel had no more) clears `ready` only without news; an event that
// the kernel has queued and nobody has fetched yet reports the state at the time when it is fetched, so clearing is safe.
// What never goes away (end of stream, an error, urgent data, which ends reads early) is `sticky`: then only an attempt
// that finds nothing clears ready.
//
// Events may come for no reason, and late, when the slot already serves another fd: that costs an attempt that finds
// nothing. So an event needs no generation, and a slot may be used again at once.
//
// The attempt by on_ready happens after the claim, since a canceller that was faster may have given the caller's buffer
// back; and outside the lock. If it finds nothing, the thread that owns the frame by its claim arms the operation again on
// its behalf (rearm), or finds that a cancel came meanwhile. So an operation suspends once and is resumed once, with its
// result in it, whichever thread got the event.
//
// The fd stays open while anybody is inside or has pinned it: `users` counts them, and whoever brings it to 0 after close
// calls released(). So no system call ever meets a number that the kernel has given to another file.
//
// Rejected: waking the task and letting it retry (it could have to suspend twice, and runs for nothing after each event
// that comes for no reason); EPOLLONESHOT (a system call more for each wait).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

enum class direction { reading = 0, writing = 1 };

enum class io_step {
  done,     // the operation has its result
  drained,  // ... and the kernel has no more for now
  again,    // the kernel had nothing
};

/// Op: io_step attempt(); bool claim(); bool arm(); bool rearm(); void closed() (its result is "closed"); none throws.
template <class Op>
class basic_slot {
 public:
  enum class admission { attempt, wait, busy, closed };
  enum class parking { suspended, attempt, cancelled, closed };
  /// How far an operation has come. done: it has its result. waits: it is still inside, and park comes next.
  enum class progress { done, waits, suspended, cancelled, busy, closed };
  struct ended {
    std::array<Op*, 2> op{};  // the caller resumes those that are not null
  };

  basic_slot() = default;
  basic_slot(const basic_slot&) = delete;

  /// For a new fd. `readable`, `writable`: what to believe until the first event. Returns the incarnation. begin, pin and
  /// close check it, so a stale holder cannot reach the slot's next fd.
  std::uint32_t open(bool readable, bool writable) noexcept {
    spin_guard g(mutex_);
    for (side& s : sides_) {
      s.waiter = nullptr;
      s.inside = false;
      s.news = false;
      s.sticky = false;
    }
    at(direction::reading).ready = readable;
    at(direction::writing).ready = writable;
    users_ = 0;
    closed_ = false;
    ++incarnation_;
    return incarnation_;
  }

  // ---- an operation: start; then park, if it waits ----

  // Inline: every read and write goes through them.
  [[gnu::always_inline]] progress start(direction d, std::uint32_t incarnation, Op& op) noexcept {
    switch (begin(d, incarnation)) {
      case admission::closed: return progress::closed;
      case admission::busy: return progress::busy;
      case admission::wait: return progress::waits;
      case admission::attempt: break;
    }
    return after(op.attempt(), d);
  }
  /// suspended: op may be gone already. Anything else: the direction has been left.
  [[gnu::always_inline]] progress park(direction d, Op& op) noexcept {
    for (;;) {
      switch (suspend(d, op)) {
        case parking::suspended: return progress::suspended;
        case parking::cancelled: return progress::cancelled;
        case parking::closed: return progress::closed;
        case parking::attempt: break;
      }
      if (after(op.attempt(), d) == progress::done) return progress::done;
    }
  }

  // ---- its steps ----

  admission begin(direction d, std::uint32_t incarnation) noexcept {
    spin_guard g(mutex_);
    if (!is_open(incarnation)) return admission::closed;
    side& s = at(d);
    if (s.inside || s.waiter) return admission::busy;
    enter(s);
    return s.ready ? admission::attempt : admission::wait;
  }

  /// After an attempt that gave a result.
  void leave(direction d, bool drained) noexcept {
    bool last;
    {
      spin_guard g(mutex_);
      last = leave(at(d), drained);
    }
    if (last) released();
  }

  /// After an attempt that found nothing, or instead of one. suspended: op may be gone already. attempt: try (again), still
  /// inside. Otherwise the direction has been left.
  parking suspend(direction d, Op& op) noexcept {
    bool last;
    {
      spin_guard g(mutex_);
      side& s = at(d);
      if (!closed_) {
        if (s.news) {
          s.news = false;
          return parking::attempt;
        }
        s.ready = false;
        leave(s, false);
        s.waiter = &op;
        if (op.arm()) return parking::suspended;
        s.waiter = nullptr;
        return parking::cancelled;
      }
      last = leave(s, false);
    }
    if (last) released();
    return parking::closed;
  }

  /// An event. Gives the operation that has ended by it, if any: the caller resumes it. `lasting`: the readiness is of the
  /// kind that stays.
  Op* on_ready(direction d, bool lasting = false) noexcept {
    side& s = at(d);
    Op* op;
    {
      spin_guard g(mutex_);
      s.ready = true;
      if (lasting) s.sticky = true;
      if (s.inside) {
        s.news = true;
        return nullptr;
      }
      op = s.waiter;
      if (!op || !op->claim()) return nullptr;
      s.waiter = nullptr;
      enter(s);
    }
    bool last, shut = false;
    for (;;) {
      io_step step = op->attempt();
      spin_guard g(mutex_);
      if (step != io_step::again) {
        last = leave(s, step == io_step::drained);
        break;
      }
      if (closed_) {
        shut = true;
        last = leave(s, false);
        break;
      }
      if (s.news) {
        s.news = false;
        continue;
      }
      s.ready = false;
      leave(s, false);
      s.waiter = op;
      if (op->rearm()) return nullptr;  // after the unlock, op may be gone
      s.waiter = nullptr;
      return op;
    }
    if (shut) op->closed();
    if (last) released();
    return op;
  }

  /// A cancelled operation takes itself out. Harmless at any time later. True: it waited, and is its caller's now.
  bool forget(direction d, Op& op) noexcept {
    spin_guard g(mutex_);
    side& s = at(d);
    if (s.waiter != &op) return false;
    s.waiter = nullptr;
    return true;
  }

  /// Keeps the fd open until unpin. False: closed.
  bool pin(std::uint32_t incarnation) noexcept {
    spin_guard g(mutex_);
    if (!is_open(incarnation)) return false;
    ++users_;
    return true;
  }
  void unpin() noexcept {
    bool last;
    {
      spin_guard g(mutex_);
      JAY_DEBUG_ASSERT(users_ > 0);
      --users_;
      last = closed_ && users_ == 0;
    }
    if (last) released();
  }

  /// Ends what waits. Once: a second time does nothing.
  ended close(std::uint32_t incarnation) noexcept {
    ended result;
    bool last;
    {
      spin_guard g(mutex_);
      if (!is_open(incarnation)) return result;
      closed_ = true;
      for (std::size_t i = 0; i < 2; ++i) {
        Op* op = sides_[i].waiter;
        sides_[i].waiter = nullptr;
        if (op && op->claim()) result.op[i] = op;
      }
      last = users_ == 0;
    }
    for (Op* op : result.op)
      if (op) op->closed();
    if (last) released();
    return result;
  }

 protected:
  ~basic_slot() = default;
  /// Closed, and nobody uses the fd any more. Called once per open, without the lock.
  virtual void released() noexcept = 0;

  spin_mutex& mutex() noexcept { return mutex_; }
  /// The lock is held.
  bool is_open(std::uint32_t incarnation) const noexcept {
    JAY_DEBUG_ASSERT(mutex_.is_locked());
    return !closed_ && incarnation_ == incarnation;
  }

 private:
  struct side {
    plain<Op*> waiter = nullptr;
    plain<bool> inside = false;
    plain<bool> ready = false;
    plain<bool> news = false;    // an event came while somebody was inside
    plain<bool> sticky = false;
  };

  progress after(io_step step, direction d) noexcept {
    if (step == io_step::again) return progress::waits;
    leave(d, step == io_step::drained);
    return progress::done;
  }
  side& at(direction d) noexcept { return sides_[static_cast<std::size_t>(d)]; }
  void enter(side& s) noexcept {
    JAY_DEBUG_ASSERT(mutex_.is_locked() && !s.inside && !s.waiter);
    s.inside = true;
    s.news = false;
    ++users_;
  }
  bool leave(side& s, bool drained) noexcept {
    JAY_DEBUG_ASSERT(mutex_.is_locked() && s.inside && users_ > 0);
    s.inside = false;
    if (drained && !s.news && !s.sticky) s.ready = false;
    --users_;
    return closed_ && users_ == 0;
  }

  spin_mutex mutex_;
  plain<bool> closed_ = true;
  plain<std::uint32_t> users_ = 0;
  plain<std::uint32_t> incarnation_ = 0;
  side sides_[2];
};

}  // namespace jay::detail
