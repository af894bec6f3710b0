// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace jay::detail {

struct worker;

/// When a worker may steal again, and from whom: the head of worker.cpp has why. Times in ns of the steady clock.
class thief {
 public:
  /// Before it looks for a victim.
  void judge(std::int64_t now) noexcept;
  bool may_rob(const worker& victim, std::int64_t now) const noexcept;
  void has_robbed(const worker& victim, std::int64_t begun, std::int64_t now) noexcept;

 private:
  bool stands_still(const worker& victim) const noexcept;
  std::int64_t price_ = 1'000;  // of a theft, on average
  std::int64_t since_ = 0;      // when the last one was done
  std::uint32_t poor_ = 0;      // those that were not worth it, in a row
  bool judged_ = true;          // the last one has been counted
  bool pausing_ = false;
  const worker* last_victim_ = nullptr;  // and where it stood then:
  std::uint64_t its_youngest_ = 0, its_jobs_ = 0;
  std::int64_t still_since_ = 0;         // and since when it stands there
};

}  // namespace jay::detail
