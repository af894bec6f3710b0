// SPDX-License-Identifier: MIT
#include <jay/detail/exit_stack.hpp>

#include <utility>

namespace jay::detail {
namespace {

struct runner {
  struct promise_type : awaits<promise_base>, pooled {
    explicit promise_type(exit_stack* s, const std::source_location& l = std::source_location::current()) noexcept
        : awaits<promise_base>(l), stack(s) {}
    runner get_return_object() noexcept { return {frame_of(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { fatal("an exception has left the exits of a coroutine"); }

    struct ending {
      bool await_ready() noexcept { return false; }
      resumption await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        std::unique_ptr<exit_stack> s(h.promise().stack);
        result_promise& p = s->coroutine();
        p.continuation = s->continuation;
        if (p.kind() == continues::joins) {
          if (std::exception_ptr* e = s->access->error(p.out)) p.next<join>()->fail(*e, p);
        }
        h.destroy();
        return transfer(s->access->end(p));
      }
      void await_resume() noexcept {}
    };
    ending final_suspend() noexcept { return {}; }

    exit_stack* stack;
  };
  job* frame;
};

runner run_exits(exit_stack* s) {
  std::exception_ptr e = s->access->take_error(s->coroutine().out);
  bool failed = e != nullptr;
  bool swallowed = false;
  while (s->top) {
    std::unique_ptr<exit_entry> entry = std::exchange(s->top, std::move(s->top->below));
    try {
      entry->leave(promise_of(s->runner), e);
      task<bool> exit = entry->exit(e);
      bool swallow = co_await std::move(exit);
      if (swallow && e && s->access->can_swallow) e = nullptr, swallowed = true;
    } catch (...) {
      e = std::current_exception();  // replaces what was under way
    }
    try {
      entry.reset();
    } catch (...) {
      e = std::current_exception();
    }
  }
  if (e) s->access->set_error(s->coroutine().out, std::move(e));
  else if (failed && swallowed) s->access->set_unit(s->coroutine().out);
}

}  // namespace

exit_stack& exits_of(result_promise& p, const outcome_access& access) {
  if (p.kind() == continues::exits) return *p.next<exit_stack>();
  auto s = std::make_unique<exit_stack>();
  s->continuation = p.continuation;
  s->owner = &p;
  s->access = &access;
  s->runner = run_exits(s.get()).frame;
  p.continuation = continue_with(s.get(), continues::exits);
  return *s.release();
}

job* end_of_task_coroutine(result_promise& p) noexcept {
  std::uintptr_t c = p.continuation;
  job* finished = frame_of(p);
  finished->destroy(finished);
  return go_on(c);
}

job* exits_begin(promise_base& p) noexcept {
  exit_stack* s = p.next<exit_stack>();
  promise_base& r = promise_of(s->runner);
  r.continuation = p.continuation;
  r.context = p.context;
  r.joins_closed = p.joins_closed;
  return s->runner;
}

}  // namespace jay::detail
