// SPDX-License-Identifier: MIT
#include "uring.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "file_pool.hpp"

namespace jay::detail {
namespace {

constexpr unsigned queue_size = 256;

/// 0, or why it will not do.
int missing_calls(io_uring& ring) noexcept {
  io_uring_probe* p = io_uring_get_probe_ring(&ring);
  if (!p) return ENOMEM;
  bool all = true;
  for (int call : {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_FSYNC, IORING_OP_OPENAT, IORING_OP_ASYNC_CANCEL})
    all = all && io_uring_opcode_supported(p, call);
  io_uring_free_probe(p);
  return all ? 0 : ENOSYS;
}

void prepare(io_uring_sqe* sqe, file_operation& op) noexcept {
  constexpr std::size_t most = 1u << 30;  // a system call's limit is a little less than 2 GiB
  auto size = static_cast<unsigned>(std::min(op.size - op.done, most));
  switch (op.call) {
    case file_call::open: io_uring_prep_openat(sqe, AT_FDCWD, op.path, op.flags, op.mode); break;
    case file_call::read: io_uring_prep_read(sqe, op.fd, op.data + op.done, size, op.file_offset()); break;
    case file_call::write: io_uring_prep_write(sqe, op.fd, op.data + op.done, size, op.file_offset()); break;
    case file_call::sync: io_uring_prep_fsync(sqe, op.fd, 0); break;
  }
  io_uring_sqe_set_data(sqe, &op);
}

}  // namespace

std::unique_ptr<uring> uring::make(scheduler& s, int& error) {
  std::unique_ptr<uring> u(new uring(s));
  io_uring_params params{};
  error = -io_uring_queue_init_params(queue_size, &u->ring_, &params);
  if (error != 0) return nullptr;
  u->made_ = true;
  u->most_ = params.cq_entries;
  error = missing_calls(u->ring_);
  if (error != 0) return nullptr;
  u->event_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (u->event_ < 0) {
    error = errno;
    return nullptr;
  }
  error = -io_uring_register_eventfd(&u->ring_, u->event_);
  if (error != 0) return nullptr;
  reactor_of(s).add(u->event_, EPOLLIN, u.get());
  return u;
}

uring::~uring() {
  if (made_) io_uring_queue_exit(&ring_);
  if (event_ >= 0) ::close(event_);
}

void uring::start(file_operation& op) noexcept {
  std::lock_guard g(submitting_);
  if (!waiting_ && in_kernel_ < most_ && submit(op)) return;
  op.next = nullptr;
  *waiting_end_ = &op;
  waiting_end_ = &op.next;
}

bool uring::busy() noexcept {
  std::lock_guard g(submitting_);
  return in_kernel_ != 0 || waiting_;
}

/// With the lock held. False: there is no room.
bool uring::submit(file_operation& op) noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (!sqe) return false;
  prepare(sqe, op);
  ++in_kernel_;
  through_kernel_.fetch_add(1, std::memory_order_release);  // [U1] the operation; with [U1] in reap
  flush();
  return true;
}

/// With the lock held. What the kernel does not take now for want of memory stays in the queue until something completes.
void uring::flush() noexcept {
  for (;;) {
    int n = io_uring_submit(&ring_);
    if (n == -EINTR) continue;
    if (n >= 0 || in_kernel_ > io_uring_sq_ready(&ring_)) return;
    thread_yield();  // the kernel has nothing of ours whose completion could be waited for
  }
}

void uring::cancel(file_operation& op) noexcept {
  op.cancel_wanted.store(true, std::memory_order_relaxed);  // with the result that it causes, which the kernel orders
  bool never_began = false;
  {
    std::lock_guard g(submitting_);
    for (file_operation** p = &waiting_; *p; p = &(*p)->next) {
      if (*p != &op) continue;
      *p = op.next;
      if (waiting_end_ == &op.next) waiting_end_ = p;
      never_began = true;
      break;
    }
    if (!never_began) {
      io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
      if (!sqe) return;  // it ends by itself
      io_uring_prep_cancel(sqe, &op, 0);
      io_uring_sqe_set_data(sqe, nullptr);
      while (io_uring_submit(&ring_) == -EINTR) {
      }
      // Not taken now: by the time that it is, op's address may be another's.
      if (io_uring_sq_ready(&ring_) != 0) {
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data(sqe, nullptr);
      }
    }
  }
  if (never_began) {
    op.result = -ECANCELED;
    op.finished(nullptr);
  }
}

/// Takes up to a few completions; gives the operations that have ended and those that the kernel gave up, and how many
/// completions there were.
std::size_t uring::reap(file_operation*& finished, file_operation*& given_up) noexcept {
  constexpr unsigned batch = 64;
  io_uring_cqe* cqes[batch];
  file_operation* again = nullptr;
  std::size_t left = 0;
  unsigned n;
  {
    std::lock_guard g(reaping_);
    n = io_uring_peek_batch_cqe(&ring_, cqes, batch);
    for (unsigned i = 0; i < n; ++i) {
      auto* op = static_cast<file_operation*>(io_uring_cqe_get_data(cqes[i]));
      if (!op) continue;  // a cancel
      // [U1] acquire: the kernel orders the submission before this, which nothing that looks at user code can know
      (void)through_kernel_.load(std::memory_order_acquire);
      ++left;
      bool refused = cqes[i]->res == -ECANCELED && !op->cancel_wanted.load(std::memory_order_relaxed);
      file_operation*& list = refused ? given_up : op->advance(cqes[i]->res) ? finished : again;
      op->next = list;
      list = op;
    }
    io_uring_cq_advance(&ring_, n);
  }
  {
    std::lock_guard g(submitting_);
    in_kernel_ -= static_cast<unsigned>(left);
    if (n > 0 && io_uring_sq_ready(&ring_) != 0) flush();
  }
  while (again) {
    file_operation* op = again;
    again = op->next;
    start(*op);
  }
  return n;
}

/// The kernel could not start a thread of its own for it: threads are at their limit, or signals kept interrupting. Ours
/// are there already, as a rule. False: they are not, and the operation has ended with that error.
bool uring::leave_to_pool(file_operation& op) noexcept {
  try {
    run_in_pool(sched_, op);
    return true;
  } catch (const std::system_error& e) {
    op.result = -e.code().value();
  } catch (...) {
    op.result = -EAGAIN;
  }
  return false;
}

void uring::on_events(std::uint32_t, ready_list& out) noexcept {
  for (;;) {
    file_operation *finished = nullptr, *given_up = nullptr;
    std::size_t n = reap(finished, given_up);
    {
      std::lock_guard g(submitting_);
      while (waiting_ && in_kernel_ < most_) {
        file_operation* op = waiting_;
        file_operation* next = op->next;
        if (!submit(*op)) break;  // op may be gone
        waiting_ = next;
        if (!next) waiting_end_ = &waiting_;
      }
    }
    while (given_up) {
      file_operation* op = given_up;
      given_up = op->next;
      if (leave_to_pool(*op)) continue;
      op->next = finished;
      finished = op;
    }
    while (finished) {
      file_operation* op = finished;
      finished = op->next;
      op->finished(&out);
    }
    if (n == 0) return;
  }
}

}  // namespace jay::detail
