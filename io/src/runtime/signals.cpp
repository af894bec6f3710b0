// SPDX-License-Identifier: MIT
#include "signals.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <jay/detail/log.hpp>

namespace jay::detail {
namespace {

// What a signal handler may touch: lock-free atomics, and write(). [SH1] seq_cst: what takes a signal and gives it back,
// against the handler, which may run on any thread between two of the steps.
struct slot_of_signal {
  std::atomic<int> fd{-1};  // of the loop that has it
  std::atomic<std::uint32_t> forks{0};
  std::atomic<std::uint32_t> came{0};
};
slot_of_signal all[65];

void on_signal(int signal) {
  const int saved = errno;
  slot_of_signal& s = all[signal];
  const int fd = s.fd.load();  // [SH1]
  if (fd < 0 || s.forks.load() != forks()) {  // given back just now, or a child of a fork: nobody would make the call
    if (fd >= 0) {
      std::signal(signal, SIG_DFL);
      std::raise(signal);
    }
  } else {
    s.came.fetch_add(1);  // [SH1]
    const std::uint64_t one = 1;
    while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }
  errno = saved;
}

/// Eventfds are used again and never closed: a handler on another thread may be about to write to one.
struct free_fds {
  std::mutex mutex;
  std::vector<int> fds;
};
free_fds& unused() {
  static auto* f = new free_fds;
  return *f;
}
int take_fd() {
  {
    std::lock_guard g(unused().mutex);
    if (!unused().fds.empty()) {
      int fd = unused().fds.back();
      unused().fds.pop_back();
      return fd;
    }
    unused().fds.reserve(unused().fds.capacity() + 1);  // so that giving it back cannot fail
  }
  int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "add_signal_handler: eventfd");
  return fd;
}

void give_back(int signal) noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  struct sigaction current;
  // Not where somebody else has taken it since.
  if (sigaction(signal, nullptr, &current) == 0 && current.sa_handler == &on_signal) sigaction(signal, &action, nullptr);
  all[signal].fd.store(-1);  // [SH1]
}

}  // namespace

service_key loop_signals::key{"signals", make_at_first_use<loop_signals>};

loop_signals::loop_signals(scheduler& s) : fd_(take_fd()) { reactor_of(s).add(fd_, EPOLLIN, this); }

loop_signals::~loop_signals() {
  std::lock_guard g(unused().mutex);
  unused().fds.push_back(fd_);
}

void loop_signals::stop(ending&) noexcept {
  for (int signal = 1; signal < signals; ++signal) remove(signal);
}

void loop_signals::add(int signal, handler f, event_loop& l) {
  if (signal < 1 || signal >= signals)
    throw std::invalid_argument("add_signal_handler: there is no signal " + std::to_string(signal));
  auto fresh = std::make_shared<const handler>(std::move(f));
  std::lock_guard g(mutex_);
  loop_ = &l;
  if (!handlers_[static_cast<std::size_t>(signal)]) {
    int owner = -1;
    // [SH1] A parent's loop, before a fork, has it no longer.
    if (!all[signal].fd.compare_exchange_strong(owner, fd_) &&
        (all[signal].forks.load() == forks() || !all[signal].fd.compare_exchange_strong(owner, fd_)))
      throw std::runtime_error("add_signal_handler: another event loop handles signal " + std::to_string(signal));
    all[signal].forks.store(forks());  // [SH1]
    all[signal].came.store(0);
    struct sigaction action = {};
    action.sa_handler = &on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    if (sigaction(signal, &action, nullptr) != 0) {
      all[signal].fd.store(-1);  // [SH1]
      throw std::runtime_error("add_signal_handler: signal " + std::to_string(signal) + " cannot be caught");
    }
  }
  handlers_[static_cast<std::size_t>(signal)].swap(fresh);
}

bool loop_signals::remove(int signal) noexcept {
  if (signal < 1 || signal >= signals) return false;
  std::shared_ptr<const handler> gone;  // what it owns is a user's: it goes without the lock
  std::lock_guard g(mutex_);
  gone.swap(handlers_[static_cast<std::size_t>(signal)]);
  if (gone) give_back(signal);
  return gone != nullptr;
}

bool loop_signals::any() const noexcept {
  std::lock_guard g(mutex_);
  return std::any_of(handlers_.begin(), handlers_.end(), [](const auto& h) { return h != nullptr; });
}

void loop_signals::on_events(std::uint32_t, ready_list&) noexcept {
  std::uint64_t n;
  while (::read(fd_, &n, sizeof n) < 0 && errno == EINTR) {
  }
  for (int signal = 1; signal < signals; ++signal) {
    if (all[signal].fd.load() != fd_) continue;  // [SH1]
    for (std::uint32_t times = all[signal].came.exchange(0); times > 0; --times) deliver(signal);  // [SH1]
  }
}

void loop_signals::deliver(int signal) noexcept {
  std::shared_ptr<const handler> h;
  event_loop* loop;
  {
    std::lock_guard g(mutex_);
    h = handlers_[static_cast<std::size_t>(signal)];
    loop = loop_;
  }
  if (!h) return;
  try {
    loop->call_soon_threadsafe([h] { (*h)(); });
  } catch (const std::exception& e) {  // no memory, or the loop is being closed
    log(log_level::error, "signal %d came, and its handler is not called: %s", signal, e.what());
  }
}

}  // namespace jay::detail
