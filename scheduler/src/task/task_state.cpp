// SPDX-License-Identifier: MIT
// The life of a task, from launch to its last waiter.
#include <jay/detail/task_state.hpp>

#include <cstdio>
#include <memory>

#include <jay/context_var.hpp>
#include <jay/detail/promise.hpp>
#include <jay/error.hpp>
#include <jay/home_thread.hpp>
#include <jay/task.hpp>
#include <jay/task_group.hpp>

#include "cancel/cancel_notes.hpp"
#include "cancel/cancel_walk.hpp"
#include "core/debug_mode.hpp"
#include "core/live_schedulers.hpp"
#include "core/scheduler_core.hpp"
#include "task_notes.hpp"

namespace jay::detail {
namespace {

void drop_start(job* j) {
  task_state* t = static_cast<task_state*>(j);
  if (t->frame) t->frame->destroy(t->frame);
  t->release();
}

void strike_off(scheduler_core& core, task_state& t) noexcept {
  registry_shard& shard = core.registry[t.shard];
  spin_guard g(shard.mutex);
  (t.registry_prev ? t.registry_prev->registry_next : shard.first) = t.registry_next;
  if (t.registry_next) t.registry_next->registry_prev = t.registry_prev;
}

// Counted when nothing of the task is left, for who drains.
void count_end(scheduler_core& core) noexcept {
  worker* w = this_worker;
  if (w && w->sched == &core.self && !w->io) core.registry[w->index].ended();
  else core.registry.back().ended_shared();
  core.bell.ring();
}

// The end of the runtime's part in the task.
void let_go(task_state* t) noexcept {
  scheduler_core& core = t->home->core();
  t->release();
  // The last access: the scheduler may go as soon as it has been drained and its threads have ended.
  count_end(core);
}

void tell_group_of(task_state* t) noexcept {
  group_member& m = t->membership();
  m.group->ended(m);
  let_go(t);
}

void tell_group(job* j) {
  task_state* t = static_cast<task_state*>(j);
  this_worker->parked = true;
  tell_group_of(t);
}

void complete_task(task_state* t, status s) noexcept {
  if (t->complete(s)) [[likely]] return;
  // It was asked to stop, and has come to its end without having met the cancel.
  t->drop_value();
  t->note_cancel(t->root.text());
  t->complete(status::cancelled);
}

// In asyncio's order the group's is the first of its callbacks.
[[gnu::noinline]] void end_in_turns(task_state* t, status s) noexcept {
  t->resume = &tell_group;
  schedule(*t->home, t);
  complete_task(t, s);
}

void end_task(task_state* t, status s) noexcept {
  strike_off(t->home->core(), *t);
  const std::uint8_t flags = t->flags.load(std::memory_order_relaxed);
  if ((flags & task_state::in_group) && this_worker->fifo) [[unlikely]] return end_in_turns(t, s);
  complete_task(t, s);
  if (flags & task_state::in_group) {
    if (flags & task_state::is_eager) {
      // It may have ended inside create_task, where its error must not reach the body yet.
      t->resume = &tell_group;
      return schedule(*t->home, t);
    }
    return tell_group_of(t);
  }
  let_go(t);
}

// A task that was cancelled before it began ends here, and nothing of its body runs.
void start_task(job* j) {
  task_state* t = static_cast<task_state*>(j);
  job* frame = std::exchange(t->frame, nullptr);
  worker* w = this_worker;
  w->context = reinterpret_cast<std::uintptr_t>(&t->root);
  if (t->root.word.take_pending()) [[unlikely]] {
    t->root.collapse();
    frame->destroy(frame);
    w->parked = true;
    t->note_cancel(t->root.text());
    end_task(t, status::cancelled);
    return;
  }
  frame->resume(frame);
}

void enrol(scheduler_core& core, task_state& t) noexcept {
  worker* w = this_worker;
  const bool own = w && w->sched == &core.self && !w->io;
  if (own) [[likely]] t.shard = static_cast<std::uint16_t>(w->index);
  else t.shard = static_cast<std::uint16_t>(core.registry.size() - 1);
  registry_shard& shard = core.registry[t.shard];
  spin_guard g(shard.mutex);
  t.registry_next = shard.first;
  if (shard.first) shard.first->registry_prev = &t;
  shard.first = &t;
  if (shard.numbers_left == 0) {
    shard.numbers_left = &shard == &core.registry.back() ? 1 : 64;
    shard.number = core.task_number.fetch_add(shard.numbers_left, std::memory_order_relaxed);  // relaxed: only to be different
  }
  --shard.numbers_left;
  t.number = ++shard.number;
  shard.begun();
}

}  // namespace

task_state* task_of_start(job* j) noexcept {
  return j->resume == &start_task ? static_cast<task_state*>(j) : nullptr;
}

std::vector<state_ptr<task_state>> scheduler_core::all_tasks() {
  std::vector<state_ptr<task_state>> all;
  for (registry_shard& shard : registry) {
    spin_guard g(shard.mutex);
    for (task_state* t = shard.first; t; t = t->registry_next) all.push_back(state_ptr<task_state>::share(t));
  }
  return all;
}

task_state::task_state(scheduler& s, priority p) : shared_state(&s, 2), root(*this), prio(p) {
  is_task = true;
  resume = &start_task;
  job::destroy = &drop_start;
  continuation = 0;
}

task_state::~task_state() {
  if (context) release_context(context);
}
void task_state::destroy() noexcept {  // relaxed: whoever had it has let go (release)
  if (state.load(std::memory_order_relaxed) == status::error && !retrieved.load(std::memory_order_relaxed))
    report_unretrieved(*this);
  delete this;
}

std::string task_state::get_name() {
  spin_guard g(mutex);
  return said && said->name ? *said->name : "Task-" + std::to_string(number);
}
void task_state::set_name(std::string n) {
  auto fresh = std::make_unique<texts>();
  fresh->name = std::move(n);
  spin_guard g(mutex);
  if (said) std::swap(said->name, fresh->name);
  else said = fresh.release();
}

bool task_state::do_cancel(const std::string& message, cancel_walk& w) noexcept {
  // In the child of a fork the task of a parent's runtime is as it was, for ever; its locks may be held for ever too.
  if (forks() != 0 && !live_schedulers::has(where())) return false;
  if (w.draining && (flags.fetch_or(is_drained, std::memory_order_relaxed) & is_drained)) {
    root.meet(w);
    return true;
  }
  request_stop(root);  // first, so that who is woken finds it so
  {
    // Under this lock its end looks for a cancel (complete), so that none is accepted that nobody is told of.
    spin_guard g(mutex);
    if (state.load(std::memory_order_relaxed) != status::pending) return false;  // relaxed: it changes under the lock
    cancel_requests.fetch_add(1, std::memory_order_relaxed);
    if (current_task_state() == this) flags.fetch_or(by_itself, std::memory_order_relaxed);
    root.strike(message, w, false);
  }
  request_stop(root);
  return true;
}

namespace {

/// How much of the stack eager tasks that start eager tasks may use; the next one is queued.
constexpr std::uintptr_t eager_stack = 256 * 1024;

// Runs the task until its first suspension, as asyncio's eager tasks do. What it interrupts goes on afterwards. False:
// too many stand on the stack.
bool run_in_place(worker& w, task_state& t) {
  thread_local std::uintptr_t outermost = 0;  // where the first of them stands
  auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  std::uintptr_t before = outermost;
  if (before == 0) outermost = here;
  else if (before - here > eager_stack) return false;
  std::uintptr_t context = w.context;
  std::uint32_t budget = w.budget;
  bool parked = w.parked;
  // A turn that was asked for before comes after it: else its first await would be a suspension.
  bool asked = w.turn_asked();
  const bool outer = std::exchange(w.in_place, true);
  if (asked) w.attention.fetch_and(~attention::turn, std::memory_order_relaxed);  // relaxed: only a request
  {
    const step_inside step(w);
    run_job(w, &t);
  }
  asked |= !w.in_place;  // one that was passed over meanwhile
  w.in_place = outer;
  if (asked) w.attention.fetch_or(attention::turn, std::memory_order_relaxed);  // relaxed: only a request
  w.context = context;
  w.budget = budget;
  w.parked = parked;
  outermost = before;
  return true;
}

}  // namespace

void launch(task_state& t, job* frame, bool eager) {
  scheduler& s = *t.home;
  scheduler_core& core = s.core();
  task_state* parent = current_task_state();
  // relaxed: nobody else has it yet. The drain's own tasks, which it does not cancel, are let in.
  if (core.bell.draining() && !parent && !(t.flags.load(std::memory_order_relaxed) & task_state::is_drained)) {
    frame->destroy(frame);
    throw std::runtime_error("create_task: the runtime is shutting down; no task can be started from outside it");
  }
  if (!t.context) t.context = capture_context();
  if (t.flags.load(std::memory_order_relaxed) & task_state::in_group) {
    group_member& m = t.membership();
    if (!m.group->adopt(m)) {
      frame->destroy(frame);
      m.group->refuse();
    }
  }
  t.frame = frame;
  if (eager) t.flags.fetch_or(task_state::is_eager, std::memory_order_relaxed);
  result_promise& p = result_promise_of(frame);
  p.continuation = continue_with(&t, continues::task);
  p.context = reinterpret_cast<std::uintptr_t>(&t.root);
  enrol(core, t);
  worker* w = this_worker;
  if (eager && w && w->sched == &s && run_in_place(*w, t)) return;
  schedule(s, &t, t.prio);
}

job* task_done(task_state* t) noexcept {
  status s = status::value;
  if (t->failed()) [[unlikely]] {
    s = status::error;
    if (is_cancelled_error(t->error())) {
      s = status::cancelled;
      try {
        std::rethrow_exception(t->error());
      } catch (const cancelled_error& c) {
        if (!c.message().empty()) t->note_cancel(c.message());
      } catch (...) {
      }
    }
  }
  end_task(t, s);
  return nullptr;
}

scope* current_scope() noexcept {
  worker* w = this_worker;
  return w && w->context ? scope_of(w->context) : nullptr;
}
task_state* current_task_state() noexcept {
  scope* s = current_scope();
  return s ? s->task() : nullptr;
}

void mislaid_frame(const std::source_location& of) noexcept {
  char text[1024];
  std::snprintf(text, sizeof text,
                "g++ 12 has mislaid the frame of a coroutine without a local variable and would skip its body: bind what is "
                "awaited in its condition (if, while, switch, &&, ||, ?:) to a name first (docs/pitfalls-gcc12.md): %s (%s:%u)",
                of.function_name(), of.file_name(), static_cast<unsigned>(of.line()));
  fatal(text);
}

namespace {
std::atomic<std::size_t> unawaited{0};  // relaxed: a count, for tests
}
std::size_t unawaited_count() noexcept { return unawaited.load(std::memory_order_relaxed); }

void throw_empty_task() {
  throw std::runtime_error(
      "this task is empty: it was awaited or moved from before, or never had a coroutine; a task runs once");
}

job* start_in_turn(job* child, promise_base*& due) noexcept {
  worker& w = *this_worker;
  if ((!w.turn_asked() && w.spend()) || w.pass_over()) return child;  // an I/O thread, or order = "asyncio"
  promise_base& p = promise_of(promise_of(child).next<job>());
  scope& s = *scope_of(p.context);
  if (is_forked(p.context) ? s.generation.load(std::memory_order_acquire) != 0 : s.word.pending()) due = &p;  // [G1]
  close_above(child);  // the strand goes on elsewhere, perhaps
  schedule_last(s.sched(), child);
  return nullptr;
}

void throw_due(promise_base& strand) {
  scope& s = *scope_of(strand.context);
  if (s.take_cancel(strand)) s.throw_cancelled();
}

void drop_unawaited(job* frame) noexcept {
  unawaited.fetch_add(1, std::memory_order_relaxed);
  scheduler* s = current_scheduler();
  if (s && s->debugging()) {
    try {
      const std::string text = "coroutine was never awaited: " + place_of(promise_of(frame).where) + dropped_here();
      report(s, text.c_str(), nullptr, nullptr);
    } catch (const std::bad_alloc&) {
      report(s, "coroutine was never awaited", nullptr, nullptr);
    }
  }
  frame->destroy(frame);
}

}  // namespace jay::detail

