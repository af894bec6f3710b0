// SPDX-License-Identifier: MIT
// What a coroutine has entered, and leaves at its end: the exits run after its locals are gone, last in, first out,
// awaited, on return, throw and cancel, before whoever awaits it goes on.
//
// The first enter puts an exit_stack between the promise and its continuation (continues::exits). At the final
// suspension exits_begin starts the stack's runner, a coroutine that stands where the finished one stood: it awaits the
// exits, changes the outcome as they say, then destroys the finished frame and goes on with the continuation.
#pragma once

#include <exception>
#include <memory>

#include <jay/task.hpp>

namespace jay::detail {

struct exit_entry : pooled {
  virtual ~exit_entry() = default;
  /// Restores what entering changed in the promise (a scope); may replace the exception.
  virtual void leave(promise_base&, std::exception_ptr&) {}
  /// True: the exception is swallowed.
  virtual task<bool> exit(std::exception_ptr e) = 0;

  std::unique_ptr<exit_entry> below;
};

/// What the end of a coroutine with exits has to know of it, whatever its type.
struct outcome_access {
  std::exception_ptr (*take_error)(void* out) noexcept;
  void (*set_error)(void* out, std::exception_ptr e) noexcept;
  std::exception_ptr* (*error)(void* out) noexcept;  // null: there is none
  void (*set_unit)(void* out) noexcept;
  bool can_swallow;  // a void coroutine: there is a value to return instead
  /// Its exits have run, and its continuation is again what it was. Gives what to run next.
  job* (*end)(result_promise& coroutine) noexcept;
};
/// That of a task: its frame goes.
JAY_API job* end_of_task_coroutine(result_promise& p) noexcept;

/// access_of what the coroutine with this promise gives.
template <class Promise>
struct exits_access;

template <class T>
inline constexpr outcome_access access_of = {
    [](void* o) noexcept -> std::exception_ptr {
      auto* out = static_cast<outcome<T>*>(o);
      return out->state() == outcome_state::error ? out->take_error() : nullptr;
    },
    [](void* o, std::exception_ptr e) noexcept { static_cast<outcome<T>*>(o)->set_error(std::move(e)); },
    [](void* o) noexcept -> std::exception_ptr* {
      auto* out = static_cast<outcome<T>*>(o);
      return out->state() == outcome_state::error ? &out->error() : nullptr;
    },
    [](void* o) noexcept {
      if constexpr (std::is_void_v<T>) static_cast<outcome<T>*>(o)->set_value(unit());
    },
    std::is_void_v<T>, &end_of_task_coroutine};
template <class T>
struct exits_access<task_promise<T>> {
  static constexpr const outcome_access& of = access_of<T>;
  static constexpr bool yields = false;
};

struct move_entry;  // src/core/island.hpp

struct exit_stack : exit_link, pooled {
  result_promise& coroutine() const noexcept { return static_cast<result_promise&>(*owner); }
  std::unique_ptr<exit_entry> top;
  const outcome_access* access = nullptr;
  job* runner = nullptr;
  move_entry* place = nullptr;  // where the coroutine has moved to by resume_on, if it has
};

/// The stack of the coroutine, made at the first call. Throws std::bad_alloc.
JAY_API exit_stack& exits_of(result_promise& p, const outcome_access& access);

}  // namespace jay::detail
