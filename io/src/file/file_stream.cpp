// SPDX-License-Identifier: MIT
#include "file_stream.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "errors.hpp"

namespace jay::detail {
namespace {

/// write(2) that raises no SIGPIPE.
ssize_t write_quietly(int fd, const void* data, std::size_t size) noexcept {
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const bool blocked = sigismember(&before, SIGPIPE) == 1;
  const bool was_pending = blocked && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
  ssize_t n = retry([&] { return ::write(fd, data, size); });
  int e = errno;
  if (n < 0 && e == EPIPE && !was_pending) {
    const timespec at_once{};
    while (sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  if (!blocked) pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = e;
  return n;
}

/// A FIFO that is read before anybody has opened it for writing has no end yet, although read(2) gives 0. poll(2) knows
/// the difference: it reports a hang-up only when a writer was there.
bool has_ended(int fd) noexcept {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) < 0 || (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

file_stream::file_stream(int fd, bool is_fifo, reactor& r)
    : fd_(fd, address(), r, fd_kind::pipe),
      reading_(fd_.ref(), direction::reading, is_fifo),
      writing_(fd_.ref(), direction::writing, is_fifo) {}

void file_stream::side::start(file_operation& op) noexcept {
  op.next = nullptr;
  {
    spin_guard g(mutex_);
    if (turn_) {
      *waiting_end_ = &op;
      waiting_end_ = &op.next;
      return;
    }
    turn_ = &op;
  }
  go_on(nullptr);
}

void file_stream::side::cancel(file_operation& op) noexcept {
  bool whose_turn;
  {
    spin_guard g(mutex_);
    op.cancel_wanted.store(true, std::memory_order_relaxed);  // relaxed: the slot's lock orders it with arm and rearm
    whose_turn = turn_ == &op;
    if (whose_turn) {
      if (!ref_.slot->forget(direction_, *this)) return;  // it is being attempted, or has ended
    } else {
      file_operation** p = &waiting_;
      while (*p && *p != &op) p = &(*p)->next;
      if (!*p) return;  // it has ended
      *p = op.next;
      if (waiting_end_ == &op.next) waiting_end_ = p;
    }
  }
  op.result = -ECANCELED;
  if (!whose_turn) return op.finished(nullptr);
  if (finish(nullptr)) go_on(nullptr);
}

// Inside the slot, with the turn: no cancel takes the operation away meanwhile.
io_step file_stream::side::attempt() noexcept {
  file_operation& op = *turn_;
  const int fd = ref_.slot->fd();
  for (;;) {
    std::size_t left = op.size - op.done;
    ssize_t n = direction_ == direction::reading ? retry([&] { return ::read(fd, op.data + op.done, left); })
                                                 : write_quietly(fd, op.data + op.done, left);
    if (n < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return io_step::again;
      op.result = -errno;
      return io_step::done;
    }
    if (direction_ == direction::reading) {
      if (n == 0 && is_fifo_ && !has_ended(fd)) return io_step::again;
      op.done = static_cast<std::size_t>(n);
      return io_step::done;  // a short read does not say that there is no more: a terminal gives a line at a time
    }
    op.done += static_cast<std::size_t>(n);
    if (op.done == op.size) return io_step::done;
  }
}

bool file_stream::side::arm() noexcept { return !turn_->cancel_wanted.load(std::memory_order_relaxed); }

bool file_stream::side::rearm() noexcept {
  if (arm()) return true;
  turn_->result = -ECANCELED;
  return false;
}

void file_stream::side::closed() noexcept { turn_->result = -EBADF; }

void file_stream::side::ended(ready_list* out) noexcept {
  if (finish(out)) go_on(out);
}

/// Has the turn for the first of the queue. *this may be gone afterwards.
void file_stream::side::go_on(ready_list* out) noexcept {
  while (carry_out())
    if (!finish(out)) return;
}

/// False: the operation waits for an event.
bool file_stream::side::carry_out() noexcept {
  fd_slot::progress p = ref_.slot->start(direction_, ref_.incarnation, *this);
  if (p == fd_slot::progress::waits) p = ref_.slot->park(direction_, *this);
  switch (p) {
    case fd_slot::progress::suspended: return false;
    case fd_slot::progress::cancelled: turn_->result = -ECANCELED; return true;
    case fd_slot::progress::busy:
    case fd_slot::progress::closed: closed(); return true;
    default: return true;
  }
}

/// The operation has its result. True: the next one has the turn; else *this may be gone.
bool file_stream::side::finish(ready_list* out) noexcept {
  file_operation* op;
  bool more;
  {
    spin_guard g(mutex_);
    op = turn_;
    turn_ = waiting_;
    more = turn_ != nullptr;
    if (more) {
      waiting_ = turn_->next;
      if (!waiting_) waiting_end_ = &waiting_;
    }
  }
  op->finished(out);
  return more;
}

}  // namespace jay::detail
