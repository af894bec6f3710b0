// SPDX-License-Identifier: MIT
#include <jay/detail/in_turns.hpp>

#include <new>

namespace jay::detail {

namespace {

struct callback_job : job {
  explicit callback_job(job* j) noexcept : then(j) {
    resume = &run;
    destroy = &drop;
    continuation = 0;
  }
  static void run(job* j) {
    job* then = static_cast<callback_job*>(j)->then;
    drop(j);
    this_worker->parked = true;
    this_worker->push(then);
  }
  static void drop(job* j) { delete static_cast<callback_job*>(j); }
  job* then;
};

}  // namespace

void push_later(worker& w, job* j) noexcept {
  job* callback = new (std::nothrow) callback_job(j);
  w.push(callback ? callback : j);
}

void wake_later(leaf& l) noexcept {
  worker* w = this_worker;
  if (w && w->fifo && w->sched == &l.owner->sched()) push_later(*w, l.frame);
  else l.wake();
}

// Not inline: clang would see a coroutine that nobody else holds, and put its frame on the stack of await_suspend.
void run_inside(task<> t, leaf& l, outcome<void>& result) {
  job* inner = t.release();
  result_promise& p = result_promise_of(inner);
  p.continuation = continue_with(l.frame, continues::frame);
  p.context = promise_of(l.frame).context;
  p.out = &result;
  handle_of(inner).resume();
}

}  // namespace jay::detail
