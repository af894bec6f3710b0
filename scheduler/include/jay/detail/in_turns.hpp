// SPDX-License-Identifier: MIT
// What asyncio writes as a loop of awaits, for order = "asyncio": who waits is called, and looks again when it runs. So
// others may have come first. (With order = "depth" what is waited for is handed over at once, which is fair and cheaper.)
//
//   run_inside   runs such a loop, a coroutine, in the middle of another's await
//   turn         one wait in it: in a list, until somebody takes it off and wakes it
#pragma once

#include <jay/detail/op.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/wait_list.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

/// In await_suspend of `l`, which is prepared: l's frame goes on when t has ended. The result is for l's await_resume. t
/// suspends at least once.
JAY_API void run_inside(task<> t, waiter& l, outcome<void>& result);

/// Puts j behind what a job that is put there now would put there: what ends calls its callbacks at their turn, and these
/// wake who waits, at a later one. So many turns; fewer if there is no memory.
void push_later(worker& w, job* j, int turns = 1) noexcept;

/// A callback that ends the wait in a waiter, at its turn. Until then a cancel may end it, who then tells this. Its worker's
/// alone.
class JAY_API wait_callback : job {
 public:
  /// Into the queue, or so many turns later. Null if there is no memory.
  static wait_callback* push(worker& w, waiter& l, int turns = 0) noexcept;
  void forget() noexcept { waiter_ = nullptr; }

 private:
  explicit wait_callback(waiter& l) noexcept;
  static void run(job* j);
  static void drop(job* j);
  waiter* waiter_;
};

enum class turn_end { called, cancelled, called_and_cancelled };

/// Place: what(), what it is, for call graphs; mutex(), list(); needless(), with the mutex held: there is nothing to wait for,
/// so this is called at once; waits(), without it: it stands in the list.
template <class Place>
class turn : public waiter {
 public:
  explicit turn(Place p) noexcept : place_(p) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    prepare(h);
    in_turns = true;
    what = place_.what();
    {
      spin_guard g(place_.mutex());
      if (place_.needless()) {
        schedule_last(owner->sched(), frame);
        return true;
      }
      place_.list().push_back(*this);
      arm();  // true, in this order
    }
    place_.waits();
    return true;
  }
  turn_end await_resume() noexcept {
    leave();
    {
      spin_guard g(place_.mutex());
      place_.list().remove(*this);
    }
    if (was_cancelled) return turn_end::cancelled;
    return cancelled_since() ? turn_end::called_and_cancelled : turn_end::called;
  }

 private:
  Place place_;
};

/// With the mutex held: takes the first that has not been cancelled off the list. Null: there is none that waits in turns
/// in front. To be woken without the mutex.
inline waiter* call_first(waiter_list& list) noexcept {
  while (waiter* l = list.front()) {
    if (!l->in_turns) return nullptr;
    list.remove(*l);
    if (l->claim()) return l;
  }
  return nullptr;
}

}  // namespace jay::detail
