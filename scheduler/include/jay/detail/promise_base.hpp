// SPDX-License-Identifier: MIT
// What every coroutine of jay's has at the start of its promise, at a fixed place in its frame: whoever holds a frame's
// address (a queue, a cancel, a walk up the await chain) can read it without knowing the coroutine's type.
//
//   field         written by                              read by
//   continuation  who starts the coroutine, once          its final suspend; walks up a suspended chain
//   context       who starts it; enter, resume_on later   its own awaits; walks
//   where         itself, at its start and each await     call graphs, while it is suspended
//   joins_closed  the worker that runs the strand         the same
//   unowned       who makes the gather, once              the gather
//   told, seen    who holds the scope's lock: the strand, or a canceller, which may come while the strand runs
#pragma once

#include <coroutine>
#include <cstdint>
#include <source_location>

#include <jay/detail/job.hpp>

namespace jay::detail {

struct join;
struct task_state;

/// continuation: the address of what goes on, tagged with what it is.
enum class continues : std::uintptr_t {
  frame = 0,    // the coroutine that awaits this one
  joins = 1,    // a join (gather): this coroutine is the root of a forked strand
  task = 2,     // a task_state: this coroutine is the root of a task
  exits = 3,    // an exit_stack: run the entered managers' exits first
};
inline constexpr std::uintptr_t continues_mask = 3;

struct promise_base {
  explicit promise_base(const std::source_location& l) noexcept : where(l) {}

  // Not initialised: who starts the coroutine sets these two.
  std::uintptr_t continuation;
  std::uintptr_t context;
  std::source_location where;
  std::uint8_t joins_closed = 0;  // bool: no join above this frame is counted without atomics (join.hpp)
  std::uint8_t unowned = 0;       // bool: a gather's child that waits for what the gather does not own
  // Of a forked strand's root (scope.hpp):
  std::uint16_t told = 0;  // bool: of a cancel from above its join
  std::uint32_t seen = 0;  // the last cancel generation it was told of

  continues kind() const noexcept { return static_cast<continues>(continuation & continues_mask); }
  template <class T>
  T* next() const noexcept {
    return reinterpret_cast<T*>(continuation & ~continues_mask);
  }
};

/// What an exit_stack begins with. Both the coroutine and the runner of its exits continue into the stack; the
/// coroutine's promise holds what the strand has `seen`.
struct exit_link {
  std::uintptr_t continuation = 0;  // of both
  promise_base* owner = nullptr;
};

/// What goes on once the managers that were entered have exited.
inline std::uintptr_t past_exits(std::uintptr_t continuation) noexcept {
  while ((continuation & continues_mask) == static_cast<std::uintptr_t>(continues::exits))
    continuation = reinterpret_cast<exit_link*>(continuation & ~continues_mask)->continuation;
  return continuation;
}

template <class T>
std::uintptr_t continue_with(T* p, continues kind) noexcept {
  return reinterpret_cast<std::uintptr_t>(p) | static_cast<std::uintptr_t>(kind);
}

inline promise_base& promise_of(job* frame) noexcept {
  return std::coroutine_handle<promise_base>::from_address(frame).promise();
}
inline job* frame_of(promise_base& p) noexcept {
  return static_cast<job*>(std::coroutine_handle<promise_base>::from_promise(p).address());
}

}  // namespace jay::detail
