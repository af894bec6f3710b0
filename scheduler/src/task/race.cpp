// SPDX-License-Identifier: MIT
#include <jay/race.hpp>

#include <string>

#include <jay/detail/completion_wait.hpp>
#include <jay/detail/task_state.hpp>

namespace jay::detail {

void throw_empty_race(const char* what) {
  throw std::invalid_argument(std::string(what) + ": the vector is empty, and the first of nothing never comes");
}
void throw_empty_any() {
  throw exception_group("any: the vector is empty",
                        {std::make_exception_ptr(std::invalid_argument("any: there is nothing to wait for"))});
}
void throw_none_of_any(std::vector<std::exception_ptr> errors) {
  throw exception_group("any: all operations have failed", std::move(errors));
}

bool race_guests::any_left() const noexcept {
  for (const auto& g : guests_)
    if (!g->done()) return true;
  return false;
}

task<> race_guests::end() {
  for (auto& g : guests_)
    if (!g->done() && g.get() != current_task_state()) g->cancel({});
  bool told = false;
  for (auto& g : guests_) {
    bool ended = g.get() == current_task_state();  // which has had an error for it
    while (!ended) {
      std::optional<std::string> cancel = co_await op<completion_wait, shared_state*, bool>(g.get(), true);
      ended = !cancel;
      if (cancel) told = true, g->cancel(*cancel);
    }
  }
  if (told) co_await op<cancel_again>();
}

class first_done::watching final : public awaited_set {
 public:
  explicit watching(std::vector<state_ptr<shared_state>> targets) : awaited_set(std::move(targets)) {}

  std::optional<std::size_t> first;  // guarded by mutex

 private:
  waiter* ended(std::size_t i) noexcept override {
    if (first) return nullptr;
    first = i;
    return claim_awaiting();
  }
};

first_done::first_done(std::vector<state_ptr<shared_state>> targets) : watch_(new watching(std::move(targets))) {}
first_done::~first_done() = default;

bool first_done::suspend() {
  if (refused()) return false;
  watch_->begin(owner->sched());
  {
    spin_guard g(watch_->mutex);
    if (!watch_->first) {
      // From arm() on others may claim this; none gets past await_resume before the mutex is free.
      watch_->awaiting = this;
      if (arm()) return true;
      watch_->awaiting = nullptr;
      return false;
    }
  }
  return !go_on_at_once(*this);
}

std::size_t first_done::await_resume() {
  std::optional<std::size_t> first;
  {
    spin_guard g(watch_->mutex);
    watch_->awaiting = nullptr;
    first = watch_->first;
  }
  watch_.reset();
  finish();
  JAY_DEBUG_ASSERT(first.has_value());
  return *first;
}

}  // namespace jay::detail
