// SPDX-License-Identifier: MIT
#include <jay/detail/fd_slot.hpp>

#include <linux/sockios.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "errors.hpp"
#include "sockets.hpp"

namespace jay::detail {

/// Never freed, also at the end of the process: sockets in static objects are closed after everything else. Locked while
/// the process is forked, so that the child does not find it locked by a thread that it does not have.
struct slot_slab {
  spin_mutex mutex;
  std::deque<fd_slot> all;
  fd_slot* free = nullptr;

  slot_slab() noexcept {
    pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); }, [] { instance().in_child(); });
  }
  static slot_slab& instance() {
    static slot_slab& s = *new slot_slab;
    return s;
  }
  // An event that is out of date may have had a free slot locked, too: those of the parent are not used again.
  void in_child() noexcept {
    free = nullptr;
    mutex.unlock();
  }

  fd_slot& take() {
    spin_guard g(mutex);
    if (!free) return all.emplace_back();
    return *std::exchange(free, free->next_free_);
  }
  void give_back(fd_slot& s) noexcept {
    spin_guard g(mutex);
    s.current_ = 0;
    s.next_free_ = free;
    free = &s;
  }
  void opened(fd_slot& s, std::uint32_t incarnation, const scheduler& home) noexcept {
    spin_guard g(mutex);
    s.home_ = &home;
    s.current_ = incarnation;
  }
};

void fd_slot::on_events(std::uint32_t events, ready_list& out) noexcept {
  constexpr std::uint32_t ends_both = EPOLLHUP | EPOLLERR;
  constexpr std::uint32_t lasts_reading = ends_both | EPOLLRDHUP | EPOLLPRI;
  if (events & (EPOLLIN | lasts_reading)) became_ready(direction::reading, events & lasts_reading, &out);
  if (events & (EPOLLOUT | ends_both)) became_ready(direction::writing, events & ends_both, &out);
}

namespace {

/// What says that no more can come from the peer, although it has not said so itself. EPIPE is none of these: the peer's
/// end has come before it, or the sending half was shut down here.
bool breaks_connection(int e) noexcept {
  switch (e) {
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENETRESET:
    case ECONNREFUSED:
    case EPROTO: return true;
    default: return false;
  }
}

}  // namespace

ssize_t fd_slot::send(const void* data, std::size_t size) noexcept {
  send_under_way_.store(true, std::memory_order_relaxed);  // relaxed: the socket's lock orders it before who reads after this
  ssize_t n = retry([&] { return ::send(fd_, data, size, MSG_NOSIGNAL); });
  int e = errno;
  if (n < 0 && breaks_connection(e)) broken_.store(e, std::memory_order_relaxed);
  if (n > 0) sent_bytes_.store(sent_bytes_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(n), std::memory_order_relaxed);
  send_under_way_.store(false, std::memory_order_release);  // [B1]
  errno = e;
  return n;
}

ssize_t fd_slot::receive(void* buffer, std::size_t size) noexcept {
  ssize_t n = retry([&] { return ::recv(fd_, buffer, size, 0); });
  if (n > 0 || size == 0) return n;
  if (n < 0) {
    if (breaks_connection(errno)) broken_.store(errno, std::memory_order_relaxed);
    return n;
  }
  while (send_under_way_.load(std::memory_order_acquire)) thread_yield();  // [B1]
  int e = broken_.load(std::memory_order_relaxed);
  if (e == 0) return 0;
  errno = e;
  return -1;
}

std::chrono::steady_clock::duration fd_slot::idle_since(std::chrono::steady_clock::time_point now) noexcept {
  int on_its_way = 0;  // in the kernel, and not acknowledged
  if (::ioctl(fd_, SIOCOUTQ, &on_its_way) != 0) on_its_way = 0;
  std::uint64_t taken = sent_bytes_.load(std::memory_order_relaxed) - static_cast<std::uint64_t>(on_its_way);
  spin_guard g(mutex());
  if (taken_at_ == std::chrono::steady_clock::time_point() || taken != taken_) {
    taken_ = taken;
    taken_at_ = now;
  }
  return now - taken_at_;
}

void byte_stream::shut(std::uint32_t incarnation) noexcept {
  for (slot_operation* op : close(incarnation).op)
    if (op) op->ended(nullptr);
}

void fd_slot::end_sending() noexcept { ::shutdown(fd_, SHUT_WR); }

