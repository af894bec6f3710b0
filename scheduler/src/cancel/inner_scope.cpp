// SPDX-License-Identifier: MIT
#include <jay/detail/inner_scope.hpp>

#include <jay/detail/join.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

bool inner_scope::pass(relaying_waiter* l, cancel_walk& w) noexcept {
  auto* self = static_cast<passage*>(l);
  self->inner->cancel(self->owner->text(), w, true);
  return true;
}

void inner_scope::open(promise_base& p) noexcept {
  outer_context_ = p.context;
  passage_.inner = &inner_;
  passage_.frame = frame_of(p);
  passage_.owner = scope_of(outer_context_);
  passage_.forked = is_forked(outer_context_);
  // A suspension inside belongs to the inner scope's root strand, which knows of no join: those above are closed here.
  if (passage_.forked) close_above(passage_.frame);
  while (!passage_.arm(&pass)) {  // a cancel is pending already: it is the inner scope's first
    passage_.was_cancelled = false;
    inner_.marks = scope::outer_cancelled | scope::outer_due;
    inner_.word.set_pending();
    inner_.generation.store(1, std::memory_order_relaxed);  // relaxed: nobody else knows this scope yet
  }
  p.context = reinterpret_cast<std::uintptr_t>(&inner_);
  this_worker->context = p.context;
}

bool inner_scope::close(promise_base& p) noexcept {
  passage_.word().disarm(&passage_);
  passage_.leave();
  p.context = outer_context_;
  this_worker->context = p.context;
  bool due;
  std::uint8_t marks;
  {
    // Its own cancel may still be on the way here (a time limit's): both are looked at before it, or both after.
    spin_guard g(inner_.mutex);
    due = inner_.word.take_pending();
    marks = inner_.marks;
  }
  outer_cancelled_ = marks & scope::outer_cancelled;
  if (!due) return false;
  if (!(marks & scope::outer_due)) return true;
  passage_.owner->make_due(promise_of(passage_.frame), passage_.forked);
  return false;
}

void inner_scope::take_back() noexcept {
  spin_guard g(inner_.mutex);
  if (!(inner_.marks & scope::outer_due)) inner_.word.take_pending();
}

}  // namespace jay::detail
