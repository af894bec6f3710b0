// SPDX-License-Identifier: MIT
#include <jay/detail/fd_slot.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <deque>

namespace jay::detail {

/// Never freed, also at the end of the process: sockets in static objects are closed after everything else.
struct slot_slab {
  spin_mutex mutex;
  std::deque<fd_slot> all;
  fd_slot* free = nullptr;

  static slot_slab& instance() {
    static slot_slab& s = *new slot_slab;
    return s;
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
  if (events & (EPOLLIN | lasts_reading))
    if (slot_operation* op = on_ready(direction::reading, events & lasts_reading)) op->ended(&out);
  if (events & (EPOLLOUT | ends_both))
    if (slot_operation* op = on_ready(direction::writing, events & ends_both)) op->ended(&out);
}

void fd_slot::shut(std::uint32_t incarnation) noexcept {
  for (slot_operation* op : close(incarnation).op)
    if (op) op->ended(nullptr);
}

void fd_slot::released() noexcept {
  ::close(fd_);
  slot_slab::instance().give_back(*this);
}

std::string fd_slot::describe(std::uint32_t incarnation) noexcept {
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
  }
  std::uint32_t incarnation = s->open(kind != fd_kind::connecting, kind == fd_kind::connected);
  slab.opened(*s, incarnation, r.sched());
  try {
    r.add(fd, kind == fd_kind::listening ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI, s);
  } catch (...) {
    s->shut(incarnation);
    throw;
  }
  return {s, incarnation};
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

}  // namespace jay::detail
