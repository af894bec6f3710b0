// SPDX-License-Identifier: MIT
// A done callback: what is taken along when it is added, and how it runs.
#include <jay/context_var.hpp>
#include <jay/detail/shared_state.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

callback::callback(void (*f)(callback*), void (*drop)(job*)) noexcept : context(capture_context()), call(f) {
  resume = &run;
  destroy = drop;
  continuation = 0;
}

callback::~callback() {
  if (context) release_context(context);
}

void callback::run(job* j) {
  auto* self = static_cast<callback*>(j);
  this_worker->parked = true;
  try {
    // Also where no variable was set: what the callback sets must not stay with the thread.
    context_slot own(std::exchange(self->context, nullptr));
    context_entered here(own);
    self->call(self);
  } catch (...) {
    report(this_worker->sched, "a done callback has thrown", std::current_exception(), nullptr);
  }
  self->destroy(self);
}

}  // namespace jay::detail
