// SPDX-License-Identifier: MIT
#include "inspector.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <system_error>

#include <jay/call_graph.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/thread_name.hpp>

namespace jay::detail {
namespace {

std::atomic<unsigned> runtimes{0};  // relaxed: a number, so that two have two names

/// Up to a newline; what there is if the peer takes too long, says too much, or has gone.
std::string read_line(int client) {
  std::string line;
  char c;
  while (line.size() < 16 && ::recv(client, &c, 1, 0) == 1 && c != '\n') line += c;
  return line;
}

void send_all(int client, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t n = ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // it has gone, or does not read
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

inspector::inspector(scheduler& s) noexcept : sched_(s) {
  try {
    const std::string name = inspector_name(::getpid()) + std::to_string(runtimes.fetch_add(1, std::memory_order_relaxed) + 1);
    const inspector_address address(name);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener_ < 0 || ::bind(listener_, address.get(), address.length) != 0 || ::listen(listener_, 8) != 0)
      throw std::system_error(errno, std::generic_category(), "listen on @" + name);
    thread_ = std::thread([this] { loop(); });
  } catch (const std::exception& e) {
    log(log_level::warn, "run: `jay ps` will get no answer: %s", e.what());
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
  }
}

inspector::~inspector() {
  if (listener_ < 0) return;
  {
    std::lock_guard g(mutex_);
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);  // accept gives EINVAL
    if (client_ >= 0) ::shutdown(client_, SHUT_RDWR);
  }
  thread_.join();
  ::close(listener_);
}

void inspector::loop() noexcept {
  name_this_thread("jay-ps", 0);
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    {
      std::lock_guard g(mutex_);
      if (!ending_) client_ = client;
      else if (client >= 0) ::close(client);
      if (ending_) return;
    }
    if (client < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) ::poll(nullptr, 0, 100);
      continue;
    }
    answer(client);
    std::lock_guard g(mutex_);
    client_ = -1;
    ::close(client);
  }
}

void inspector::answer(int client) noexcept {
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &inspector_patience, sizeof inspector_patience);
  ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &inspector_patience, sizeof inspector_patience);
  try {
    send_all(client, listing(read_line(client), client));
  } catch (const std::exception&) {
    send_all(client, "no\nit is out of memory\n");
  }
}

std::string inspector::listing(const std::string& request, int client) {
  ucred who{};
  socklen_t length = sizeof who;
  if (::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0 || (who.uid != ::geteuid() && who.uid != 0))
    return "no\nit belongs to another user\n";
  if (request == "table") return "ok\n" + format_task_table(sched_);
  if (request == "tree") return "ok\n" + format_task_tree(sched_);
  return "no\nit knows no '" + request + "': this jay command is another version than the program's library\n";
}

}  // namespace jay::detail
