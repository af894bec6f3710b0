// SPDX-License-Identifier: MIT
#include <jay/detail/completion_wait.hpp>

#include <stdexcept>

#include <jay/detail/task_state.hpp>

namespace jay::detail {

void refuse_self(const scope& waiting, const shared_state& target) {
  if (target.is_task && waiting.task() == &target)
    throw std::runtime_error("a task cannot await on itself: " + waiting.task()->get_name());
}

bool completion_wait::suspend() {
  refuse_self(*owner, *target_);
  if (!target_->home) target_->home = &owner->sched();
  if (told_) told_level();
  else if (target_->done() && refused()) return false;
  if (target_->done()) return !go_on_at_once(*this);
  spin_guard g(target_->mutex);
  if (target_->done()) return false;
  return target_->waiters.suspend(*this);
}

std::optional<std::string> completion_wait::resumed() noexcept {
  if (was_cancelled) {
    spin_guard g(target_->mutex);
    target_->waiters.remove(*this);
  }
  leave();
  if (!was_cancelled) return std::nullopt;
  return owner->text();
}

}  // namespace jay::detail
