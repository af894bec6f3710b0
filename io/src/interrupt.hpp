// SPDX-License-Identifier: MIT
// SIGINT while a run waits: the first cancels the main task, the second ends the process as if nobody handled it.
// As in Python, only where SIGINT still has its default action.
#pragma once

#include <jay/detail/sync.hpp>

namespace jay::detail {

class interrupt_watch {
 public:
  /// `word` is increased, and one waiter on it woken, at each SIGINT.
  explicit interrupt_watch(atomic<std::uint32_t>& word) noexcept;
  interrupt_watch(const interrupt_watch&) = delete;
  ~interrupt_watch();

  /// How many have come.
  int count() const noexcept;

 private:
  bool installed_ = false;
};

}  // namespace jay::detail
