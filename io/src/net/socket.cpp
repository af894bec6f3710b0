// SPDX-License-Identifier: MIT
#include <jay/socket.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <jay/time.hpp>

#include "errors.hpp"
#include "net/simulated_network.hpp"
#include "sockets.hpp"

namespace jay {
namespace detail {

io_step read_awaiter::attempt() noexcept {
  if (buffer_.empty()) return settle(0, 0);
  return settle(slot_.stream->receive(buffer_.data(), buffer_.size()), buffer_.size());
}

io_step write_awaiter::attempt() noexcept {
  if (data_.empty()) return settle(0, 0);
  for (;;) {
    auto rest = data_.subspan(written_);
    ssize_t n = slot_.stream->send(rest.data(), rest.size());
    if (n < 0) return settle(n, rest.size());
    written_ += static_cast<std::size_t>(n);
    if (written_ == data_.size()) return settle(n, 0);
    if (!all_) return settle(n, rest.size());
    // The kernel's buffer is full. Trying once more costs a call that mostly finds that; waiting for the event does not.
    return io_step::again;
  }
}

std::size_t write_awaiter::await_resume() {
  if (complete() < 0) {
    if (written_ == 0 || !all_) fail("write to");
    fail(("write (" + std::to_string(written_) + " of " + std::to_string(data_.size()) + " bytes written) to").c_str());
  }
  return written_;
}

io_step accept_awaiter::attempt() noexcept { return settle(listener_->accept(accepted_), 0); }

socket accept_awaiter::await_resume() {
  complete("accept on");
  if (accepted_.socket.ref()) return socket(std::move(accepted_.socket));
  int s = std::exchange(accepted_.fd, -1);
  if (accepted_.peer.is_ip()) no_delay(s);
  return socket(fd_handle(s, accepted_.peer, reactor_of(*this_worker->sched)));
}

accept_awaiter::~accept_awaiter() {
  if (accepted_.fd >= 0) ::close(accepted_.fd);
}

namespace {

/// connect(2) again tells how an earlier one has ended.
/// 0, or the error. EINPROGRESS: it is under way. After a signal it is asked again: what was begun goes on meanwhile.
int begin_connect(int fd, const address& to) noexcept {
  if (retry([&] { return ::connect(fd, to.data(), to.size()); }) == 0 || errno == EISCONN) return 0;
  return errno == EALREADY ? EINPROGRESS : errno;
}

/// TCP's simultaneous open with itself: where the kernel has given the socket the very port that it was to connect to, and
/// nobody listens there, it is its own peer.
bool is_its_own_peer(int fd, const address& to) noexcept {
  if (!to.is_ip()) return false;
  address local = name_of(fd, &::getsockname);
  return local.port() == to.port() && local == name_of(fd, &::getpeername);
}
/// Closed so that the port is free at once, and not after a minute, for who means to listen there.
void drop_itself(int fd) noexcept {
  linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

class connect_awaiter final : public slot_awaiter {
 public:
  connect_awaiter(slot_ref s, const address& to) noexcept : slot_awaiter(s, direction::writing), to_(to) {}
  int await_resume() { return static_cast<int>(-complete()); }
  io_step attempt() noexcept override {
    int e = begin_connect(fd(), to_);
    if (e == 0) return settle(0, 0);
    if (e == EINPROGRESS) return io_step::again;
    result_ = -e;
    return io_step::done;
  }

 private:
  address to_;
};

int open_socket(int family, const std::string& what) {
  int s = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s < 0) throw_errno(what);
  return s;
}

/// A Unix socket's path where nobody listens any more.
bool is_stale(const address& at) {
  struct stat st;
  std::string path = at.host();
  if (path.empty() || path[0] == '\0' || ::stat(path.c_str(), &st) != 0 || !S_ISSOCK(st.st_mode)) return false;
  int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s < 0) return false;
  bool refused = ::connect(s, at.data(), at.size()) != 0 && errno == ECONNREFUSED;
  ::close(s);
  return refused;
}

}  // namespace

void no_delay(int fd) noexcept {
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

}  // namespace detail

using detail::throw_errno;

task<socket> socket::connect(address to) {
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("socket::connect"));
  if (r.simulated()) {
    auto connecting = detail::network_of(r).connect(to);
    socket s = co_await std::move(connecting);
    co_return s;
  }
  const std::string what = "connect " + to.to_string();
  for (auto pause = std::chrono::milliseconds(1);; pause = std::min(2 * pause, std::chrono::milliseconds(100))) {
    detail::unique_fd fd(detail::open_socket(to.family(), what));
    if (to.is_ip()) detail::no_delay(fd.get());
    // Before it is registered: an unconnected socket's first event would be a hang-up.
    int e = detail::begin_connect(fd.get(), to);
    if (e == 0 && detail::is_its_own_peer(fd.get(), to)) {
      detail::drop_itself(fd.get());
      e = ECONNREFUSED;
    }
    if (e == 0) co_return socket(detail::fd_handle(fd.release(), to, r));
    if (e == EINPROGRESS) {
      detail::fd_handle s(fd.release(), to, r, detail::fd_kind::connecting);
      op<detail::connect_awaiter, detail::slot_ref, address> connecting(s.ref(), to);
      e = co_await std::move(connecting);
      detail::pinned_fd connected(s.ref());
      if (e == 0 && connected && detail::is_its_own_peer(connected.get(), to)) {
        detail::drop_itself(connected.get());
        e = ECONNREFUSED;
      }
      if (e == 0) co_return socket(std::move(s));
    }
    if (e != EAGAIN || !to.is_unix()) detail::throw_error(e, what);
    fd = detail::unique_fd();  // a Unix listener's queue is full, and no event tells when it is not
    auto wait = sleep(pause);
    co_await std::move(wait);
  }
}

