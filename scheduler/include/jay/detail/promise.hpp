// SPDX-License-Identifier: MIT
// The promise of a task: result into the frame of who awaits it, own frame freed at the final suspension, then whatever
// goes on.
#pragma once

#include <new>

#include <jay/detail/awaitable.hpp>
#include <jay/detail/foreign_awaiter.hpp>
#include <jay/detail/join.hpp>
#include <jay/detail/outcome.hpp>
#include <jay/detail/promise_base.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

/// The root coroutine of a task has ended; gives what to run next.
JAY_API job* task_done(task_state* t) noexcept;
/// The coroutine has entered managers: runs their exits, then ends it.
JAY_API job* exits_begin(promise_base& p) noexcept;

/// g++ 12 has put something before the frame's first word, so that nobody finds anything in it; ends the program.
[[noreturn]] JAY_API void mislaid_frame(const std::source_location& of) noexcept;

/// What every task promise has, whatever its type.
struct result_promise : promise_base {
  using promise_base::promise_base;
  void* out;  // the outcome<T>; set by who starts the coroutine

  // Always inline: files of one program may have frames of different alignments.
  [[gnu::always_inline]] static void* operator new(std::size_t n) { return frame_allocate(n, JAY_FRAME_ALIGNMENT); }
  [[gnu::always_inline]] static void operator delete(void* p, std::size_t n) noexcept {
    frame_free(p, n, JAY_FRAME_ALIGNMENT);
  }
  // Of clang with -fcoro-aligned-allocation, which knows what the frame wants.
  [[gnu::always_inline]] static void* operator new(std::size_t n, std::align_val_t a) {
    return frame_allocate(n, static_cast<std::size_t>(a));
  }
  [[gnu::always_inline]] static void operator delete(void* p, std::size_t n, std::align_val_t a) noexcept {
    frame_free(p, n, static_cast<std::size_t>(a));
  }
};
inline result_promise& result_promise_of(job* frame) noexcept {
  return static_cast<result_promise&>(promise_of(frame));
}

/// The coroutine with this continuation has ended and its frame is gone.
[[gnu::always_inline]] inline job* go_on(std::uintptr_t continuation) noexcept {
  auto p = continuation & ~continues_mask;
  switch (static_cast<continues>(continuation & continues_mask)) {
    case continues::joins: return child_done(reinterpret_cast<join*>(p));
    case continues::frame: return reinterpret_cast<job*>(p);
    default: return task_done(reinterpret_cast<task_state*>(p));
  }
}

struct final_awaiter {
  bool await_ready() noexcept { return false; }
  template <class Promise>
  [[gnu::always_inline]] resumption await_suspend(std::coroutine_handle<Promise> h) noexcept {
    std::uintptr_t c = h.promise().continuation;
    if ((c & continues_mask) == static_cast<std::uintptr_t>(continues::exits)) [[unlikely]]
      return transfer(exits_begin(h.promise()));
    h.destroy();
    return transfer(go_on(c));
  }
  void await_resume() noexcept {}
};

/// Stands for an awaiter that is a temporary of the co_await expression: g++ 12 would move it to another place in the
/// frame (fib: 373 instructions and 280 bytes where it were 381 and 376).
template <class Awaiter>
struct awaiter_reference {
  Awaiter& awaiter;
  bool await_ready() noexcept(noexcept(awaiter.await_ready())) { return awaiter.await_ready(); }
  template <class Promise>
  [[gnu::always_inline]] auto await_suspend(std::coroutine_handle<Promise> h) noexcept(noexcept(awaiter.await_suspend(h))) {
    return awaiter.await_suspend(h);
  }
  decltype(auto) await_resume() noexcept(noexcept(awaiter.await_resume())) { return awaiter.await_resume(); }
};

/// await_transform for every coroutine type of jay's.
template <class Base>
struct awaits : Base {
  using Base::Base;

  template <class T>
  decltype(auto) await_transform(T&& t, const std::source_location& l = std::source_location::current()) {
    static_assert(awaitable<T>,
                  "co_await needs an awaitable of jay's (a task by value: co_await f(x) or co_await std::move(t); a "
                  "task_handle; a future; ...); std::future is not one: use jay::wrap_future");
    if constexpr (awaitable<T>) {
      static_assert(fits_a_frame<std::remove_reference_t<T>, JAY_FRAME_ALIGNMENT> &&
                        fits_a_frame<awaiter_t<T>, JAY_FRAME_ALIGNMENT> &&
                        fits_a_frame<await_result_t<T>, JAY_FRAME_ALIGNMENT>,
                    "what is awaited here wants a larger alignment than the coroutine's frame has: compile this file with "
                    "-DJAY_FRAME_ALIGNMENT=32 (or what alignof gives), or keep the value behind a pointer "
                    "(docs/pitfalls.md, 14)");
      this->where = l;
#if defined(__GNUC__) && !defined(__clang__)
      if constexpr (own_awaiter<std::remove_reference_t<T>>) return awaiter_reference<std::remove_reference_t<T>>{t};
      else
#endif
      if constexpr (own_awaiter<awaiter_t<T>>) return std::forward<T>(t);
      else return foreign_awaiter<T>(std::forward<T>(t));
    } else {
      return std::suspend_never();
    }
  }
};

template <class T>
struct promise_result : result_promise {
  using result_promise::result_promise;
  template <class U = T>
  void return_value(U&& u) {
    static_cast<outcome<T>*>(out)->set_value(std::forward<U>(u));
  }
};
template <>
struct promise_result<void> : result_promise {
  using result_promise::result_promise;
  void return_void() noexcept { static_cast<outcome<void>*>(out)->set_value(unit()); }
};

}  // namespace jay::detail
