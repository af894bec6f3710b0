// SPDX-License-Identifier: MIT
#include <jay/detail/wait_set.hpp>

#include <jay/detail/task_state.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

wait_set::wait_set(std::vector<state_ptr<shared_state>> targets)
    : items_(std::make_unique<item[]>(targets.size())), size_(targets.size()) {
  for (std::size_t i = 0; i < size_; ++i) {
    item& it = items_[i];
    it.resume = &run;
    it.destroy = &drop;
    it.continuation = 0;
    it.frame = &it;
    it.forked = true;  // each has a word of its own
    it.owner_set = this;
    it.target = std::move(targets[i]);
  }
}
wait_set::~wait_set() = default;

void wait_set::release() noexcept {
  // acq_rel, with each other release: every holder's accesses first
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void wait_set::run(job* j) {
  item& i = *static_cast<item*>(j);
  this_worker->parked = true;
  i.owner_set->tell(i);
}
// Its scheduler is gone. Whoever watches may belong to another.
void wait_set::drop(job* j) {
  item& i = *static_cast<item*>(j);
  i.owner_set->tell(i);
}

void wait_set::tell(item& i) noexcept {
  waiter* awake = nullptr;
  {
    spin_guard g(mutex);
    if (!over_) awake = ended(static_cast<std::size_t>(&i - items_.get()));
  }
  while (awake) std::exchange(awake, awake->next)->wake();
  release();
}

void wait_set::begin(scheduler& s) noexcept {
  home_ = scheduler_ref(&s);
  scope_.emplace(home_);
  for (std::size_t i = 0; i < size_; ++i) {
    item& it = items_[i];
    shared_state& t = *it.target;
    it.owner = &*scope_;
    if (this_worker->fifo && t.done()) {  // as asyncio's callbacks, it is told at its turn
      references_.fetch_add(1, std::memory_order_relaxed);
      this_worker->push(&it);
      continue;
    }
    {
      spin_guard g(t.mutex);
      if (!t.home) t.set_home(s);
      if (!t.done()) {
        references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the owner has one
        it.begun = true;
        it.own_word.arm(static_cast<waiter*>(&it), false);
        t.waiters.push_back(it);
        continue;
      }
    }
    spin_guard g(mutex);
    ended(i);  // nobody waits before begin, so nobody is woken
  }
}

void wait_set::end() noexcept {
  {
    spin_guard g(mutex);
    over_ = true;
  }
  for (std::size_t i = 0; i < size_; ++i) {
    item& it = items_[i];
    if (!it.begun) continue;
    bool mine;
    {
      spin_guard g(it.target->mutex);
      mine = it.linked;
      if (mine) it.target->waiters.remove(it);
    }
    if (mine) release();
  }
  release();
}

state_ptr<task_state> wait_set::awaited_by(waiter& l) noexcept {
  wait_set& set = *static_cast<item&>(l).owner_set;  // the item, which is linked, keeps it
  spin_guard g(set.mutex);
  waiter* waits = set.who_waits();
  return state_ptr<task_state>::share(waits ? waits->owner->task() : nullptr);
}

}  // namespace jay::detail