namespace jay {

bool scheduler::drain(std::chrono::steady_clock::duration limit, std::string* stuck) {
  using namespace detail;
  check_not_forked(*this, "scheduler::drain");
  scheduler_core& core = *core_;
  auto deadline = std::chrono::steady_clock::now() + limit;
  core.bell.begin();
  for (;;) {
    std::uint32_t heard = core.bell.heard();
    std::vector<state_ptr<task_state>> left;
    try {
      left = core.all_tasks();
    } catch (const std::bad_alloc&) {  // those that end meanwhile give some back
    }
    for (auto& t : left)  // also those that a cleanup has started meanwhile, each once
    {
      cancel_walk w;
      w.draining = true;  // a chain of tasks is walked once, not once for each of them
      t->cancel({}, w);
      w.finish();
    }
    if (task_count::none_left(core.registry) && !core.close_generators()) break;
    auto now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      if (stuck)
        for (auto& t : left) *stuck += (stuck->empty() ? "" : ", ") + t->get_name();
      core.bell.end();
      return false;
    }
    // A task started by a cleanup does not ring: look again now and then. Nor does one that is to go on in a home of this
    // very thread.
    const bool has_homes = any_home_here();
    if (has_homes) poll_homes_here();
    auto next = std::min(deadline, now + std::chrono::milliseconds(left.empty() || has_homes ? 1 : 20));
    core.bell.wait_until(heard, next);
  }
  core.bell.end();
  return true;
}

}  // namespace jay
