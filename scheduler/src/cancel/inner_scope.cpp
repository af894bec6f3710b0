// SPDX-License-Identifier: MIT
#include <jay/detail/inner_scope.hpp>

#include <jay/detail/join.hpp>
#include <jay/detail/worker.hpp>

#include "cancel_walk.hpp"

namespace jay::detail {

bool inner_scope::pass(relaying_waiter* l, cancel_walk& w) noexcept {
  auto* self = static_cast<passage*>(l);
  if (!self->edge && self->shielded) return false;
  self->inner->cancel(self->owner->text(), w, true, self->edge ? trigger::edge : trigger::level);
  return true;
}

void inner_scope::open(promise_base& p, kind k) noexcept {
  if (k != kind::plain) inner_.marks = scope::limit;
  passage_.shielded = k == kind::shielded;
  outer_context_ = p.context;
  passage_.inner = &inner_;
  passage_.frame = frame_of(p);
  passage_.owner = scope_of(outer_context_);
  passage_.forked = is_forked(outer_context_);
  // A suspension inside belongs to the inner scope's root strand, which knows of no join: those above are closed here.
  if (passage_.forked) close_above(passage_.frame);
  while (!passage_.arm(&pass)) {  // a cancel is pending already: it is the inner scope's first
    passage_.was_cancelled = false;
    if (!passage_.edge && passage_.shielded) continue;
    inner_.marks |= scope::outer_cancelled;
    if (passage_.edge) inner_.marks |= scope::outer_due | scope::edge_due;
    if (passage_.passed && !passage_.shielded) inner_.marks |= scope::level;
    inner_.word.set_pending();
    inner_.generation.store(1, std::memory_order_relaxed);  // relaxed: nobody else knows this scope yet
  }
  p.context = moved_to(reinterpret_cast<std::uintptr_t>(&inner_), outer_context_);
  this_worker->context = p.context;
}

bool inner_scope::close(promise_base& p, bool tells) noexcept {
  passage_.word().disarm(&passage_);
  passage_.leave();
  p.context = moved_to(outer_context_, p.context);  // it stays where it has gone meanwhile
  this_worker->context = p.context;
  bool due;
  std::uint8_t marks;
  {
    // Its own cancel may still be on the way here (a time limit's): both are looked at before it, or both after.
    spin_guard g(inner_.mutex);
    due = inner_.word.take_pending();
    marks = inner_.marks;
    if (marks & scope::level) due = marks & scope::edge_due;  // what is for good ends here
  }
  outer_cancelled_ = marks & scope::outer_cancelled;
  if (!due) return false;
  if (!(marks & scope::outer_due)) return true;
  if (!tells) passage_.owner->make_due(promise_of(passage_.frame), passage_.forked);
  return false;
}

void inner_scope::cancel_level(const std::string& message) noexcept {
  cancel_walk w;
  inner_.cancel(message, w, false, trigger::level);
  w.finish();
}

bool inner_scope::due() noexcept {
  spin_guard g(inner_.mutex);
  return inner_.word.pending() && (!(inner_.marks & scope::level) || (inner_.marks & scope::edge_due));
}

void inner_scope::take_back() noexcept {
  spin_guard g(inner_.mutex);
  if (inner_.marks & scope::outer_due) return;
  if (inner_.marks & scope::level) inner_.marks &= static_cast<std::uint8_t>(~scope::edge_due);
  else inner_.word.take_pending();
}

}  // namespace jay::detail
