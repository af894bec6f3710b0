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
    delete static_cast<callback_job*>(j);
    this_worker->parked = true;
    this_worker->push(then);
  }
  static void drop(job* j) {
    job* then = static_cast<callback_job*>(j)->then;
    delete static_cast<callback_job*>(j);
    then->destroy(then);
  }
  job* then;
};

}  // namespace

void push_later(worker& w, job* j, int turns) noexcept {
  for (; turns > 0; --turns)
    if (job* callback = new (std::nothrow) callback_job(j)) j = callback;
  w.push(j);
}

wait_callback::wait_callback(waiter& l) noexcept : waiter_(&l) {
  resume = &run;
  destroy = &drop;
  continuation = 0;
}
wait_callback* wait_callback::push(worker& w, waiter& l, int turns) noexcept {
  auto* c = new (std::nothrow) wait_callback(l);
  if (c) push_later(w, c, turns);
  return c;
}
void wait_callback::run(job* j) {
  waiter* l = static_cast<wait_callback*>(j)->waiter_;
  drop(j);
  this_worker->parked = true;
  if (!l) return;
  l->called = false;
  if (l->claim()) this_worker->push(l->frame);
}
void wait_callback::drop(job* j) { delete static_cast<wait_callback*>(j); }

// Not inline: clang would see a coroutine that nobody else holds, and put its frame on the stack of await_suspend.
void run_inside(task<> t, waiter& l, outcome<void>& result) {
  job* inner = t.release();
  result_promise& p = result_promise_of(inner);
  p.continuation = continue_with(l.frame, continues::frame);
  p.context = promise_of(l.frame).context;
  p.out = &result;
  handle_of(inner).resume();
}

}  // namespace jay::detail
