// SPDX-License-Identifier: MIT
#include "thief.hpp"

#include <algorithm>
#include <utility>

#include <jay/detail/worker.hpp>

namespace jay::detail {
namespace {

/// So many thefts in a row that were not worth their price begin a pause of one price, and so many more double it.
constexpr std::uint32_t first_poor = 4, most_doublings = 5;
constexpr std::int64_t longest_pause = 500'000;  // ns
/// A victim that has not moved for so long will not do what stands in its deque soon. (At once, as it once was, a worker
/// that was interrupted for a moment lost job after job: of a million sleepers 30,000, and 2.4 s became 2.0.)
constexpr std::int64_t stuck_after = 300'000;  // ns

}  // namespace

void thief::judge(std::int64_t now) noexcept {
  if (!std::exchange(judged_, true)) poor_ = now - since_ < price_ ? poor_ + 1 : 0;
  pausing_ = poor_ >= first_poor &&
             now - since_ < std::min(price_ << std::min(poor_ - first_poor, most_doublings), longest_pause);
}
bool thief::stands_still(const worker& victim) const noexcept {
  return &victim == last_victim_ && victim.jobs.youngest() == its_youngest_ &&
         victim.ran.load(std::memory_order_relaxed) == its_jobs_;
}
bool thief::may_rob(const worker& victim, std::int64_t now) const noexcept {
  return !pausing_ || (stands_still(victim) && now - still_since_ >= stuck_after);
}
void thief::has_robbed(const worker& victim, std::int64_t begun, std::int64_t now) noexcept {
  price_ += (now - begun - price_) / 8;
  since_ = now;
  judged_ = false;
  if (!stands_still(victim)) still_since_ = now;
  last_victim_ = &victim;
  its_youngest_ = victim.jobs.youngest();
  its_jobs_ = victim.ran.load(std::memory_order_relaxed);
}

}  // namespace jay::detail
