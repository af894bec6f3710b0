// SPDX-License-Identifier: MIT
#include "net/simulated_socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <jay/detail/assert.hpp>
#include <jay/detail/reactor.hpp>

#include "net/simulated_network.hpp"

namespace jay::detail {
namespace {

/// As Linux sends again: from 0.2 s on, twice as long each time, at most 2 min. It gives up after 924.6 s.
constexpr int most_tries = 16;
std::chrono::milliseconds pause_before(int try_number) noexcept {
  return std::min(std::chrono::milliseconds(200) * (1 << std::min(try_number, 10)), std::chrono::milliseconds(120'000));
}

ssize_t failed(int e) noexcept {
  errno = e;
  return -1;
}

}  // namespace

// With a lock of the timers held: what it stands for comes when that is free.
simulated_socket::arrival::arrival(simulated_socket& s) noexcept : to(s) {
  fire = [](timer& t, ready_list& out) noexcept { out.defer(static_cast<arrival&>(t)); };
  run = [](deferred& d) noexcept { static_cast<arrival&>(d).to.arrive(); };
}

void simulated_socket::news::tell() noexcept {
  if (reader) reader->became_ready(direction::reading, lasting);
  if (writer) writer->became_ready(direction::writing, lasting);
  if (left_alone) left_alone->became_ready(direction::writing, false);
}

// ---- bytes ----

ssize_t simulated_socket::send(const void* data, std::size_t size) noexcept {
  spin_guard g(network_.mutex_);
  if (listening_) return failed(ENOTCONN);
  if (has_ended_) return failed(EPIPE);
  if (broken_ != 0) return failed(ended_ ? EPIPE : broken_);
  if (was_short_) return failed(EAGAIN);
  const std::size_t room = capacity - (peer_ ? peer_->held_ : in_vain_);
  std::size_t n = std::min(size, room);
  if (n < size) found_no_room_ = true;
  if (n == 0) return failed(EAGAIN);
  if (peer_) {
    if (n > 1 && network_.random_.chance(network_.settings_.short_writes)) {
      n = network_.random_.part_of(n);
      was_short_ = true;
    }
    if (local_.is_ip() && network_.random_.chance(network_.settings_.resets)) {
      peer_->coming(kind::reset, {});
      part();
      in_vain_ = n;
      coming(kind::reset, {});
      return static_cast<ssize_t>(n);
    }
    peer_->coming(kind::bytes, std::string(static_cast<const char*>(data), n));
  } else {
    if (in_vain_ == 0) coming(kind::reset, {}, network_.drawn_latency());  // the way there, and back
    in_vain_ += n;
  }
  return static_cast<ssize_t>(n);
}

ssize_t simulated_socket::receive(void* buffer, std::size_t size) noexcept {
  news n;
  {
    spin_guard g(network_.mutex_);
    if (listening_) return failed(ENOTCONN);
    if (arrived_.empty()) {
      if (ended_ || deaf_) return 0;
      return failed(broken_ != 0 ? broken_ : EAGAIN);
    }
    size = std::min(size, arrived_.size());
    if (size > 1 && network_.random_.chance(network_.settings_.short_reads)) size = network_.random_.part_of(size);
    std::memcpy(buffer, arrived_.view().data(), size);
    arrived_.drop(size);
    held_ -= size;
    if (!arrived_.empty() || ended_ || broken_ != 0 || deaf_) n.reader = this;
    if (peer_) {
      peer_->taken_at_ = network_.clock_.now();
      if (std::exchange(peer_->found_no_room_, false)) n.writer = peer_;
    }
  }
  n.tell();
  return static_cast<ssize_t>(size);
}

void simulated_socket::end_sending() noexcept {
  spin_guard g(network_.mutex_);
  if (!std::exchange(has_ended_, true) && peer_) peer_->coming(kind::end, {});
}

int simulated_socket::shutdown(int how) noexcept {
  news n;
  {
    spin_guard g(network_.mutex_);
    if (listening_ || broken_ != 0) {
      errno = ENOTCONN;
      return -1;
    }
    if (how != SHUT_WR) {
      deaf_ = true;
      n.reader = this;
      n.lasting = true;
    }
  }
  if (how != SHUT_RD) end_sending();
  n.tell();
  return 0;
}

std::chrono::steady_clock::duration simulated_socket::idle_since(std::chrono::steady_clock::time_point now) noexcept {
  spin_guard g(network_.mutex_);
  return now - taken_at_;
}

int simulated_socket::accept(accepted_socket& into) noexcept {
  spin_guard g(network_.mutex_);
  if (!listening_ || waiting_.empty()) {
    errno = listening_ ? EAGAIN : EINVAL;
    return -1;
  }
  into.socket = std::move(waiting_.front());
  waiting_.pop_front();
  return 0;
}

// ---- on the way ----

// On its way to this end, behind what is already. Where nobody is any more it is lost.
void simulated_socket::coming(kind what, std::string bytes, std::chrono::nanoseconds further) noexcept {
  if (!is_open_ || network_.stopped_) return;
  time_point due = network_.clock_.now() + further + network_.drawn_latency();
  if (!coming_.empty()) due = std::max(due, coming_.back().due);
  held_ += bytes.size();
  try {
    coming_.push_back({due, what, std::move(bytes)});
  } catch (const std::bad_alloc&) {
    fatal("out of memory: there is no room for what is on its way in the simulated network");
  }
  if (coming_.size() == 1) arm(due);
}

void simulated_socket::arm(time_point due) noexcept {
  if (timer_runs_) return;  // it has fired, and what follows it comes soon
  arrival_.deadline = due;
  try {
    network_.clock_.add(arrival_);
  } catch (const std::bad_alloc&) {
    fatal("out of memory: there is no room for a timer of the simulated network");
  }
  timer_runs_ = true;
  ++uses_;
}

// By the worker: the timer has fired.
void simulated_socket::arrive() noexcept {
  news n;
  {
    spin_guard g(network_.mutex_);
    timer_runs_ = false;
    if (!network_.stopped_ && is_open_) {
      const time_point now = network_.clock_.now();
      while (!coming_.empty() && coming_.front().due <= now) {
        if (network_.is_cut(machine_, peer_machine_)) {
          if (tries_ == most_tries) give_up(n);
          else coming_.front().due = now + pause_before(tries_++);
          break;
        }
        tries_ = 0;
        piece p = std::move(coming_.front());
        coming_.pop_front();
        take_in(std::move(p), n);
      }
      if (!coming_.empty()) arm(coming_.front().due);
    }
    leave();
  }
  n.tell();
}

void simulated_socket::take_in(piece p, news& n) noexcept {
  n.reader = this;
  switch (p.what) {
    case kind::bytes:
      try {
        arrived_.append(p.bytes);
      } catch (const std::bad_alloc&) {
        fatal("out of memory: there is no room for what has come in the simulated network");
      }
      if (peer_ && std::exchange(peer_->was_short_, false)) n.writer = peer_;
      break;
    case kind::end:
      ended_ = true;
      n.lasting = true;
      break;
    case kind::reset:
      break_by(ECONNRESET, n);
      break;
  }
}

/// Nothing has passed for too long. Who has sent it gets to know.
void simulated_socket::give_up(news& n) noexcept {
  for (const piece& p : coming_) held_ -= p.bytes.size();
  coming_.clear();
  tries_ = 0;
  if (!peer_) {
    if (in_vain_ != 0) break_by(ETIMEDOUT, n);
    return;
  }
  n.left_alone = this;
  part()->break_by(ETIMEDOUT, n);
}

/// Each end goes on alone: what they send is lost, and waits for nothing. Gives the one that was the peer, or null.
simulated_socket* simulated_socket::part() noexcept {
  simulated_socket* const other = std::exchange(peer_, nullptr);
  if (!other) return nullptr;
  other->peer_ = nullptr;
  was_short_ = found_no_room_ = other->was_short_ = other->found_no_room_ = false;
  return other;
}

void simulated_socket::break_by(int e, news& n) noexcept {
  if (broken_ == 0) broken_ = e;
  was_short_ = found_no_room_ = false;
  n.reader = n.writer = this;
  n.lasting = true;
}

// ---- its life ----

// Closed, and nobody is inside any more.
void simulated_socket::released() noexcept {
  std::deque<socket_handle> refused;
  news n;
  {
    spin_guard g(network_.mutex_);
    is_open_ = false;
    if (listening_) {
      network_.forget(*this);
      refused.swap(waiting_);
      for (socket_handle& s : refused) static_cast<simulated_socket*>(s.ref().stream)->aborts_ = true;
    } else if (peer_) {
      const bool unread = !arrived_.empty() || aborts_;
      if (!unread && !has_ended_) peer_->coming(kind::end, {});
      if (unread || holds_bytes()) peer_->coming(kind::reset, {});
      n.left_alone = part();
    }
    coming_.clear();
    arrived_ = {};
    held_ = 0;
    if (timer_runs_ && network_.clock_.remove(arrival_)) {  // else it has fired, and leaves by itself
      timer_runs_ = false;
      leave();
    }
    leave();
  }
  n.tell();
}

void simulated_socket::disowned() noexcept {
  std::shared_ptr<simulated_network> last;  // with it this may go
  {
    spin_guard g(network_.mutex_);
    last = std::move(kept_by_owner_);
    leave();
  }
}

void simulated_socket::leave() noexcept {
  if (--uses_ != 0) return;
  try {
    network_.free_.push_back(this);
  } catch (const std::bad_alloc&) {  // then it is not used again
  }
}

std::string simulated_socket::describe(std::uint32_t incarnation) {
  address name;
  {
    spin_guard g(mutex());
    if (!is_open(incarnation)) return "closed socket";
    name = listening_ ? local_ : peer_name_;
  }
  return name.to_string();
}

bool simulated_socket::listens() const noexcept { return listening_; }
address simulated_socket::local() const noexcept { return local_; }
address simulated_socket::peer() const noexcept { return peer_name_; }

}  // namespace jay::detail
