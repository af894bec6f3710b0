// SPDX-License-Identifier: MIT
// Noticing a cancel where nothing suspends: in compute loops.
//
//   jay::check_cancelled();            // throws if the task was cancelled; an ordinary function
//   co_await jay::checkpoint();        // that, and gives way if others wait for this worker
//   std::stop_token t = jay::get_stop_token();   // for code that knows nothing of jay
//
// check_cancelled sees a cancel of the task (or of the timeout around). A child of a gather whose sibling has failed is
// told at a suspension: use checkpoint() there.
#pragma once

#include <stop_token>

#include <jay/detail/waiter.hpp>
#include <jay/detail/op.hpp>

namespace jay {

namespace detail {

class JAY_API checkpoint_awaiter : waiter {
 public:
  using waiter::jay_awaiter;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    if (!must_stop(h.promise())) return false;
    if (was_cancelled) return false;
    prepare(h);
    yield();
    return true;
  }
  void await_resume() {
    if (frame && cancelled_since()) was_cancelled = true;
    if (was_cancelled) [[unlikely]] owner->throw_cancelled();
  }

 private:
  /// A cancel is due (then it is taken), or somebody else is to run here.
  bool must_stop(promise_base& p) noexcept {
    owner = scope_of(p.context);
    worker* w = this_worker;
    // relaxed: a cancel that is missed here is met at the next look
    if (w->calm() && !owner->word.pending() && owner->generation.load(std::memory_order_relaxed) == 0 && w->spend())
      return false;
    was_cancelled = take(p);
    return true;
  }
  bool take(promise_base& p) noexcept;
  void yield() noexcept;
};

}  // namespace detail

/// Throws cancelled_error if a cancel of the running task is due; it is then delivered. Outside a task: nothing.
JAY_API void check_cancelled();

/// A suspension point that waits for nothing: throws cancelled_error if a cancel is due, lets others run if this worker
/// is asked for or has gone on long enough.
inline auto checkpoint() { return op<detail::checkpoint_awaiter>(); }

/// Is requested when the running task is cancelled (inside a timeout: also when that expires). Throws
/// std::runtime_error outside a task.
JAY_API std::stop_token get_stop_token();

}  // namespace jay
