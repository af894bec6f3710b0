// SPDX-License-Identifier: MIT
#include <jay/cancel.hpp>

#include <stdexcept>

#include <jay/detail/task_state.hpp>
#include <jay/error.hpp>

#include "cancel_notes.hpp"

namespace jay {
namespace detail {

bool checkpoint_awaiter::take(promise_base& p) noexcept { return owner->take_cancel(p); }
void checkpoint_awaiter::yield() noexcept { schedule_last(owner->sched(), frame); }

void drop(cancel_notes* n) noexcept { delete n; }

cancel_notes& notes_of(scope& s) {
  if (!s.notes) s.notes = new cancel_notes;
  return *s.notes;
}

void note_message(scope& s, const std::string& text) noexcept {
  if (!s.notes && text.empty()) return;
  try {
    cancel_notes& n = notes_of(s);
    n.message.clear();
    n.message = text;
  } catch (const std::bad_alloc&) {
  }
}

void request_stop(scope& s) noexcept {
  std::stop_source stop(std::nostopstate);
  {
    spin_guard g(s.mutex);
    if (s.notes) stop = s.notes->stop;
  }
  stop.request_stop();
}

}  // namespace detail

void check_cancelled() {
  detail::scope* s = detail::current_scope();
  if (s) s->check();
}

std::stop_token get_stop_token() {
  detail::scope* s = detail::current_scope();
  if (!s) throw std::runtime_error("get_stop_token: no task is running here");
  std::stop_source stop(std::nostopstate);
  {
    detail::spin_guard g(s->mutex);
    detail::cancel_notes& notes = detail::notes_of(*s);
    if (!notes.stop.stop_possible()) notes.stop = std::stop_source();
    stop = notes.stop;
  }
  if (s->word.pending()) stop.request_stop();  // who cancelled found no source
  return stop.get_token();
}

}  // namespace jay
