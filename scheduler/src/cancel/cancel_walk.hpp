// SPDX-License-Identifier: MIT
// One cancel on its way through tasks that await each other and scopes inside each other: which waiters it has reached, and
// from which of them it is still to be passed on. A chain may be as long as memory allows, so nothing here recurs.
//
// The path is walked depth first. A waiter stays busy (cancel_word.hpp), and so with all that it stands in, until the whole
// walk has been done: so each waiter is met at most once in a walk, however many ways lead to it. A way that comes back to
// a waiter that is under way is a cycle: nothing in it would ever end, so one of its waits is ended by the cancel itself.
// What another walk is busy with is left to that one, which then passes on one more.
#pragma once

#include <jay/detail/waiter.hpp>

namespace jay::detail {

struct cancel_walk {
  cancel_walk() noexcept = default;
  cancel_walk(const cancel_walk&) = delete;

  bool draining = false;  // tasks that another such walk has cancelled are left alone: scheduler::drain

  /// With the scope's lock held, by who found the waiter's word so: it is to be passed on from here.
  void add(relaying_waiter& l) noexcept;
  /// The same, where a canceller is busy with the waiter. False: another one.
  bool meet(relaying_waiter& l) noexcept;

  /// Passes the cancel on, until there is nowhere left to pass it to. Without a lock.
  void finish() noexcept;

 private:
  void end(relaying_waiter& l) noexcept;

  relaying_waiter* path_ = nullptr;    // those under way, the last on top, and what they have reached
  relaying_waiter* passed_ = nullptr;  // done, but still busy
};

}  // namespace jay::detail
