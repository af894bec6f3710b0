// SPDX-License-Identifier: MIT
#include <jay/as_completed.hpp>

#include <mutex>

#include <jay/detail/reactor.hpp>
#include <jay/error.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

completions::completions(std::vector<state_ptr<shared_state>> targets, std::optional<time_point> at)
    : wait_set(std::move(targets)), until(at) {
  ended_.reserve(size());
}

waiter* completions::ended(std::size_t i) noexcept {
  waiter* awake = nullptr;
  ended_.push_back(i);  // reserved
  while (given_ < ended_.size()) {
    waiter* l = waiters_.claim_next();
    if (!l) break;
    static_cast<next_base*>(l)->got_ = ended_[given_++];
    l->next = std::exchange(awake, l);
  }
  if (given_ == size())
    while (waiter* l = waiters_.claim_next()) l->next = std::exchange(awake, l);
  return awake;
}

/// True: there is something to give, or nothing will come any more.
bool next_base::look() noexcept {
  if (from_.given_ < from_.ended_.size()) {
    got_ = from_.ended_[from_.given_++];
    return true;
  }
  return from_.given_ == from_.size();
}

bool next_base::await_ready() noexcept {
  if (!this_worker->spend()) return false;
  spin_guard g(from_.mutex);
  return look();
}

bool next_base::suspend() {
  if (refused()) return false;
  if (!from_.begun()) from_.begin(owner->sched());
  std::unique_lock g(from_.mutex);
  if (look()) {
    g.unlock();
    return !go_on_at_once(*this);
  }
  from_.waiters_.push_back(*this);
  bool suspended = false;
  if (!from_.until || *from_.until == time_point::max()) {
    suspended = arm();
  } else {
    deadline = *from_.until;
    fire = &fire_limit;
    timed_ = true;
    try {
      reactor_of(owner->sched()).clock().add(*this, [&] { return suspended = arm(); });
    } catch (...) {
      from_.waiters_.remove(*this);
      throw;
    }
  }
  if (!suspended) from_.waiters_.remove(*this);
  return suspended;
}

void next_base::fire_limit(timer& t, ready_list& out) noexcept {
  auto& self = static_cast<next_base&>(t);
  if (!self.claim()) return;
  self.expired_ = true;
  out.add(self.frame);
}

std::optional<std::size_t> next_base::resumed() {
  if (!owner) return got_;  // it did not suspend
  {
    spin_guard g(from_.mutex);
    from_.waiters_.remove(*this);
  }
  if (timed_) reactor_of(owner->sched()).clock().remove(*this);
  finish();
  if (expired_) throw timeout_error("as_completed: the limit has passed before the next was done");
  return got_;
}

}  // namespace jay::detail
