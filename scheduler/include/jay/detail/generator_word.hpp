// SPDX-License-Identifier: MIT
// Who has an async generator. Whoever has set `busy` has it: only he may touch the rest, run the coroutine, and destroy it.
//
//   enter      next(), aclose(), elements_of: a second one finds it set, and throws. leave: it stands at a co_yield again
//   drop       the destructor. If nobody had it, who drops it has it now. If somebody has, that is one who seized it (a next()
//              that is under way has to end first): he finds `dropped` at the end, and destroys it
//   seize      the runtime's end. give_back: it could not close it, and another time will
//   end        no code of it will run any more
//
// [GN1] Each of these acquires what the one before has done to it, and whoever lets it go releases: a generator may be asked by
// one task after another. drop releases too: who ends it destroys what the one who dropped it had used.
#pragma once

#include <cstdint>

#include <jay/detail/sync.hpp>

namespace jay::detail {

class generator_word {
 public:
  /// False: somebody else has it.
  bool enter() noexcept { return word_.exchange(busy, std::memory_order_acquire) == 0; }  // [GN1]
  /// For who has entered it.
  void leave() noexcept { word_.store(0, std::memory_order_release); }  // [GN1]
  /// True: it is the caller's.
  bool drop() noexcept { return !(word_.fetch_or(busy | dropped, std::memory_order_acq_rel) & busy); }  // [GN1]
  /// False: somebody has it, who ends it or leaves it.
  bool seize() noexcept { return !(word_.fetch_or(busy, std::memory_order_acquire) & busy); }  // [GN1]
  /// For who has it by drop or seize.
  void give_back() noexcept { word_.fetch_and(static_cast<std::uint8_t>(~busy), std::memory_order_release); }  // [GN1]
  /// For who has it. True: it was dropped, and the caller destroys it.
  bool end() noexcept { return word_.exchange(0, std::memory_order_acq_rel) & dropped; }  // [GN1]

 private:
  static constexpr std::uint8_t busy = 1, dropped = 2;
  atomic<std::uint8_t> word_{0};
};

}  // namespace jay::detail
