// SPDX-License-Identifier: MIT
#include <jay/detail/scheduled_call.hpp>

#include <jay/context_var.hpp>
#include <jay/detail/loop_core.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/error.hpp>

namespace jay::detail {

scheduled_call::scheduled_call(std::shared_ptr<loop_core> of) noexcept : of_(std::move(of)), context_(capture_context()) {
  resume = &run;
  destroy = &leave_queue;
  continuation = 0;
  fire = &fire_call;
}

scheduled_call::~scheduled_call() {
  if (context_) release_context(context_);
}

bool scheduled_call::win(std::uint8_t state) noexcept {
  std::uint8_t expected = waits;
  // [SC1] acq_rel: with cancelled, and with each other win; relaxed: who loses touches nothing
  return state_.compare_exchange_strong(expected, state, std::memory_order_acq_rel, std::memory_order_relaxed);
}

void scheduled_call::cancel() {
  if (!win(was_cancelled)) return;
  drop();
  if (!of_->enter()) return;  // the loop has been closed, and has let go of it
  of_->unlink(*this);
  const bool was_armed = timed_ && reactor_of(of_->sched_).clock().remove(*this);
  of_->leave();
  if (was_armed) release();
}

void scheduled_call::invoke() noexcept {
  if (win(was_called)) {
    of_->unlink(*this);
    try {
      context_slot own(std::exchange(context_, nullptr));
      context_entered here(own);
      call();
    } catch (const keyboard_interrupt&) {  // as in asyncio it ends the run
      of_->keep_interrupt(std::current_exception());
    } catch (...) {
      report(&of_->sched_, "exception in callback", std::current_exception(), nullptr);
    }
    drop();
  }
  release();
}

void scheduled_call::run(job* j) {
  this_worker->parked = true;
  static_cast<scheduled_call*>(j)->invoke();
}
void scheduled_call::leave_queue(job* j) { static_cast<scheduled_call*>(j)->release(); }

// With the lock of the timers held.
void scheduled_call::fire_call(timer& t, ready_list& out) noexcept {
  auto& self = static_cast<scheduled_call&>(t);
  loop_core& of = *self.of_;
  if (of.in_order_) out.add(&self);
  else if (of.append(self)) out.add(&of);
}

}  // namespace jay::detail
