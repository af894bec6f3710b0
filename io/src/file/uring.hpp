// SPDX-License-Identifier: MIT
// One io_uring for a runtime's files. Any thread submits; completions are told by an eventfd, which the reactor watches
// like any other, so that the thread that gets the event reaps them and the tasks go on as after a socket's event.
//
// No more operations are given to the kernel than the completion queue holds, so it never overflows; the others wait in a
// list. An operation stands in `waiting_`, or in the kernel, or has finished: each passage under `submitting_`, the last
// one by whoever reaps it. One that the kernel gives up unasked goes to the blocking pool.
#pragma once

#include <liburing.h>

#include <memory>
#include <mutex>

#include <jay/detail/file_operation.hpp>
#include <jay/detail/reactor.hpp>

namespace jay::detail {

class uring final : source {
 public:
  /// Null if the kernel refuses; `error` says why.
  static std::unique_ptr<uring> make(scheduler& s, int& error);
  ~uring();

  void start(file_operation& op) noexcept;
  void cancel(file_operation& op) noexcept;
  bool busy() noexcept;

 private:
  explicit uring(scheduler& s) noexcept : sched_(s) {}
  void on_events(std::uint32_t events, ready_list& out) noexcept override;
  bool submit(file_operation& op) noexcept;
  void flush() noexcept;
  std::size_t reap(file_operation*& finished, file_operation*& given_up) noexcept;
  bool leave_to_pool(file_operation& op) noexcept;

  scheduler& sched_;
  io_uring ring_{};
  bool made_ = false;
  int event_ = -1;
  unsigned most_ = 0;  // in the kernel at a time

  std::mutex submitting_;  // the submission queue, and what follows
  unsigned in_kernel_ = 0;
  atomic<std::uint32_t> through_kernel_{0};
  file_operation* waiting_ = nullptr;
  file_operation** waiting_end_ = &waiting_;

  std::mutex reaping_;  // the completion queue
};

}  // namespace jay::detail
