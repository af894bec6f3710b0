// SPDX-License-Identifier: MIT
#include "seeded_order.hpp"

#include <new>
#include <utility>

#include <jay/detail/assert.hpp>

#include "scheduler_core.hpp"

namespace jay::detail {

void seeded_order::add(job* j) noexcept {
  try {
    runnable_.push_back(j);
  } catch (const std::bad_alloc&) {
    fatal("out of memory: there is no room to queue a task that can go on");
  }
}

job* seeded_order::draw() noexcept {
  if (runnable_.empty()) return nullptr;
  job* const drawn = std::exchange(runnable_[random_() % runnable_.size()], runnable_.back());
  runnable_.pop_back();
  return drawn;
}

job* scheduler_core::next_by_seed(worker& w) noexcept {
  JAY_DEBUG_ASSERT(w.is_here());
  // relaxed: only requests, and this looks at everything anyway; the standstill has its own orders
  const std::uint32_t asked = w.attention.fetch_and(~(attention::turn | attention::ready), std::memory_order_relaxed);
  if (asked & attention::hold) stand(w);
  {
    const driver_place::use inside(drives);
    if (driver* d = inside.get()) d->look();  // timers that are due
  }
  while (job* j = w.jobs.pop_oldest()) by_seed->add(j);
  for (shared_queue* q : {&ready, &normal, &later, &low})
    while (job* j = q->take()) by_seed->add(j);
  job* const drawn = by_seed->draw();
  if (drawn && by_seed->coin()) w.attention.fetch_or(attention::turn, std::memory_order_relaxed);  // relaxed: its own request
  return drawn;
}

}  // namespace jay::detail
