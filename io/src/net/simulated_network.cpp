// SPDX-License-Identifier: MIT
#include "net/simulated_network.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>

#include <jay/detail/assert.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/time.hpp>

#include "errors.hpp"
#include "net/sockets.hpp"

namespace jay::detail {
namespace {

/// What stands on no host.
constexpr const char* no_host = "127.0.0.1";

context_var<std::string>& host_variable() {
  static context_var<std::string>& v = *new context_var<std::string>("jay::testing::host", no_host);
  return v;
}
bool is_loopback(const std::string& host) noexcept { return host.starts_with("127.") || host == "::1"; }

/// Whose address it is, said by who is on machine `here`.
std::string machine_of(const address& a, const std::string& here) {
  if (!a.is_ip()) return here;
  std::string host = a.host();
  return is_loopback(host) || is_any(host) ? here : host;
}

address unnamed_unix() noexcept {
  sockaddr_storage a{};
  a.ss_family = AF_UNIX;
  return address(reinterpret_cast<const sockaddr*>(&a), sizeof a.ss_family);
}

bool has(const std::vector<std::string>& all, const std::string& one) noexcept {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

void move_to_host(const std::string& address) { host_variable().set(address); }
std::string current_machine() { return host_variable().get(); }

service_key network_service::key{"simulated_network", made_by_a_runtime};

simulated_network::simulated_network(timers& clock, std::uint64_t seed, const network_settings& settings)
    : clock_(clock), settings_(settings), random_(seed, 0x6a61792d6e657421ull) {}

// ---- what the seed draws ----

std::chrono::nanoseconds simulated_network::drawn_latency() noexcept {
  JAY_DEBUG_ASSERT(mutex_.is_locked());
  return random_.between(settings_.lowest, settings_.highest);
}
std::chrono::nanoseconds simulated_network::latency() {
  spin_guard g(mutex_);
  return drawn_latency();
}

// ---- sockets ----

simulated_socket* simulated_network::take(std::string machine, std::string peer_machine, const address& local,
                                          const address& peer) noexcept {
  JAY_DEBUG_ASSERT(mutex_.is_locked());
  simulated_socket* s;
  if (free_.empty()) {
    s = &sockets_.emplace_back(*this);
  } else {
    s = free_.back();
    free_.pop_back();
  }
  {
    spin_guard g(s->mutex());  // who has kept a reference to what it was may be in describe()
    s->local_ = local;
    s->peer_name_ = peer;
    s->listening_ = false;
  }
  s->machine_ = std::move(machine);
  s->peer_machine_ = std::move(peer_machine);
  s->tries_ = s->broken_ = 0;
  s->in_vain_ = 0;
  s->ended_ = s->deaf_ = s->has_ended_ = s->was_short_ = s->found_no_room_ = s->aborts_ = false;
  s->taken_at_ = clock_.now();
  s->kept_by_owner_ = shared_from_this();
  s->uses_ = 2;  // open, and its owner
  s->is_open_ = true;
  return s;
}

std::pair<simulated_socket*, simulated_socket*> simulated_network::connected(const std::string& from, const std::string& to,
                                                                             const address& local,
                                                                             const address& peer) noexcept {
  simulated_socket* a = take(from, to, local, peer);
  simulated_socket* b = take(to, from, peer, local);
  a->peer_ = b;
  b->peer_ = a;
  a->incarnation_ = a->open(true, true);
  b->incarnation_ = b->open(true, true);
  return {a, b};
}

/// exactly: the first that a new listener at this address would collide with. Else one of those that a connect reaches, drawn.
simulated_socket* simulated_network::listener_at(const std::string& machine, const address& at, bool exactly) noexcept {
  std::vector<simulated_socket*> found;
  for (simulated_socket* l : listeners_) {
    if (l->machine_ != machine || l->local_.family() != at.family() || l->local_.port() != at.port()) continue;
    const std::string theirs = l->local_.host(), ours = at.host();
    if (theirs == ours || (at.is_ip() && (is_any(theirs) || is_any(ours)))) found.push_back(l);
  }
  if (found.empty()) return nullptr;
  return exactly || found.size() == 1 ? found.front() : found[random_.below(found.size())];
}

std::uint16_t simulated_network::free_port(const std::string& machine, const address& at) {
  for (address a = at;;) {
    a.set_port(next_port_);
    next_port_ = next_port_ == 65535 ? 49152 : static_cast<std::uint16_t>(next_port_ + 1);
    if (!listener_at(machine, a, true)) return a.port();
  }
}

socket simulated_network::listen(address at, int backlog, bool reuse_port) {
  const std::string here = current_machine(), machine = machine_of(at, here), name = at.to_string();
  if (here != no_host && machine != here) throw_error(EADDRNOTAVAIL, "bind " + name + " on host " + here);
  spin_guard g(mutex_);
  if (at.is_ip() && at.port() == 0) at.set_port(free_port(machine, at));
  simulated_socket* there = listener_at(machine, at, true);
  if (there && !(reuse_port && there->shares_port_)) throw_error(EADDRINUSE, "bind " + name);
  listeners_.reserve(listeners_.size() + 1);
  simulated_socket* s = take(machine, {}, at, {});
  s->listening_ = true;
  s->shares_port_ = reuse_port;
  s->backlog_ = static_cast<std::size_t>(std::max(backlog, 1));
  s->incarnation_ = s->open(true, false);
  listeners_.push_back(s);
  return socket(socket_handle({s, s->incarnation_}));
}

std::pair<socket, socket> simulated_network::pair() {
  const std::string here = current_machine();
  spin_guard g(mutex_);
  auto [a, b] = connected(here, here, unnamed_unix(), unnamed_unix());
  return {socket(socket_handle({a, a->incarnation_})), socket(socket_handle({b, b->incarnation_}))};
}

/// Where a connection from there comes from.
address simulated_network::local_for(const std::string& from, const address& to) {
  if (!to.is_ip()) return unnamed_unix();
  const bool v6 = to.family() == AF_INET6;
  std::string host = is_any(to.host()) || is_loopback(to.host()) ? (v6 ? "::1" : "127.0.0.1") : from;
  if ((host.find(':') != host.npos) != v6) host = v6 ? "::1" : "127.0.0.1";
  address a = address::ip(host, 0);
  a.set_port(free_port(from, a));
  return a;
}

simulated_network::answer simulated_network::knock(const std::string& from, const address& to) {
  const std::string there = machine_of(to, from);
  answer a;
  simulated_socket* listener;
  {
    spin_guard g(mutex_);
    if (is_cut(from, there)) return a;
    listener = listener_at(there, to, false);
    if (listener && listener->waiting_.size() >= listener->backlog_) return a;
    a.came = true;
    if (!listener) return a;
    address peer = to;
    if (to.is_ip() && is_any(to.host())) peer = address::ip(to.family() == AF_INET6 ? "::1" : "127.0.0.1", to.port());
    const address local = local_for(from, to);
    socket_handle& waiting = listener->waiting_.emplace_back();
    auto [ours, theirs] = connected(from, there, local, peer);
    a.socket = socket_handle({ours, ours->incarnation_});
    waiting = socket_handle({theirs, theirs->incarnation_});
  }
  listener->became_ready(direction::reading, false);
  return a;
}

task<socket> simulated_network::connect(address to) {
  using namespace std::chrono_literals;
  const std::string what = "connect " + to.to_string(), from = current_machine();
  for (std::chrono::seconds pause = 1s;; pause *= 2) {
    auto there = sleep(latency());
    co_await std::move(there);
    answer a = knock(from, to);
    if (a.came) {
      auto back = sleep(latency());
      co_await std::move(back);
      if (!a.socket.ref()) throw_error(to.is_ip() ? ECONNREFUSED : ENOENT, what);
      co_return socket(std::move(a.socket));
    }
    if (pause > 64s) throw_error(ETIMEDOUT, what);
    auto rest = sleep(pause);
    co_await std::move(rest);
  }
}

// ---- names ----

std::vector<address> simulated_network::look_up(const std::string& host, std::uint16_t port) const {
  std::vector<address> found;
  if (host == "localhost") found.push_back(address::ip("127.0.0.1", port));
  for (const auto& [name, at] : settings_.names)
    if (name == host) found.push_back(address::ip(at, port));
  return found;
}

std::string simulated_network::name_of(const address& a) const {
  const std::string host = a.host();
  for (const auto& [name, at] : settings_.names)
    if (at == host) return name;
  return is_loopback(host) ? "localhost" : host;
}

// ---- partitions, and the end ----

bool simulated_network::is_cut(const std::string& a, const std::string& b) const noexcept {
  if (a == b) return false;
  return std::any_of(cuts_.begin(), cuts_.end(), [&](const cut_between& c) {
    const bool a_in = has(c.some, a), b_in = has(c.some, b);
    if (c.others.empty()) return a_in != b_in;
    return (a_in && has(c.others, b)) || (b_in && has(c.others, a));
  });
}

std::uint64_t simulated_network::cut(std::vector<std::string> some, std::vector<std::string> others) {
  spin_guard g(mutex_);
  cuts_.push_back({++cuts_so_far_, std::move(some), std::move(others)});
  return cuts_so_far_;
}

void simulated_network::heal(std::uint64_t number) noexcept {
  spin_guard g(mutex_);
  std::erase_if(cuts_, [number](const cut_between& c) { return c.number == number; });
}

void simulated_network::stop() noexcept {
  std::size_t n;
  {
    spin_guard g(mutex_);
    stopped_ = true;
    n = sockets_.size();
  }
  for (std::size_t i = 0; i < n; ++i) {
    simulated_socket* s;
    std::uint32_t incarnation;
    {
      spin_guard g(mutex_);
      s = &sockets_[i];
      incarnation = s->is_open_ ? s->incarnation_ : 0;
    }
    if (incarnation != 0) s->shut(incarnation);
  }
}

}  // namespace jay::detail

namespace jay::testing {
namespace {

std::string numeric(std::string address, const std::string& what) {
  try {
    return jay::address::ip(address, 0).host();
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(what + ": '" + address + "' is not an IPv4 or IPv6 address");
  }
}

std::vector<std::string> numeric(std::vector<std::string> all, const char* what) {
  for (std::string& a : all) a = numeric(std::move(a), what);
  return all;
}

}  // namespace

network_options& network_options::latency(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest) {
  detail::check_latency(lowest, highest, "network_options");
  settings_.lowest = lowest;
  settings_.highest = highest;
  return *this;
}
network_options& network_options::short_reads(double p) {
  settings_.short_reads = detail::checked_probability(p, "network_options: short_reads");
  return *this;
}
network_options& network_options::short_writes(double p) {
  settings_.short_writes = detail::checked_probability(p, "network_options: short_writes");
  return *this;
}
network_options& network_options::resets(double p) {
  settings_.resets = detail::checked_probability(p, "network_options: resets");
  return *this;
}
network_options& network_options::name(std::string host, std::string address) {
  std::string at = numeric(std::move(address), "network_options: name " + host);
  settings_.names.emplace_back(std::move(host), std::move(at));
  return *this;
}

host::host(std::string address) : address_(numeric(std::move(address), "host")) {
  if (detail::is_loopback(address_) || detail::is_any(address_))
    throw std::invalid_argument("host: " + address_ + " is every machine's own; give it another address, such as 10.0.0.1");
}

partition::partition(std::vector<std::string> some, std::vector<std::string> others) {
  some = numeric(std::move(some), "partition");
  others = numeric(std::move(others), "partition");
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("partition"));
  if (!r.simulated()) throw std::runtime_error("partition: only the network of jay::testing::run can be cut");
  detail::simulated_network& n = detail::network_of(r);
  number_ = n.cut(std::move(some), std::move(others));
  network_ = n.weak_from_this();
}

partition::~partition() { heal(); }

void partition::heal() noexcept {
  if (auto n = network_.lock()) n->heal(number_);
}

}  // namespace jay::testing
