// SPDX-License-Identifier: MIT
#include "interrupt.hpp"

#include <cerrno>
#include <csignal>

namespace jay::detail {
namespace {

// What a signal handler may touch: lock-free atomics, and futex, which is a plain system call.
std::atomic<atomic<std::uint32_t>*> watched{nullptr};
std::atomic<int> interrupts{0};

void on_interrupt(int) {
  int saved = errno;
  if (interrupts.fetch_add(1) >= 1) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  if (auto* word = watched.load()) {
    word->fetch_add(1);
    futex_wake(*word, 1);
  }
  errno = saved;
}

}  // namespace

interrupt_watch::interrupt_watch(atomic<std::uint32_t>& word) noexcept {
  struct sigaction current;
  if (sigaction(SIGINT, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) return;
  atomic<std::uint32_t>* none = nullptr;
  if (!watched.compare_exchange_strong(none, &word)) return;  // another run has it
  interrupts.store(0);
  struct sigaction action = {};
  action.sa_handler = &on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  installed_ = sigaction(SIGINT, &action, nullptr) == 0;
  if (!installed_) watched.store(nullptr);
}

interrupt_watch::~interrupt_watch() {
  if (!installed_) return;
  struct sigaction original = {};
  original.sa_handler = SIG_DFL;
  sigaction(SIGINT, &original, nullptr);
  watched.store(nullptr);
}

int interrupt_watch::count() const noexcept { return installed_ ? interrupts.load() : 0; }

}  // namespace jay::detail