int fd_slot::accept(accepted_socket& into) noexcept {
  for (int failed = 0;; ++failed) {
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int s = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s >= 0) {
      into.fd = s;
      into.peer = address(reinterpret_cast<const sockaddr*>(&peer), size);
      return 0;
    }
    switch (errno) {
      case EINTR:
      // what went wrong with the new connection before it was accepted (accept(2))
      case ECONNABORTED:
      case EPROTO:
      case ENETDOWN:
      case ENOPROTOOPT:
      case EHOSTDOWN:
      case ENONET:
      case EHOSTUNREACH:
      case EOPNOTSUPP:
      case ENETUNREACH:
      case EPERM:
        if (failed < 100) continue;
        [[fallthrough]];
      default: return -1;
    }
  }
}

bool fd_slot::listens() const noexcept {
  int listens = 0;
  socklen_t size = sizeof listens;
  return ::getsockopt(fd_, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}
address fd_slot::local() const noexcept { return name_of(fd_, &::getsockname); }
address fd_slot::peer() const noexcept { return name_of(fd_, &::getpeername); }
int fd_slot::shutdown(int how) noexcept { return ::shutdown(fd_, how); }
int fd_slot::set_option(int level, int name, int value) noexcept {
  return ::setsockopt(fd_, level, name, &value, sizeof value);
}

void fd_slot::released() noexcept {
  ::close(fd_);
  slot_slab::instance().give_back(*this);
}

std::string fd_slot::describe(std::uint32_t incarnation) {
  address name;
  {
    spin_guard g(mutex());
    if (!is_open(incarnation)) return "closed socket";
    name = name_;
  }
  return name.to_string();
}

std::pair<fd_slot*, std::uint32_t> fd_slot::adopt(int fd, const address& name, reactor& r, fd_kind kind) {
  slot_slab& slab = slot_slab::instance();
  fd_slot* s;
  try {
    s = &slab.take();
  } catch (...) {
    ::close(fd);
    throw;
  }
  {
    spin_guard g(s->mutex());  // who has kept a reference to the slot's last fd may be in describe()
    s->fd_ = fd;
    s->name_ = name;
    s->taken_at_ = {};
  }
  s->broken_.store(0, std::memory_order_relaxed);
  s->sent_bytes_.store(0, std::memory_order_relaxed);
  s->closing_.store(false, std::memory_order_relaxed);
  // What is not connected yet is not tried before its event: the attempt would find an end, or an error, that is none.
  std::uint32_t incarnation = s->open(kind == fd_kind::connected || kind == fd_kind::listening, kind == fd_kind::connected);
  slab.opened(*s, incarnation, r.sched());
  try {
    r.add(fd, kind == fd_kind::listening ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI, s);
  } catch (...) {
    s->shut(incarnation);
    throw;
  }
  return {s, incarnation};
}

bool fd_slot::any_open(const scheduler& home) noexcept {
  slot_slab& slab = slot_slab::instance();
  spin_guard g(slab.mutex);
  return std::any_of(slab.all.begin(), slab.all.end(),
                     [&home](const fd_slot& s) { return s.home_ == &home && s.current_ != 0; });
}

void fd_slot::shut_all(const scheduler& home) noexcept {
  slot_slab& slab = slot_slab::instance();
  for (std::size_t i = 0;; ++i) {
    fd_slot* s = nullptr;
    std::uint32_t incarnation = 0;
    {
      spin_guard g(slab.mutex);
      if (i >= slab.all.size()) return;
      s = &slab.all[i];
      incarnation = s->home_ == &home ? s->current_ : 0;
    }
    if (incarnation != 0) s->shut(incarnation);
  }
}

std::size_t fd_slot::shut_stalled(const scheduler& home, std::chrono::steady_clock::duration limit) noexcept {
  const auto now = std::chrono::steady_clock::now();
  slot_slab& slab = slot_slab::instance();
  std::size_t cut = 0;
  for (std::size_t i = 0;; ++i) {
    slot_ref ref;
    {
      spin_guard g(slab.mutex);
      if (i >= slab.all.size()) return cut;
      fd_slot& s = slab.all[i];
      if (s.home_ != &home || s.current_ == 0 || !s.closing_.load(std::memory_order_relaxed)) continue;
      ref = slot_ref{&s, s.current_};
    }
    bool stalled = false;
    if (pinned_fd pinned(ref); pinned) stalled = ref.slot->idle_since(now) >= limit;
    if (!stalled) continue;
    ref.slot->shut(ref.incarnation);
    ++cut;
  }
}

}  // namespace jay::detail
