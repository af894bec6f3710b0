// SPDX-License-Identifier: MIT
// A coroutine's operation on a slot. The system call is tried at once; if the kernel has nothing, the coroutine suspends
// and whoever gets the event performs the call, so that it is resumed with its result.
//
// Derived: attempt(), which sets result and gives the step; await_resume(), which calls complete(what).
#pragma once

#include <cerrno>
#include <coroutine>
#include <cstdint>

#include <jay/detail/byte_stream.hpp>
#include <jay/detail/waiter.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

class JAY_API slot_awaiter : public waiter, public slot_operation {
 public:
  slot_awaiter(stream_ref s, direction d) noexcept : slot_(s), direction_(d) {}

  bool await_ready() noexcept {
    if (!this_worker->spend()) return false;
    start();
    return finished_;
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    prepare(h);
    what = awaited::descriptor;
    return park();
  }

 protected:
  ~slot_awaiter() = default;

  /// Throws: cancelled_error; std::system_error "<what> <whom>: <reason>"; std::runtime_error if another task is at it.
  std::int64_t complete(const char* what) {
    if (cancelled()) slot_.stream->forget(direction_, *this);
    finish();
    if (result_ < 0) [[unlikely]] fail(what);
    return result_;
  }
  /// For those that make their own text: the result is there, or -errno.
  std::int64_t complete() {
    if (cancelled()) slot_.stream->forget(direction_, *this);
    finish();
    return result_;
  }
  [[noreturn]] void fail(const char* what) const;

  int fd() const noexcept { return slot_.stream->fd(); }
  /// The step that a system call's result stands for; `wanted`: how much was asked for.
  io_step settle(std::int64_t n, std::size_t wanted) noexcept {
    if (n < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return io_step::again;
      result_ = -errno;
      return io_step::done;
    }
    result_ = n;
    return static_cast<std::size_t>(n) < wanted ? io_step::drained : io_step::done;
  }

  std::int64_t result_ = 0;  // or -errno
  stream_ref slot_;
  const direction direction_;

 private:
  void start() noexcept;
  bool park() noexcept;

  bool claim() noexcept final { return waiter::claim(); }
  bool arm() noexcept final { return waiter::arm(); }
  bool rearm() noexcept final;
  void closed() noexcept final { result_ = -ECANCELED; }
  void ended(ready_list* out) noexcept final;

  bool begun_ = false, finished_ = false;
};

}  // namespace jay::detail
