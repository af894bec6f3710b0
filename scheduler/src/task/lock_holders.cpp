// SPDX-License-Identifier: MIT
#include "lock_holders.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <unordered_map>

#include <jay/detail/task_state.hpp>
#include <jay/scheduler.hpp>

#include "strands.hpp"

namespace jay::detail {
namespace {

struct notes {
  spin_mutex mutex;
  std::unordered_map<const void*, std::vector<lock_holder>> held;
};
// Never destroyed: locks in static objects may still be released.
notes& all() {
  static notes* n = new notes;
  return *n;
}

}  // namespace

bool note_holder(const void* resource, const waiter& l, holds how) noexcept {
  task_state* t = l.owner->task();
  if (!t || !l.owner->sched().debugging()) return false;
  try {
    const lock_holder h{l.owner->sched().number(), t->number, child_of_gather(l.frame), promise_of(l.frame).where};
    notes& n = all();
    spin_guard g(n.mutex);
    std::vector<lock_holder>& by = n.held[resource];
    if (how == holds::alone) by.clear();  // of a lock that went while it was held
    by.push_back(h);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void forget_holders(const void* resource) noexcept {
  notes& n = all();
  spin_guard g(n.mutex);
  n.held.erase(resource);
}

void forget_one_holder(const void* resource) noexcept {
  task_state* t = current_task_state();
  notes& n = all();
  spin_guard g(n.mutex);
  auto found = n.held.find(resource);
  if (found == n.held.end()) return;
  std::vector<lock_holder>& by = found->second;
  auto is_this = [t](const lock_holder& h) { return t && h.task == t->number && h.scheduler == t->home_number; };
  const auto mine = std::count_if(by.begin(), by.end(), is_this);
  if (mine == 1) by.erase(std::find_if(by.begin(), by.end(), is_this));
  else if (mine > 1) std::erase_if(by, is_this);  // which of its children it was is not known
  else by.clear();                                // nor whose guard this was
  if (by.empty()) n.held.erase(found);
}

std::vector<lock_holder> holders_of(const void* resource) {
  notes& n = all();
  spin_guard g(n.mutex);
  const auto found = n.held.find(resource);
  return found == n.held.end() ? std::vector<lock_holder>() : found->second;
}

bool is_held_by(const void* resource, std::uint64_t scheduler, std::uint64_t task, const job* child) noexcept {
  notes& n = all();
  spin_guard g(n.mutex);
  const auto found = n.held.find(resource);
  if (found == n.held.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [=](const lock_holder& h) {
    return h.scheduler == scheduler && h.task == task && h.child == child;
  });
}

void lock_holders_before_fork() noexcept { all().mutex.lock(); }
void lock_holders_after_fork() noexcept { all().mutex.unlock(); }

}  // namespace jay::detail
