// SPDX-License-Identifier: MIT
#include "descriptors.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <jay/detail/log.hpp>

#include "errors.hpp"

namespace jay::detail {
namespace {

constexpr direction both[] = {direction::reading, direction::writing};

// As asyncio's: an end or an error of the connection is for either to find out.
std::uint32_t wanted(direction d) noexcept { return d == direction::reading ? EPOLLIN : EPOLLOUT; }
bool is_for(std::uint32_t events, direction d) noexcept {
  return events & ~(d == direction::reading ? EPOLLOUT : EPOLLIN);
}

bool is_ready(int fd, direction d) noexcept {
  pollfd p{};
  p.fd = fd;
  p.events = d == direction::reading ? POLLIN : POLLOUT;
  return retry([&] { return ::poll(&p, 1, 0); }) > 0 && !(p.revents & POLLNVAL);
}

}  // namespace

service_key loop_descriptors::key{"descriptors", make_at_first_use<loop_descriptors>};

// With the mutex held, as each of these that takes a watch.
int loop_descriptors::arm(watch& w) noexcept {
  std::uint32_t events = 0;
  for (direction d : both)
    if (w.at(d).call && !w.at(d).queued) events |= wanted(d);
  if (events == 0) return 0;
  const int e = reactor_.arm_once(w.fd, events, &w, w.registered);
  if (e == 0) w.registered = true;
  return e;
}

void loop_descriptors::add(const char* what, int fd, direction d, handler f, event_loop& l) {
  if (fd < 0) throw std::invalid_argument(std::string(what) + ": " + std::to_string(fd) + " is no file descriptor");
  auto fresh = std::make_shared<const handler>(std::move(f));
  std::lock_guard g(mutex_);
  loop_ = &l;
  auto& w = all_[fd];
  if (!w) w = std::make_unique<watch>(*this, fd);
  w->at(d).call.swap(fresh);  // what goes is destroyed after the unlock: it is a user's
  const int e = arm(*w);
  if (e == 0) return;
  w->at(d).call.swap(fresh);
  if (e == EEXIST)
    throw std::runtime_error(std::string(what) + ": descriptor " + std::to_string(fd) +
                             " belongs to a socket of jay's; await that socket's operations instead");
  throw_error(e, std::string(what) + ": descriptor " + std::to_string(fd));
}

bool loop_descriptors::remove(int fd, direction d) noexcept {
  std::shared_ptr<const handler> gone;
  std::lock_guard g(mutex_);
  auto at = all_.find(fd);
  if (at == all_.end()) return false;
  watch& w = *at->second;
  gone.swap(w.at(d).call);
  if (gone && !w.watched() && std::exchange(w.registered, false)) reactor_.forget(fd);
  return gone != nullptr;
}

void loop_descriptors::stop(ending&) noexcept {
  for (;;) {
    int fd = -1;
    direction d = direction::reading;
    {
      std::lock_guard g(mutex_);
      for (auto& [number, w] : all_)
        for (direction one : both)
          if (w->at(one).call) {
            fd = number;
            d = one;
          }
    }
    if (fd < 0) return;
    remove(fd, d);
  }
}

bool loop_descriptors::any() const noexcept {
  std::lock_guard g(mutex_);
  return std::any_of(all_.begin(), all_.end(), [](const auto& one) { return one.second->watched(); });
}

void loop_descriptors::ready(watch& w, std::uint32_t events) noexcept {
  std::lock_guard g(mutex_);
  for (direction d : both) {
    side& s = w.at(d);
    if (!s.call || s.queued || !is_for(events, d)) continue;
    try {
      loop_->call_soon_threadsafe([this, &w, d] { call(w, d); });
      s.queued = true;
    } catch (const std::bad_alloc&) {  // armed again below: the event comes once more
      log(log_level::error, "descriptor %d is ready, and its handler is called later: no memory", w.fd);
    } catch (const std::exception&) {  // the loop is being closed, and calls nothing any more
      return;
    }
  }
  arm(w);
}

void loop_descriptors::call(watch& w, direction d) {
  std::shared_ptr<const handler> now;
  {
    std::lock_guard g(mutex_);
    if (is_ready(w.fd, d)) now = w.at(d).call;
  }
  struct arms_again {  // also if it throws
    loop_descriptors& all;
    watch& w;
    direction d;
    ~arms_again() {
      std::lock_guard g(all.mutex_);
      w.at(d).queued = false;
      all.arm(w);
    }
  } end{*this, w, d};
  if (now) (*now)();
}

}  // namespace jay::detail
