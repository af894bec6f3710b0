// SPDX-License-Identifier: MIT
// The one queueable thing. A job's first two words are what to run and how to drop it, called with the job's own
// address. That is also how a coroutine frame begins in the Itanium ABI (resume, destroy), so every suspended coroutine
// is a job as it stands, and a job that is no coroutine can be resumed through a coroutine handle: whoever holds a job
// runs it one way. The third word is where a frame has its promise, which begins with `continuation`
// (promise_base.hpp): it may be read of any job; in one that is no coroutine it is 0.
#pragma once

#include <coroutine>
#include <cstdint>

namespace jay::detail {

struct job {
  void (*resume)(job*);
  void (*destroy)(job*);
  std::uintptr_t continuation;
};

inline std::coroutine_handle<> handle_of(job* j) noexcept { return std::coroutine_handle<>::from_address(j); }
inline job* job_of(std::coroutine_handle<> h) noexcept { return static_cast<job*>(h.address()); }

}  // namespace jay::detail