socket socket::listen(const address& at, const listen_options& options) {
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("socket::listen"));
  if (r.simulated()) return detail::network_of(r).listen(at, options.backlog_, options.reuse_port_);
  const std::string name = at.to_string();
  detail::unique_fd fd(detail::open_socket(at.family(), "listen on " + name));
  int one = 1;
  if (at.is_ip()) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (options.reuse_port_ && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0)
    throw_errno("listen on " + name + " with SO_REUSEPORT");
  if (at.family() == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (::bind(fd.get(), at.data(), at.size()) != 0) {
    if (errno != EADDRINUSE || !at.is_unix() || !detail::is_stale(at)) throw_errno("bind " + name);
    ::unlink(at.host().c_str());
    if (::bind(fd.get(), at.data(), at.size()) != 0) throw_errno("bind " + name);
  }
  if (::listen(fd.get(), options.backlog_) != 0) throw_errno("listen on " + name);
  address bound = detail::name_of(fd.get(), &::getsockname);
  return socket(detail::fd_handle(fd.release(), bound, r, detail::fd_kind::listening));
}

socket socket::adopt(int raw) {
  detail::unique_fd fd(raw);
  detail::reactor& r = detail::current_reactor("socket::adopt");
  int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) < 0) throw_errno("socket::adopt fd " + std::to_string(raw));
  int listens = 0;
  socklen_t size = sizeof listens;
  ::getsockopt(raw, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
  address name = detail::name_of(raw, listens ? &::getsockname : &::getpeername);
  return socket(detail::fd_handle(fd.release(), name, r, listens ? detail::fd_kind::listening : detail::fd_kind::connected));
}

std::pair<socket, socket> socket::pair() {
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("socket::pair"));
  if (r.simulated()) return detail::network_of(r).pair();
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) throw_errno("socket::pair");
  detail::unique_fd second(fds[1]);
  address unnamed = detail::name_of(fds[0], &::getsockname);
  socket a(detail::fd_handle(fds[0], unnamed, r));
  socket b(detail::fd_handle(second.release(), unnamed, r));
  return {std::move(a), std::move(b)};
}

void socket::shutdown(shutdown_how how) {
  detail::pinned_socket s(socket_.ref());
  if (!s) throw std::system_error(EBADF, std::generic_category(), "shutdown: the socket is closed");
  if (s->shutdown(static_cast<int>(how)) != 0) throw_errno("shutdown " + socket_.ref().describe());
}

bool socket::is_listening() const noexcept {
  detail::pinned_socket s(socket_.ref());
  return s && s->listens();
}

address socket::local_address() const {
  detail::pinned_socket s(socket_.ref());
  return s ? s->local() : address();
}
address socket::peer_address() const {
  detail::pinned_socket s(socket_.ref());
  return s ? s->peer() : address();
}

void socket::set_no_delay(bool on) { set_option(IPPROTO_TCP, TCP_NODELAY, on); }
void socket::set_option(int level, int name, int value) {
  detail::pinned_socket s(socket_.ref());
  if (!s) throw std::system_error(EBADF, std::generic_category(), "set_option: the socket is closed");
  if (s->set_option(level, name, value) != 0)
    throw_errno("set option " + std::to_string(name) + " of " + socket_.ref().describe());
}

int socket::native_handle() const noexcept {
  detail::pinned_socket s(socket_.ref());
  return s ? s->fd() : -1;
}

}  // namespace jay
