// SPDX-License-Identifier: MIT
#include <jay/wait.hpp>

#include <mutex>

#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

class wait_base::waiting final : public awaited_set {
 public:
  waiting(std::vector<state_ptr<shared_state>> targets, wait_mode mode)
      : awaited_set(std::move(targets)), mode_(mode), left_(size()) {}

  bool over = false;  // guarded by mutex: what is waited for has come

 private:
  waiter* ended(std::size_t i) noexcept override {
    status s = target(i).state.load(std::memory_order_acquire);  // [F1]
    if (--left_ == 0 || mode_ == first_completed || (mode_ == first_exception && s == status::error)) over = true;
    return over ? claim_awaiting() : nullptr;
  }
  const wait_mode mode_;
  std::size_t left_;
};

wait_base::wait_base(std::vector<state_ptr<shared_state>> targets, wait_mode mode, std::optional<time_point> until)
    : watch_(new waiting(std::move(targets), mode)), until_(until) {}
wait_base::~wait_base() = default;

bool wait_base::await_ready() const {
  if (watch_->size() == 0) throw std::invalid_argument("wait: there is nothing to wait for: the vector is empty");
  return false;
}

void wait_base::fire_limit(timer& t, ready_list& out) noexcept {
  auto& self = static_cast<wait_base&>(t);
  if (self.claim()) out.add(self.frame);
}

bool wait_base::suspend() {
  if (refused()) return false;
  watch_->begin(owner->sched());
  std::unique_lock g(watch_->mutex);
  if (watch_->over) {
    g.unlock();
    return !go_on_at_once(*this);
  }
  // From arm() on others may claim this; none gets past await_resume before the mutex is free.
  watch_->awaiting = this;
  bool suspended = false;
  if (!until_ || *until_ == time_point::max()) {
    suspended = arm();
  } else {
    deadline = *until_;
    fire = &fire_limit;
    timed_ = true;
    try {
      reactor_of(owner->sched()).clock().add(*this, [&] { return suspended = arm(); });
    } catch (...) {
      watch_->awaiting = nullptr;
      throw;
    }
  }
  if (!suspended) watch_->awaiting = nullptr;
  return suspended;
}

void wait_base::resumed() {
  {
    spin_guard g(watch_->mutex);
    watch_->awaiting = nullptr;
  }
  if (timed_) reactor_of(owner->sched()).clock().remove(*this);
  watch_.reset();
  finish();
}

}  // namespace jay::detail
