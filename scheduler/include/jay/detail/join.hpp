// SPDX-License-Identifier: MIT
// The join of a gather: it lives in the awaiter, in the parent's frame, and outlives its children.
//
// Each child is the root of a forked strand: its continuation is the join. When a child ends (child_done) on the worker
// that forked it, its next sibling is popped from that worker's deque and runs at once; the last one resumes the parent.
// Once a sibling is missing from the deque (stolen), or what runs really suspends, the counter is closed, and with it
// every join further up that this worker still counts alone (close_above): the strand above will go on elsewhere, and
// nobody would be left to fold the owner's count in.
//
// On the first error the siblings that have not started are dropped, those suspended are cancelled, those running are
// told at their next suspension or fork (scope.hpp); all are waited for. A child that a cancel from above has ended is no
// reason to cancel its siblings: they have been told of it themselves. `status` says what the parent has to do.
#pragma once

#include <exception>

#include <jay/detail/join_end.hpp>
#include <jay/detail/promise_base.hpp>
#include <jay/detail/scope.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

struct JAY_API join : join_end {
  // In the tail of what it derives from. Bits below; guarded by the scope's lock until all children have finished.
  std::uint32_t status;
  std::uint32_t failed_generation;  // set when the siblings were cancelled for it (scope.hpp)
  std::uint32_t mark;               // if `marked`: the failure whose walk was here last
  std::exception_ptr* first_error;  // set with child_failed; it lies in the child's outcome

  static constexpr std::uint32_t child_failed = 1;     // first_error holds it
  static constexpr std::uint32_t child_cancelled = 2;  // a child was told of a cancel of the whole scope
  static constexpr std::uint32_t keep_running = 4;     // an error does not cancel the siblings
  static constexpr std::uint32_t collect = 8;          // errors are results like others
  static constexpr std::uint32_t partial = 128;        // with collect: what a limit ends gives what there is
  static constexpr std::uint32_t refused = 16;         // the parent was due a cancel: nothing was forked
  static constexpr std::uint32_t marked = 32;
  static constexpr std::uint32_t below = 64;           // if `marked`: it stands below the join of that failure

  /// A child, whose root is given, has failed with `e`, which lies in the parent's frame. Called on the child's worker
  /// before the child's frame goes.
  void fail(std::exception_ptr& e, const promise_base& child) noexcept;

  bool uneventful() const noexcept { return !(status & (child_failed | child_cancelled | refused)); }
  /// Slow half of the parent's resumption, when something has happened. Gives what to throw, or null.
  std::exception_ptr settle();

  /// The children are not run: each is destroyed. For a fork whose strand is due a cancel, or that ran out of memory.
  static void drop(job* const* children, std::size_t n) noexcept;

  /// Starts the children, whose promises know this join already, in the order given. Gives what to run next. Throws
  /// std::bad_alloc with nothing started.
  [[gnu::always_inline]] job* fork(worker* w, promise_base& p, std::uint32_t mode, job* const* children, std::size_t n) {
    JAY_DEBUG_ASSERT(w->is_here());
    parent = frame_of(p);
    status = mode;
    failed_generation = 0;
    // relaxed: a cancel that is missed here is met at the next fork or suspension
    if (!w->calm() || scope_of(p.context)->generation.load(std::memory_order_relaxed) != 0) [[unlikely]]
      return fork_slow(w, p, children, n);
    std::uint64_t b = w->jobs.reserve(n - 1);
    counter.open(w, static_cast<std::uint32_t>(n));
    w->jobs.put_backwards(b, children + 1, n - 1);  // the last child is the oldest
    w->jobs.publish(b + n - 1);
    asymmetric_light();  // between [P1] and [P2] of idle.hpp: with the heavy one in announce
    if (w->wake_wanted()) [[unlikely]] w->notify();
    return children[0];
  }
  /// The same when something asks for attention.
  job* fork_slow(worker* w, promise_base& p, job* const* children, std::size_t n);

  job* finish_shared() noexcept;
  // The same in asyncio's order.
  job* finish_in_turns() noexcept;
  job* start_in_turns(worker* w, promise_base& p, job* const* children, std::size_t n) noexcept;
  job* close_out(worker& w, job* popped) noexcept;
  bool has_child(const job* j) const noexcept { return is_child(j, this); }

  static bool is_child(const job* j, const join* of) noexcept {
    return j->continuation == (reinterpret_cast<std::uintptr_t>(of) | static_cast<std::uintptr_t>(continues::joins));
  }
};

/// Closes every join above `frame` that this worker counts alone. Such joins form one run, from what the worker runs now
/// up to the job that it took in its loop: whenever it comes back to the loop it has closed all of them. So the walk ends
/// at the first join that is not its own, and never touches a frame that another worker may be reading. Frames passed
/// are marked, so that no frame is walked twice: joins above a frame never open again.
JAY_API void close_above(job* frame) noexcept;

/// A forked strand has ended; gives what to run next, null for the loop.
[[gnu::always_inline]] inline job* child_done(join* j) noexcept { return child_ended(*j, *this_worker); }

static_assert(sizeof(join) == 56, "a gather's frame holds it");

}  // namespace jay::detail
