// SPDX-License-Identifier: MIT
// The two sides of standstill.hpp, and the turns of asyncio's order, at the end of which its worker stands.
#include "standstill.hpp"

#include <jay/detail/driver.hpp>

#include "scheduler_core.hpp"

namespace jay {
namespace detail {

void scheduler_core::set_hold() noexcept {
  for (auto& w : workers)  // [SS2] seq_cst: after the word
    w->attention.fetch_or(w->fifo ? attention::hold : attention::hold | attention::turn, std::memory_order_seq_cst);
}

void scheduler_core::wake_all() noexcept {
  while (parker* s = idle->wake_one()) wake(*s);
}

bool scheduler_core::stand(worker& w) noexcept {
  JAY_DEBUG_ASSERT(w.is_here());
  w.attention.fetch_and(~attention::hold, std::memory_order_seq_cst);  // [SS3] before the word is read
  const bool stood = still.stand();
  if (stood) ticks->stir();
  return stood;
}

// What stood in the deque at the beginning of the last turn has run: one round of asyncio's loop. A loop that is to stand
// does so here, and what others have queued meanwhile comes behind what is left of its own.
void scheduler_core::begin_turn(worker& w) noexcept {
  const std::uint32_t asked = w.attention.load(std::memory_order_relaxed);  // relaxed: requests; each has its own orders
  if (asked & (attention::hold | attention::due)) [[unlikely]] {
    bool due = asked & attention::due;
    w.attention.fetch_and(~attention::due, std::memory_order_relaxed);  // relaxed: as above
    if ((asked & attention::hold) && stand(w)) {
      for (std::size_t n = normal.size(); n > 0; --n)
        if (job* j = normal.take()) w.push(j);
      due = true;  // perhaps, while it stood
    }
    if (due) {
      const driver_place::use inside(drives);
      if (driver* d = inside.get()) d->fire_due();
    }
  }
  cores[w.index].turn_end = w.jobs.youngest();
}

}  // namespace detail

void scheduler::ask_to_stand() noexcept {
  core_->still.ask();
  core_->set_hold();
  core_->wake_all();
}
void scheduler::stand_still() noexcept {
  ask_to_stand();
  core_->still.wait_for(static_cast<std::uint32_t>(workers()));
  // [HS3] seq_cst: after the word; with [HS1]
  for (std::uint32_t n; (n = core_->home_steps.load(std::memory_order_seq_cst)) != 0;) detail::futex_wait(core_->home_steps, n);
}
void scheduler::go_on() noexcept {
  core_->still.wait_for(static_cast<std::uint32_t>(workers()));  // where it was only asked for
  core_->still.let_go(false);
}
void scheduler::go_on_for_a_turn() noexcept {
  core_->still.wait_for(static_cast<std::uint32_t>(workers()));
  core_->set_hold();
  core_->still.let_go(true);
}
bool scheduler::stands() const noexcept { return core_->still.asked(); }
void scheduler::wait_while_it_stands() noexcept { core_->still.wait(); }

}  // namespace jay
