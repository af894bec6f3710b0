// SPDX-License-Identifier: MIT
// What an async_generator does beside yielding: begin, end, be closed, be left.
#include <jay/detail/generator_promise.hpp>

#include <memory>
#include <new>
#include <string>

#include <jay/create_task.hpp>
#include <jay/detail/task_state.hpp>

#include "core/live_schedulers.hpp"
#include "core/scheduler_core.hpp"

namespace jay::detail {
namespace {

using stage = generator_promise::stage;

void enter_list(generator_promise& g, worker& w) noexcept {
  scheduler_core& core = w.sched->core();
  g.home = w.sched;
  g.home_number = w.sched->number();
  g.shard = static_cast<std::uint16_t>(w.io ? core.registry.size() - 1 : w.index);
  registry_shard& shard = core.registry[g.shard];
  spin_guard guard(shard.mutex);
  g.list_prev = nullptr;
  g.list_next = shard.generators;
  if (shard.generators) shard.generators->list_prev = &g;
  shard.generators = &g;
}

/// Calls f with the runtime in which it was begun. False: there is none, or it has gone.
template <class F>
bool with_home(generator_promise& g, F&& f) noexcept {
  if (!g.home) return false;
  if (this_worker && this_worker->sched == g.home) {
    f(*g.home);
    return true;
  }
  scheduler_ref home;
  home.at = g.home;
  home.number = g.home_number;
  return live_schedulers::with(home, f);
}

void leave_list(generator_promise& g) noexcept {
  with_home(g, [&g](scheduler& s) {
    registry_shard& shard = s.core().registry[g.shard];
    spin_guard guard(shard.mutex);
    (g.list_prev ? g.list_prev->list_next : shard.generators) = g.list_next;
    if (g.list_next) g.list_next->list_prev = g.list_prev;
  });
  g.home = nullptr;
}

/// It stands in the list of this runtime from here on.
void begin_here(generator_promise& g) noexcept {
  worker& w = *this_worker;
  if (g.home == w.sched) return;
  if (g.home) leave_list(g);
  g.at = stage::begun;
  enter_list(g, w);
}

/// One that has not begun, has ended, or was given up.
void destroy(generator_promise& g) noexcept {
  if (g.kind() == continues::exits) {  // what it has entered is not left any more
    std::unique_ptr<exit_stack> stack(g.next<exit_stack>());
    stack->runner->destroy(stack->runner);
  }
  job* frame = frame_of(g);
  frame->destroy(frame);
}

/// Who has set busy: no code of it will run any more, though it stands at a co_yield. Destroys it if nobody else will.
void give_up(generator_promise& g) noexcept {
  leave_list(g);
  for (generator_promise* p = g.leaf; p != &g; p = p->parent) {
    p->at = stage::ended;
    p->word.leave();
  }
  g.at = stage::ended;
  if (g.word.end()) destroy(g);
}

/// Who has set busy, up to the moment where it closes. Where the task is cancelled before it begins, or there is no memory for
/// it, busy is reset, and the runtime's end closes.
struct seized {
  explicit seized(generator_promise& of) noexcept : g(&of) {}
  seized(seized&& o) noexcept : g(std::exchange(o.g, nullptr)) {}
  ~seized() {
    if (g) g->word.give_back();
  }
  generator_promise* g;
};

/// Of a generator that was left. Who waits for the runtime's end waits for it, and does not cancel it.
task<> close_left(seized from) {
  generator_promise* g = std::exchange(from.g, nullptr);
  generator_close close(g, true);
  std::exception_ptr error;
  try {
    co_await close;
  } catch (...) {
    error = std::current_exception();
  }
  if (close.ignored) give_up(*g);
  if (is_cancelled_error(error)) std::rethrow_exception(std::move(error));
  if (error)
    report(current_scheduler(), "an error occurred while an async_generator that was left unfinished was closed", error,
           current_task_state());
}

/// For who has set busy. Throws with nothing begun, and busy reset.
void start_closing(scheduler& s, generator_promise& g) {
  task<> closing = close_left(seized(g));
  auto* block = new task_block<void>(s, priority::normal);
  state_ptr<task_block<void>> keep(block), runtimes(block);  // it is made with two references
  block->set_name("aclose");
  block->flags.store(task_state::is_drained, std::memory_order_relaxed);  // relaxed: nobody else has it yet
  launch(*block, closing, false);
  runtimes.detach();
}

}  // namespace

job* generator_begins(generator_promise& g, promise_base& who, generator_request& r) {
  if (g.at == stage::ended) {
    g.word.leave();
    return frame_of(who);
  }
  if (this_worker->may_have_to_yield()) return generator_in_turn(g, who, r);
  begin_here(g);
  return g.go_on_for(who, r);
}

job* generator_in_turn(generator_promise& g, promise_base& who, generator_request& r) noexcept {
  worker& w = *this_worker;
  const bool at_once = (!w.turn_asked() && w.spend()) || w.pass_over();
  if (!at_once) {
    scope& s = *scope_of(who.context);
    // [G1] acquire
    const bool due = is_forked(who.context) ? s.generation.load(std::memory_order_acquire) != 0 : s.word.pending();
    if (due && s.take_cancel(who)) {
      r.refused = true;
      g.word.leave();
      return frame_of(who);
    }
  }
  begin_here(g);
  job* next = g.go_on_for(who, r);
  if (at_once) return next;
  close_above(next);  // the strand goes on elsewhere, perhaps
  schedule_last(*w.sched, next);
  return nullptr;
}

void throw_generator_busy(const char* what) {
  throw std::runtime_error(std::string(what) + "(): the async_generator is already running; one task at a time may await it");
}

void generator_ignored_exit(generator_promise& root) noexcept {
  generator_request& r = *root.request;
  root.closing = false;
  r.ignored = true;
  r.error = std::make_exception_ptr(
      std::runtime_error("async_generator ignored generator_exit: it was closed, and has yielded again"));
  if (!r.seized) root.word.leave();
}

job* generator_ended(generator_promise& g) noexcept {
  if (g.home) leave_list(g);
  g.at = stage::ended;
  const std::uintptr_t consumer = g.continuation;
  if (generator_promise* outer = g.parent) {
    g.root->leaf = outer;
    outer->join_strand(consumer, g.context);
    g.parent = nullptr;
    g.root = g.leaf = &g;
    g.word.leave();
    return frame_of(*outer);
  }
  job* next = g.consumer();
  if (g.end.state() == outcome_state::error && !(g.closing && is_generator_exit(g.end.error())))
    g.request->error = g.end.take_error();
  if (g.word.end()) destroy(g);
  return next;
}

job* end_of_generator(result_promise& p) noexcept { return generator_ended(static_cast<generator_promise&>(p)); }

job* generator_delegates(generator_promise& outer, generator_promise& inner) {
  if (!inner.word.enter()) throw_generator_busy("elements_of");
  if (inner.at == stage::ended) {
    inner.word.leave();
    return frame_of(outer);
  }
  if (inner.home) leave_list(inner);  // from now on it is the root that is closed
  inner.at = stage::begun;
  inner.parent = &outer;
  generator_promise& root = *outer.root;
  for (generator_promise* p = inner.leaf; p != &outer; p = p->parent) p->root = &root;
  root.leaf = inner.leaf;
  root.leaf->join_strand(continue_with(outer.consumer(), continues::frame), outer.context);
  return frame_of(*root.leaf);
}

job* generator_close::begin(promise_base& who) {
  generator_promise& g = *generator_;
  if (!seized && !g.word.enter()) throw_generator_busy("aclose");
  if (g.at != stage::begun) {
    g.at = stage::ended;
    g.word.leave();
    return frame_of(who);
  }
  g.closing = true;
  return g.go_on_for(who, *this);
}

void drop_generator(generator_promise* g) noexcept {
  if (!g->word.drop()) return;
  if (g->at != stage::begun) return destroy(*g);
  const bool lives = with_home(*g, [g](scheduler& s) {
    try {
      start_closing(s, *g);
    } catch (...) {  // its runtime's end will
    }
  });
  // Without its runtime nothing of it can run. In the child of a fork it is let be, as all that runtime has.
  if (!lives && forks() == 0) give_up(*g);
}

bool scheduler_core::close_generators() noexcept {
  bool any = false;
  for (registry_shard& shard : registry) {
    generator_promise* idle = nullptr;  // by `parent`, which a root does not have
    {
      spin_guard guard(shard.mutex);
      for (generator_promise* g = shard.generators; g; g = g->list_next) {
        any = true;
        if (!g->word.seize()) continue;
        g->parent = std::exchange(idle, g);
      }
    }
    while (generator_promise* g = idle) {
      idle = std::exchange(g->parent, nullptr);
      try {
        start_closing(self, *g);
      } catch (...) {  // tried again
      }
    }
  }
  return any;
}

}  // namespace jay::detail
