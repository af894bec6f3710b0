// SPDX-License-Identifier: MIT
#include <jay/server.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include <jay/create_task.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/event.hpp>
#include <jay/resolve.hpp>
#include <jay/socket.hpp>
#include <jay/time.hpp>

#include "errors.hpp"
#include "sockets.hpp"

namespace jay {
namespace detail {

struct server_state final : connection_owner, std::enable_shared_from_this<server_state> {
  server_state(scheduler& s, connection_handler h, const stream_options& o) : sched(s), handler(std::move(h)), settings(o.settings()) {}
  ~server_state() { close(); }

  scheduler& sched;
  const connection_handler handler;
  const stream_settings settings;
  std::vector<socket_handle> listeners;  // as the addresses fixed once accepting has begun
  std::vector<address> addresses;
  std::string unix_file;          // to be removed
  dev_t file_device = 0;
  ino_t file_number = 0;
  const std::uint32_t made_at = forks();
  std::atomic<bool> forever{false};

  spin_mutex mutex;  // guards what follows
  connection* first = nullptr;
  std::size_t live = 0;  // connections that are open
  bool closed = false;
  event ended;           // closed, and none is live

  void close() noexcept;
  bool is_closed() noexcept {
    spin_guard g(mutex);
    return closed;
  }
  void add(connection& c) noexcept;
  void lost(connection& c) noexcept override;
  template <class F>
  void for_each_connection(F f);
};

void server_state::close() noexcept {
  bool none;
  {
    spin_guard g(mutex);
    if (closed) return;
    closed = true;
    none = live == 0;
  }
  for (const socket_handle& l : listeners)
    if (socket_ref r = l.ref()) r.stream->shut(r.incarnation);
  if (!unix_file.empty() && made_at == forks()) {  // the child of a fork has a copy, and the parent goes on listening
    struct stat st;
    if (::stat(unix_file.c_str(), &st) == 0 && st.st_dev == file_device && st.st_ino == file_number)
      ::unlink(unix_file.c_str());
  }
  if (none) ended.set();
}

void server_state::add(connection& c) noexcept {
  spin_guard g(mutex);
  ++live;
  c.prev = nullptr;
  c.next = first;
  if (first) first->prev = &c;
  first = &c;
}
void server_state::lost(connection& c) noexcept {
  bool last;
  {
    spin_guard g(mutex);
    (c.prev ? c.prev->next : first) = c.next;
    if (c.next) c.next->prev = c.prev;
    last = --live == 0 && closed;
  }
  if (last) ended.set();
}

// One in the list is open, so somebody holds a reference until it has been taken out, which needs the lock.
template <class F>
void server_state::for_each_connection(F f) {
  std::vector<connection_ptr> all;
  {
    spin_guard g(mutex);
    for (connection* c = first; c; c = c->next) all.push_back(connection_ptr::share(c));
  }
  for (connection_ptr& c : all) f(*c);
}

namespace {

using server_ref = std::shared_ptr<server_state>;

void warn_about_shortage(const address& at, int error) {
  using clock = std::chrono::steady_clock;
  static std::atomic<clock::rep> last{clock::duration::min().count()};  // relaxed: who changes it writes the warning
  auto now = clock::now().time_since_epoch().count();
  auto then = last.load(std::memory_order_relaxed);  // relaxed: as above
  if (then != clock::duration::min().count() && now - then < clock::duration(std::chrono::seconds(1)).count()) return;
  if (!last.compare_exchange_strong(then, now, std::memory_order_relaxed)) return;  // relaxed: as above
  log(log_level::warn, "accept on %s: %s; connections wait until resources are free%s", at.to_string().c_str(),
      std::generic_category().message(error).c_str(),
      error == EMFILE ? " (the limit on open files, ulimit -n, is reached)" : "");
}

bool is_shortage(int e) noexcept { return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM || e == ENOSPC; }

task<> serve_connection(server_ref s, stream_reader reader, stream_writer writer) {
  try {
    task<> handling = s->handler(std::move(reader), std::move(writer));
    co_await std::move(handling);
  } catch (const cancelled_error&) {
    throw;
  } catch (...) {
    report(&s->sched, "start_server: unhandled exception in a connection's handler", std::current_exception(),
           current_task_state());
  }
}

void start_connection(const server_ref& s, socket accepted, const address& local) {
  address peer = accepted.peer_address();
  connection_ptr c(new connection(accepted.release().to_stream(), local, peer));
  auto [reader, writer] = make_streams(c, s->settings);
  c->set_owner(s);
  s->add(*c);
  create_task(serve_connection(s, std::move(reader), std::move(writer)));
}

task<> accept_loop(server_ref s, std::size_t which) {
  const address local = s->addresses[which];
  const bool everywhere = local.is_ip() && is_any(local.host());  // its connections have local addresses of their own
  auto pause = std::chrono::milliseconds(10);
  for (;;) {
    int error = 0;
    std::exception_ptr why;
    try {
      op<accept_awaiter, socket_ref> accepting(s->listeners[which].ref());
      socket accepted = co_await std::move(accepting);
      const address its_own = everywhere ? accepted.local_address() : local;  // a system call, so only where it is another
      start_connection(s, std::move(accepted), its_own);
      pause = std::chrono::milliseconds(10);
    } catch (const std::bad_alloc&) {
      error = ENOMEM;
    } catch (const std::system_error& e) {
      error = e.code().value();
      why = std::current_exception();
    }
    if (error == 0) continue;
    if (s->is_closed()) co_return;
    if (!is_shortage(error)) {
      s->close();
      s->sched.call_exception_handler(
          {"start_server: accepting on " + local.to_string() + " has failed; the server is closed", why, get_name()});
      co_return;
    }
    warn_about_shortage(local, error);
    auto rest = sleep(pause);  // what waits stays in the kernel's queue
    co_await std::move(rest);
    pause = std::min(2 * pause, std::chrono::milliseconds(1000));
  }
}

server begin_accepting(server_ref s) {
  for (std::size_t i = 0; i < s->listeners.size(); ++i)
    create_task(task_options().name("accept on " + s->addresses[i].to_string()), accept_loop(s, i));
  return server(std::move(s));
}

}  // namespace

task<server> start_server(connection_handler handler, std::string host, std::uint16_t port, stream_options options) {
  scheduler& sched = require_scheduler("start_server");
  auto s = std::make_shared<server_state>(sched, std::move(handler), options);
  std::vector<address> at = co_await resolve_for_listening(std::move(host), port);
  listen_options how;
  how.backlog(s->settings.backlog).reuse_port(s->settings.reuse_port);
  for (address& a : at) {
    if (port == 0 && !s->addresses.empty()) a.set_port(s->addresses.front().port());
    try {
      socket listener = socket::listen(a, how);
      s->addresses.push_back(listener.local_address());
      s->listeners.push_back(listener.release());
    } catch (const std::system_error& e) {
      // a kernel without IPv6, or an address that is not configured, is no reason not to listen on the others
      bool unusable = e.code().value() == EAFNOSUPPORT || e.code().value() == EADDRNOTAVAIL;
      if (!unusable || (s->listeners.empty() && &a == &at.back())) throw;
    }
  }
  co_return begin_accepting(std::move(s));
}

task<server> start_server(connection_handler handler, socket listener, stream_options options) {
  scheduler& sched = require_scheduler("start_server");
  if (!listener.is_listening())
    throw std::invalid_argument("start_server: the socket does not listen; socket::listen gives one that does");
  auto s = std::make_shared<server_state>(sched, std::move(handler), options);
  s->addresses.push_back(listener.local_address());
  s->listeners.push_back(listener.release());
  co_return begin_accepting(std::move(s));
}

task<server> start_unix_server(connection_handler handler, std::string path, stream_options options) {
  scheduler& sched = require_scheduler("start_unix_server");
  auto s = std::make_shared<server_state>(sched, std::move(handler), options);
  listen_options how;
  how.backlog(s->settings.backlog);
  socket listener = socket::listen(address::unix_path(path), how);
  s->addresses.push_back(listener.local_address());
  s->listeners.push_back(listener.release());
  struct stat st;
  if (reactor_of(sched).simulated()) co_return begin_accepting(std::move(s));  // there is no file
  if (!path.empty() && path[0] != '\0' && ::stat(path.c_str(), &st) == 0) {
    s->unix_file = std::move(path);
    s->file_device = st.st_dev;
    s->file_number = st.st_ino;
  }
  co_return begin_accepting(std::move(s));
}

namespace {

task<> wait_closed(server_ref s) {
  auto end = s->ended.wait();
  co_await std::move(end);
}

/// Cuts those of a server that is ending whose peers take nothing any more: each that has taken nothing for a second, and
/// all at io.shutdown_timeout after `begun`.
void cut_stalled(server_state& s, std::chrono::steady_clock::time_point begun) {
  const auto now = detail::now();
  const std::chrono::duration<double> limit(service_of<io_resources>(s.sched).config().shutdown_timeout);
  const bool all = now - begun >= limit;
  const auto idle = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::min(limit, std::chrono::duration<double>(1)));
  std::size_t cut = 0;
  s.for_each_connection([&](connection& c) {
    if (!all && !c.is_stalled(now, idle)) return;
    c.abort();
    ++cut;
  });
  if (cut != 0)
    log(log_level::warn, "server: cut %zu connections that were closing and whose peers took nothing any more", cut);
}

task<> serve_forever(server_ref s) {
  if (s->is_closed()) throw std::runtime_error("server: it is closed");
  // [SF1] seq_cst by default
  if (s->forever.exchange(true)) throw std::runtime_error("server: serve_forever is already being awaited");
  bool cancelled = false;
  std::string message;
  try {
    auto end = s->ended.wait();
    co_await std::move(end);
  } catch (const cancelled_error& e) {
    cancelled = true;
    message = e.message();
  }
  s->forever.store(false);  // [SF1]
  if (!cancelled) co_return;
  s->close();
  s->for_each_connection([](connection& c) { c.close(); });
  const auto begun = detail::now();
  for (bool ended = false; !ended;) {
    try {
      auto end = wait_for(s->ended.wait(), std::chrono::milliseconds(200));
      co_await std::move(end);
      ended = true;
    } catch (const timeout_error&) {
      cut_stalled(*s, begun);
    } catch (const cancelled_error&) {  // a second one: nothing is waited for any more
      s->for_each_connection([](connection& c) { c.abort(); });
      throw;
    }
  }
  throw cancelled_error(message);
}

}  // namespace
}  // namespace detail

server::server() noexcept = default;
server::server(server&&) noexcept = default;
server& server::operator=(server&& o) noexcept {
  std::swap(state_, o.state_);
  return *this;
}
server::~server() {
  if (state_) state_->close();
}
server::server(std::shared_ptr<detail::server_state> s) noexcept : state_(std::move(s)) {}

detail::server_state& server::get() const {
  if (!state_) throw std::runtime_error("server: there is none (it was moved from)");
  return *state_;
}

std::uint16_t server::port() const { return get().addresses.front().port(); }
std::vector<address> server::sockets() const {
  if (!is_serving()) return {};
  return get().addresses;
}
bool server::is_serving() const { return !get().is_closed(); }
task<> server::serve_forever() {
  get();
  return detail::serve_forever(state_);
}
void server::close() { get().close(); }
task<> server::wait_closed() {
  get();
  return detail::wait_closed(state_);
}
void server::close_clients() {
  get().for_each_connection([](detail::connection& c) { c.close(); });
}
void server::abort_clients() {
  get().for_each_connection([](detail::connection& c) { c.abort(); });
}

}  // namespace jay
