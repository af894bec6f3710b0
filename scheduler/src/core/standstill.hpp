// SPDX-License-Identifier: MIT
// How the workers are made to stand still between two jobs, and go on later: what an event loop does between its runs.
//
//   who holds them                                  a worker
//   [SS1] word becomes odd                          sees the bit in its loop, between two jobs, and takes it off
//   [SS2] sets the bit in each attention word,      [SS3] reads word; even: the bit was an old one
//         wakes every sleeper                       [SS4] standing + 1, wakes who waits for it
//   [SS5] waits until all of them stand             sleeps while word is what it read
//
//   who lets them go: standing := 0, word becomes even, wakes all; or odd again, with the bits set, and each does one turn
//
// None runs a job once SS5 has ended. A worker that is busy comes to its loop and finds the bit there. One that sleeps is
// woken, and looks at the bit before it looks for work. One that is about to sleep is in the sleepers' list before it looks
// at word once more (work_in_sight, all seq_cst): it finds it odd, or it is found in the list. The word counts up, so who
// still sleeps on an earlier stop sees that it is over, goes back to its loop, and stands again if it finds the bit.
#pragma once

#include <climits>
#include <cstdint>

#include <jay/detail/sync.hpp>

namespace jay::detail {

class standstill {
 public:
  /// [SS1], any thread, also when it was asked for already. seq_cst: with asked().
  void ask() noexcept { word_.fetch_or(1, std::memory_order_seq_cst); }
  /// seq_cst: with ask, and with let_go for the ticker.
  bool asked() const noexcept { return word_.load(std::memory_order_seq_cst) & 1; }
  /// [SS5] acquire: what the workers have done, with SS4.
  void wait_for(std::uint32_t workers) noexcept {
    for (std::uint32_t n; (n = standing_.load(std::memory_order_acquire)) < workers;) futex_wait(standing_, n);
  }
  /// Only when all stand. `again`: they are to stand again; the bits are set.
  void let_go(bool again) noexcept {
    standing_.store(0, std::memory_order_relaxed);  // relaxed: [SS3] orders it
    word_.fetch_add(again ? 2 : 1, std::memory_order_seq_cst);  // [SS3] release; seq_cst: with asked
    futex_wake(word_, INT_MAX);
  }

  /// A worker that has found the bit. False: it was an old one.
  bool stand() noexcept {
    // relaxed: the bit orders it behind its word, and even: this worker has seen the end of that stop, where it stood
    const std::uint32_t now = word_.load(std::memory_order_relaxed);
    if (!(now & 1)) return false;
    standing_.fetch_add(1, std::memory_order_release);  // [SS4] release: with wait_for
    futex_wake(standing_, 1);
    wait_while(now);
    return true;
  }
  /// Who is no worker waits until they go on.
  void wait() noexcept {
    const std::uint32_t now = word_.load(std::memory_order_acquire);  // [SS3] acquire: with let_go
    if (now & 1) wait_while(now);
  }
  /// For the ticker, which rests meanwhile. relaxed: asked() has seen what let_go wrote before the word.
  bool all_stand(std::size_t workers) const noexcept {
    return asked() && standing_.load(std::memory_order_relaxed) == workers;
  }

 private:
  void wait_while(std::uint32_t now) noexcept {
    while (word_.load(std::memory_order_acquire) == now) futex_wait(word_, now);  // [SS3] acquire: with let_go
  }
  atomic<std::uint32_t> word_{0};      // futex word; odd: they are to stand
  atomic<std::uint32_t> standing_{0};  // futex word
};

}  // namespace jay::detail
