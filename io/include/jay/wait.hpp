// SPDX-License-Identifier: MIT
// wait: until some of several tasks or futures are done. asyncio.wait.
//
//   auto [done, pending] = co_await jay::wait(handles, jay::first_completed, 5s);
//
// It neither throws their errors nor cancels any of them, also when the limit passes (that is no error) or the waiting
// task is cancelled. Both vectors are in argument order; a handle given twice counts once.
#pragma once

#include <stdexcept>
#include <utility>
#include <vector>

#include <jay/detail/timers.hpp>
#include <jay/detail/wait_set.hpp>
#include <jay/future.hpp>
#include <jay/time.hpp>

namespace jay {

enum class wait_mode { all_completed, first_completed, first_exception };
inline constexpr wait_mode all_completed = wait_mode::all_completed;
inline constexpr wait_mode first_completed = wait_mode::first_completed;
/// Like all_completed, but ends as soon as one has failed (a cancelled one has not).
inline constexpr wait_mode first_exception = wait_mode::first_exception;

template <class Handle>
struct wait_result {
  std::vector<Handle> done;
  std::vector<Handle> pending;
};

namespace detail {

class JAY_API wait_base : public suspends<wait_base>, timer {
 public:
  static constexpr auto awaits = awaited::several;
  bool await_ready() const;

 protected:
  wait_base(std::vector<state_ptr<shared_state>> targets, wait_mode mode, std::optional<time_point> until);
  ~wait_base();
  void resumed();

 private:
  friend suspends<wait_base>;
  class waiting;
  static void fire_limit(timer& t, ready_list& out) noexcept;
  bool suspend();
  wait_set_ptr<waiting> watch_;
  std::optional<time_point> until_;
  bool timed_ = false;
};

template <class Handle>
class wait_awaiter : public wait_base {
 public:
  wait_awaiter(std::vector<Handle> handles, wait_mode mode, std::optional<time_point> until)
      : wait_base(states_of(handles, "wait"), mode, until), handles_(std::move(handles)) {}
  wait_result<Handle> await_resume() {
    resumed();
    wait_result<Handle> r;
    for (Handle& h : handles_) {
      bool done = h.done();
      (done ? r.done : r.pending).push_back(std::move(h));
    }
    return r;
  }

 private:
  std::vector<Handle> handles_;
};

}  // namespace detail

/// Throws std::invalid_argument at the await if `handles` is empty.
template <class Handle>
  requires detail::is_unowned<Handle>
auto wait(std::vector<Handle> handles, wait_mode mode = all_completed, limit l = std::nullopt) {
  detail::drop_duplicates(handles);
  return op<detail::wait_awaiter<Handle>, std::vector<Handle>, wait_mode, std::optional<time_point>>(std::move(handles),
                                                                                                   mode, l.until());
}
template <class Handle>
  requires detail::is_unowned<Handle>
auto wait(std::vector<Handle> handles, limit l) {
  return wait(std::move(handles), all_completed, l);
}

}  // namespace jay
