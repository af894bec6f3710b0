// SPDX-License-Identifier: MIT
// The state of a primitive and the lock of its wait list in one word, so that the last store of whoever changes it is also the
// last access: a task that sees the new state may destroy the primitive at once. What lock, semaphore and event are made of.
//
//   the state         how many permits, or whether a flag is set, in units of `one`
//   waiting           the list is not empty: a permit that comes back is for its first
//   busy              somebody works on the list, for a few instructions; nobody else changes the word
//
// While both bits are clear the state changes by compare-and-swap alone (take, give). Whoever finds one of them set locks the
// word, and looks at the list. So a permit never goes by a list: give succeeds only where nobody waits, and who comes to wait
// looks at the state once more with the word locked, and sets `waiting` before it unlocks it.
//
// [W1] The word carries what was done before a release, or a set, to who acquires, or finds it set: by compare-and-swap and
// unlock, which release, to take, load and lock, which acquire. The list is guarded by lock and unlock alone.
#pragma once

#include <cstdint>

#include <jay/detail/sync.hpp>

namespace jay::detail {

class wait_word {
 public:
  static constexpr std::uint64_t busy = 1;
  static constexpr std::uint64_t waiting = 2;
  static constexpr std::uint64_t one = 4;

  explicit wait_word(std::uint64_t w) noexcept : word_(w) {}

  std::uint64_t load() const noexcept { return word_.load(std::memory_order_acquire); }  // [W1]
  /// relaxed: a hint for replace, which checks it.
  std::uint64_t peek() const noexcept { return word_.load(std::memory_order_relaxed); }
  /// [W1] acq_rel. relaxed: then the caller looks again
  bool replace(std::uint64_t& expected, std::uint64_t wanted) noexcept {
    return word_.compare_exchange_weak(expected, wanted, std::memory_order_acq_rel, std::memory_order_relaxed);
  }

  /// Takes a permit; false: there is none, or it is to be looked for with the word locked. `Exclusive`: there is one at most,
  /// so that the word need not be read before the compare-and-swap.
  template <bool Exclusive>
  bool take() noexcept {
    std::uint64_t w = Exclusive ? one : peek();
    while (w >= one && !(w & (busy | waiting)))
      if (replace(w, w - one)) return true;
    return false;
  }
  enum class given { yes, too_many, locked_or_waited_for };
  /// Gives a permit back, unless there are `bound` of them. The primitive may be gone afterwards.
  given give(std::uint64_t bound) noexcept {
    std::uint64_t w = bound == 1 ? 0 : peek();  // 0: most likely
    while (!(w & (busy | waiting))) {
      if (w / one >= bound) return given::too_many;
      if (replace(w, w + one)) return given::yes;
    }
    return given::locked_or_waited_for;
  }

  /// Gives the word as it is without `busy`. While it is held, nobody else changes the word.
  [[gnu::noinline]] std::uint64_t lock() noexcept {
    for (int spins = 0;; ++spins) {
      // relaxed: looked at again. [W1] acquire: the list, and what was done before the state became what it is
      if (!(word_.load(std::memory_order_relaxed) & busy)) {
        std::uint64_t w = word_.fetch_or(busy, std::memory_order_acquire);
        if (!(w & busy)) return w;
      }
      if (spins < 64) cpu_relax();
      else thread_yield();
    }
  }
  void unlock(std::uint64_t w) noexcept { word_.store(w, std::memory_order_release); }  // [W1]

 private:
  atomic<std::uint64_t> word_;
};

}  // namespace jay::detail
