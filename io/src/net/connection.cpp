// SPDX-License-Identifier: MIT
#include <jay/detail/connection.hpp>

#include <algorithm>
#include <stdexcept>

#include <jay/scheduler.hpp>

#include "errors.hpp"

namespace jay::detail {
namespace {

/// Kept by an idle connection; more is given back.
constexpr std::size_t kept_capacity = 16 * 1024;

void empty(std::string& s) noexcept {
  if (s.capacity() > kept_capacity) std::string().swap(s);
  else s.clear();
}

/// The most that one system call sends: while it runs, an abort waits, and the buffer counts as full.
constexpr ssize_t piece = 256 * 1024;

}  // namespace

connection::connection(stream_handle s, address local, address peer) noexcept
    : stream_(std::move(s)), ref_(stream_.ref()), local_(local), peer_(peer) {}

connection::~connection() {
  if (!shut_ && owner_) owner_->lost(*this);
}

void connection::write(std::string_view data) {
  {
    spin_guard g(mutex_);
    if (eof_wanted_) throw std::runtime_error("write: the writer has said that nothing more comes (write_eof)");
    if (closing_ || shut_ || error_ != 0 || data.empty()) return;
    if (flushing_) {
      pending_.append(data);
      return grew(data.size());
    }
    flushing_ = true;
  }
  direct_ = data;
  byte_stream::progress p = ref_.stream->start(direction::writing, ref_.incarnation, *this);
  if (p != byte_stream::progress::waits) {
    if (p != byte_stream::progress::done) closed();
    if (finish_flush()) return;
    retain();
    return flush();
  }
  try {
    sending_.assign(std::exchange(direct_, {}));
  } catch (...) {
    ref_.stream->leave(direction::writing, false);
    fail(ENOMEM);  // a part is on its way, so nothing that comes later may be
    finish_flush();
    throw;
  }
  sent_ = 0;
  {
    spin_guard g(mutex_);
    grew(sending_.size());
  }
  retain();
  if (!wait_for_room()) flush_on();
}

void connection::grew(std::size_t n) noexcept {
  buffered_ += n;
  if (buffered_ > high_) paused_ = true;
}

/// False: it was shut meanwhile.
bool connection::took(std::size_t n) noexcept {
  woken_list woken;
  bool shut;
  {
    spin_guard g(mutex_);
    shut = shut_;
    buffered_ -= n;
    if (paused_ && buffered_ <= low_) {
      paused_ = false;
      drainers_.claim_all(woken);
    }
  }
  woken.wake_all();
  return !shut;
}

void connection::fail(int e) noexcept {
  woken_list woken;
  {
    spin_guard g(mutex_);
    if (error_ == 0 && (e != ECANCELED || !shut_)) error_ = e;  // the first; closed by abort: no error
    empty(pending_);
    buffered_ = 0;
    paused_ = false;
    drainers_.claim_all(woken);
    if (!closing_) closers_.claim_all(woken);
  }
  direct_ = {};
  empty(sending_);
  sent_ = 0;
  woken.wake_all();
}

void connection::broke(int e) noexcept {
  woken_list woken;
  {
    spin_guard g(mutex_);
    if (error_ != 0 || shut_) return;
    error_ = e;
    drainers_.claim_all(woken);
    if (!closing_) closers_.claim_all(woken);
  }
  woken.wake_all();  // who flushes finds the same error
}

// Inside the slot, or resumed by an event: sends what there is.
io_step connection::attempt() noexcept { return direct_.empty() ? send_buffered() : send_direct(); }

io_step connection::send_buffered() noexcept {
  for (;;) {
    if (sent_ == sending_.size()) {
      spin_guard g(mutex_);
      empty(sending_);
      sent_ = 0;
      if (pending_.empty()) return io_step::done;
      sending_.swap(pending_);
    }
    ssize_t n = send_piece(std::string_view(sending_).substr(sent_));
    if (n < 0) return not_sent();
    sent_ += static_cast<std::size_t>(n);
    if (!took(static_cast<std::size_t>(n))) return io_step::again;  // suspend finds it closed, or is ended by shut
    if (sent_ < sending_.size() && n < piece) return io_step::again;  // full: an event will come
  }
}

/// What write() was given, before it returns: nothing is copied that the kernel takes at once.
io_step connection::send_direct() noexcept {
  for (;;) {
    ssize_t n = send_piece(direct_);
    if (n == static_cast<ssize_t>(direct_.size())) [[likely]] {
      direct_ = {};
      return io_step::done;
    }
    if (n < 0) return not_sent();
    direct_.remove_prefix(static_cast<std::size_t>(n));
    if (n != piece || is_shut()) return io_step::again;  // shut: suspend finds it
  }
}

io_step connection::not_sent() noexcept {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return io_step::again;
  fail(errno);
  return io_step::done;
}

ssize_t connection::send_piece(std::string_view data) noexcept {
  return ref_.stream->send(data.data(), std::min<std::size_t>(data.size(), piece));
}

// The slot was closed: by shut, or by the end of the runtime.
void connection::closed() noexcept { fail(ECANCELED); }

void connection::ended(ready_list*) noexcept { flush_on(); }

// From here on who flushes has the right to send, and a reference, which it gives back at the end.
void connection::flush_on() noexcept {
  if (finish_flush()) release();
  else flush();
}
void connection::flush() noexcept {
  do {
    byte_stream::progress p = ref_.stream->start(direction::writing, ref_.incarnation, *this);
    if (p == byte_stream::progress::waits) {
      if (wait_for_room()) return;  // the event goes on; *this may be gone
    } else if (p != byte_stream::progress::done) {
      closed();
    }
  } while (!finish_flush());
  release();
}
/// False: it did not come to that.
bool connection::wait_for_room() noexcept {
  byte_stream::progress p = ref_.stream->park(direction::writing, *this);
  if (p == byte_stream::progress::suspended) return true;
  if (p != byte_stream::progress::done) closed();
  return false;
}

/// Gives the right to send up, and does what was asked for meanwhile. False: there is more to send.
bool connection::finish_flush() noexcept {
  bool eof, close;
  {
    spin_guard g(mutex_);
    if (error_ == 0 && !shut_ && !pending_.empty()) return false;
    flushing_ = false;
    eof = eof_wanted_ && !eof_sent_ && !shut_;
    eof_sent_ |= eof;
    close = closing_;
  }
  if (eof) {
    if (pinned_stream s(ref_); s) s->end_sending();
  }
  if (close) shut();
  return true;
}

void connection::write_eof() {
  {
    spin_guard g(mutex_);
    if (closing_ || shut_ || eof_wanted_) return;
    eof_wanted_ = true;
    if (flushing_) return;
    flushing_ = true;
  }
  finish_flush();
}

void connection::close() noexcept {
  {
    spin_guard g(mutex_);
    if (closing_) return;
    closing_ = true;
    if (flushing_) {
      if (pinned_stream s(ref_); s) s->closes_when_sent();
      return;
    }
  }
  shut();
}

void connection::abort() noexcept {
  {
    spin_guard g(mutex_);
    closing_ = true;
  }
  shut();
}

void connection::shut() noexcept {
  retain();  // who is woken may drop the last reference
  {
    spin_guard g(mutex_);
    if (shut_) return release();
    shut_ = true;
  }
  ref_.stream->shut(ref_.incarnation);
  if (owner_) owner_->lost(*this);
  woken_list woken;
  {
    spin_guard g(mutex_);
    paused_ = false;
    drainers_.claim_all(woken);
    closers_.claim_all(woken);
  }
  woken.wake_all();
  release();
}

int connection::error() const noexcept {
  spin_guard g(mutex_);
  return error_;
}
bool connection::is_closing() const noexcept {
  spin_guard g(mutex_);
  return closing_ || shut_ || error_ != 0;
}
bool connection::is_shut() const noexcept {
  spin_guard g(mutex_);
  return shut_;
}
bool connection::is_stalled(std::chrono::steady_clock::time_point now,
                            std::chrono::steady_clock::duration limit) const noexcept {
  pinned_stream s(ref_);
  return s && is_closing() && s->idle_since(now) >= limit;
}
std::size_t connection::buffered() const noexcept {
  spin_guard g(mutex_);
  return buffered_;
}
void connection::set_limits(std::size_t high, std::size_t low) {
  if (low > high) throw std::invalid_argument("write buffer limits: the low one is above the high one");
  woken_list woken;
  {
    spin_guard g(mutex_);
    high_ = high;
    low_ = low;
    paused_ = buffered_ > high_;
    if (!paused_) drainers_.claim_all(woken);
  }
  woken.wake_all();
}

// ---- drain ----

bool drain_awaiter::await_ready() const noexcept {
  if (!this_worker->spend()) return false;
  connection& c = *connection_;
  spin_guard g(c.mutex_);
  return !c.paused_ || c.shut_ || c.error_ != 0;
}

bool drain_awaiter::suspend() {
  if (refused()) return false;
  connection& c = *connection_;
  {
    spin_guard g(c.mutex_);
    if (c.paused_ && !c.shut_ && c.error_ == 0) return c.drainers_.suspend(*this);
  }
  return !go_on_at_once(*this);
}

void drain_awaiter::await_resume() {
  connection& c = *connection_;
  int error;
  bool shut;
  {
    spin_guard g(c.mutex_);
    if (cancelled()) c.drainers_.remove(*this);
    error = c.error_;
    shut = c.shut_;
  }
  finish();
  if (error != 0) throw_error(error, "write to " + c.peer().to_string());
  if (shut) throw_error(ENOTCONN, "drain: the connection to " + c.peer().to_string() + " is closed");
}

// ---- wait_closed ----

bool closed_awaiter::suspend() {
  if (refused()) return false;
  connection& c = *connection_;
  {
    spin_guard g(c.mutex_);
    if (!c.shut_ && (c.error_ == 0 || c.closing_)) return c.closers_.suspend(*this);
  }
  return !go_on_at_once(*this);
}

void closed_awaiter::await_resume() {
  connection& c = *connection_;
  int error;
  {
    spin_guard g(c.mutex_);
    if (cancelled()) c.closers_.remove(*this);
    error = c.error_;
  }
  finish();
  if (error != 0) throw_error(error, "close the connection to " + c.peer().to_string());
}

}  // namespace jay::detail
