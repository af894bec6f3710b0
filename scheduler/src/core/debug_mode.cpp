// SPDX-License-Identifier: MIT
#include "debug_mode.hpp"

#include <jay/detail/task_state.hpp>
#include <jay/scheduler.hpp>

#include "now_ns.hpp"
#include "task/task_notes.hpp"

namespace jay::detail {

constinit atomic<bool> debug_seen{false};

void note_step(worker& w, job* j) noexcept {
  const promise_base* p = j->continuation ? &promise_of(j) : nullptr;
  const scope* s = p ? scope_of(p->context) : nullptr;
  task_state* t = s ? s->task() : task_of_start(j);
  if (t && !p) p = &promise_of(t->frame);
  // relaxed: [SW1] orders them
  w.step_task.store(t ? t->number : 0, std::memory_order_relaxed);
  w.step_at.store(p ? p->where : std::source_location(), std::memory_order_relaxed);
  w.step.store(now_ns(), std::memory_order_release);  // [SW1] release: whose step it is; with look
  // Only this worker sets this bit, and looks at it.
  if (w.sched->debugging() == w.notes()) return;
  if (w.notes()) w.attention.fetch_and(~attention::noting, std::memory_order_relaxed);  // relaxed: its own
  else w.attention.fetch_or(attention::noting, std::memory_order_relaxed);    // relaxed: its own
}

void end_step(worker& w) noexcept {
  w.step.store(0, std::memory_order_release);  // [SW1]
  forget_thrown();
}

step_inside::step_inside(worker& w) noexcept : w_(w), noted_(debug_seen.load(std::memory_order_relaxed)) {  // relaxed: see there
  if (!noted_) return;
  step_ = w.step.load(std::memory_order_relaxed);  // relaxed: it is this thread's own, as the others
  task_ = w.step_task.load(std::memory_order_relaxed);
  at_ = w.step_at.load(std::memory_order_relaxed);
}

step_inside::~step_inside() {
  if (!noted_) return;
  w_.step_task.store(task_, std::memory_order_relaxed);  // relaxed: [SW1] orders it
  w_.step_at.store(at_, std::memory_order_relaxed);      // relaxed: the same
  w_.step.store(step_, std::memory_order_release);       // [SW1] release: with look
}

}  // namespace jay::detail
