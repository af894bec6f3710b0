// SPDX-License-Identifier: MIT
#include <jay/resolve.hpp>

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <stdexcept>

#include <jay/detail/reactor.hpp>
#include <jay/time.hpp>
#include <jay/to_thread.hpp>

#include "errors.hpp"
#include "net/simulated_network.hpp"

namespace jay {
namespace {

class gai_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "getaddrinfo"; }
  std::string message(int code) const override { return ::gai_strerror(code); }
};

[[noreturn]] void throw_gai(int code, const std::string& what) {
  if (code == EAI_SYSTEM) detail::throw_errno(what);
  throw std::system_error(code, resolve_category(), what);
}

void check_host(const std::string& host) {
  if (host.find('\0') != host.npos)
    throw std::invalid_argument("resolve: the host has a NUL inside: '" + host.substr(0, host.find('\0')) + "'");
}

std::vector<address> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const std::string service = std::to_string(port);
  int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &hints, &list);
  const std::string what = "resolve " + (host.empty() ? "any local address" : host);
  if (code != 0) throw_gai(code, what);
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, &::freeaddrinfo);
  std::vector<address> found;
  for (addrinfo* a = list; a; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    address one(a->ai_addr, a->ai_addrlen);
    if (std::find(found.begin(), found.end(), one) == found.end()) found.push_back(one);
  }
  if (found.empty()) throw_gai(EAI_NONAME, what);
  return found;
}

/// As a question to a server elsewhere: it takes a while.
task<std::vector<address>> look_up_simulated(detail::reactor& r, std::string host, std::uint16_t port) {
  detail::simulated_network& network = detail::network_of(r);
  auto there_and_back = sleep(network.latency() + network.latency());
  co_await std::move(there_and_back);
  std::vector<address> found = network.look_up(host, port);
  if (found.empty()) throw_gai(EAI_NONAME, "resolve " + host);
  co_return found;
}

std::pair<std::string, std::string> names(const address& a) {
  char host[NI_MAXHOST], service[NI_MAXSERV];
  int code = ::getnameinfo(a.data(), a.size(), host, sizeof host, service, sizeof service, 0);
  if (code != 0) throw_gai(code, "name of " + a.to_string());
  return {host, service};
}

}  // namespace

const std::error_category& resolve_category() noexcept {
  static const gai_category category;
  return category;
}

std::vector<address> detail::interleave(std::vector<address> listed) {
  if (listed.empty()) return listed;
  const int first = listed.front().family();
  std::vector<address> firsts, others, result;
  for (const address& a : listed) (a.family() == first ? firsts : others).push_back(a);
  for (std::size_t i = 0; i < std::max(firsts.size(), others.size()); ++i) {
    if (i < firsts.size()) result.push_back(firsts[i]);
    if (i < others.size()) result.push_back(others[i]);
  }
  return result;
}

task<std::vector<address>> resolve(std::string host, std::uint16_t port) {
  check_host(host);
  std::vector<address> found;
  if (address::is_ip(host)) {
    found.push_back(address::ip(host, port));
    co_return found;
  }
  if (host.empty()) throw std::invalid_argument("resolve: the host is empty");
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("resolve"));
  if (r.simulated()) {
    auto simulated = look_up_simulated(r, std::move(host), port);
    found = co_await std::move(simulated);
    co_return found;
  }
  auto looking = to_thread(look_up, std::move(host), port, AI_ADDRCONFIG);
  found = co_await std::move(looking);
  co_return detail::interleave(std::move(found));
}

task<std::vector<address>> resolve_for_listening(std::string host, std::uint16_t port) {
  check_host(host);
  std::vector<address> found;
  if (address::is_ip(host)) {
    found.push_back(address::ip(host, port));
    co_return found;
  }
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("resolve"));
  if (r.simulated()) {
    if (host.empty()) {
      found = {address::ip("0.0.0.0", port), address::ip("::", port)};
      co_return found;
    }
    auto simulated = look_up_simulated(r, std::move(host), port);
    found = co_await std::move(simulated);
    co_return found;
  }
  auto looking = to_thread(look_up, std::move(host), port, AI_PASSIVE);
  found = co_await std::move(looking);
  co_return found;
}

task<std::pair<std::string, std::string>> getnameinfo(address a) {
  detail::reactor& r = detail::reactor_of(detail::require_scheduler("getnameinfo"));
  if (r.simulated()) {
    std::pair<std::string, std::string> simulated(detail::network_of(r).name_of(a), std::to_string(a.port()));
    co_return simulated;
  }
  auto looking = to_thread(names, a);
  auto found = co_await std::move(looking);
  co_return found;
}

}  // namespace jay
