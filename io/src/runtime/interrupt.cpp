// SPDX-License-Identifier: MIT
#include "interrupt.hpp"

#include <cerrno>
#include <climits>
#include <csignal>

#include <jay/scheduler.hpp>

namespace jay::detail {
namespace {

// What a signal handler may touch: lock-free atomics, and futex, which is a plain system call.
// [SI1] seq_cst: what begins and ends a watch, against the handler, which may run on any thread between two of the steps.
atomic<std::uint32_t> word{0};
std::atomic<bool> watched{false};  // also a lock: who has set it, changes the rest
std::atomic<int> interrupts{0};
std::atomic<std::uint32_t> installed_at{0};  // forks()

void on_interrupt(int) {
  int saved = errno;
  // [SI1] In the child of a fork nobody waits any more: there the first has its default action.
  if (interrupts.fetch_add(1) >= 1 || installed_at.load() != forks()) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  move_run_word();
  errno = saved;
}

/// Nobody else's: the default, or what a run of the parent process has left.
bool is_free(const struct sigaction& current) noexcept {
  if (current.sa_handler == SIG_DFL) return true;
  // [SI1]
  if (current.sa_handler != &on_interrupt || installed_at.load() == forks()) return false;
  watched.store(false);  // [SI1]
  return true;
}

}  // namespace

atomic<std::uint32_t>& run_word() noexcept { return word; }
void move_run_word() noexcept {
  word.fetch_add(1, std::memory_order_release);  // [RW1] with the acquire in one_run::wait
  futex_wake(word, INT_MAX);
}

interrupt_watch::interrupt_watch() noexcept {
  struct sigaction current;
  if (sigaction(SIGINT, nullptr, &current) != 0 || !is_free(current)) return;
  bool nobody = false;
  if (!watched.compare_exchange_strong(nobody, true)) return;  // [SI1] another run has it
  interrupts.store(0);  // [SI1]
  installed_at.store(forks());
  struct sigaction action = {};
  action.sa_handler = &on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  installed_ = sigaction(SIGINT, &action, nullptr) == 0;
  if (!installed_) watched.store(false);  // [SI1]
}

interrupt_watch::~interrupt_watch() {
  if (!installed_ || installed_at.load() != forks()) return;  // [SI1]
  struct sigaction original = {}, current = {};
  original.sa_handler = SIG_DFL;
  // not where somebody else has taken it since
  if (sigaction(SIGINT, nullptr, &current) == 0 && current.sa_handler == &on_interrupt) sigaction(SIGINT, &original, nullptr);
  watched.store(false);  // [SI1]
}

int interrupt_watch::count() const noexcept { return installed_ ? interrupts.load() : 0; }  // [SI1]

}  // namespace jay::detail
