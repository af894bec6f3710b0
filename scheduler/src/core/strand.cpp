// SPDX-License-Identifier: MIT
#include <jay/strand.hpp>

#include "home_core.hpp"
#include "island.hpp"

namespace jay {

strand::strand() : island_(new detail::island) {}
strand::strand(const strand& o) noexcept : island_(o.island_) { island_->retain(); }
strand& strand::operator=(const strand& o) noexcept {
  o.island_->retain();
  std::exchange(island_, o.island_)->release();
  return *this;
}
strand::~strand() { island_->release(); }

bool strand::is_current() const noexcept { return island_->is_current(); }

namespace detail {

bool move_awaiter::is_there(const promise_base& p) noexcept {
  from_ = on_island(p.context) ? &island_of(p.continuation) : nullptr;
  return from_ == to_;
}

// A home is asked before anything has changed: it refuses when it has ended.
move_entry& move_awaiter::place(exit_stack& s) const {
  home_core* h = to_ ? to_->its_home() : nullptr;
  task_state* t = scope_of(s.coroutine().context)->task();
  if (h) h->bind(t);
  try {
    return place_of(s, from_ != nullptr);
  } catch (...) {
    if (h) h->unbind(t);
    throw;
  }
}

bool move_awaiter::move(move_entry& m) noexcept {
  if (to_) to_->retain();
  island* held = std::exchange(m.on, to_);
  if (held && held->its_home()) held->its_home()->unbind(owner->task());
  const bool suspended = go_to(from_, to_, frame);  // then this may be gone
  if (held) held->release();
  return suspended || !go_on_at_once(*this);
}

void move_awaiter::await_resume() {
  if (cancelled_since()) [[unlikely]] owner->throw_cancelled();
}

}  // namespace detail
}  // namespace jay
