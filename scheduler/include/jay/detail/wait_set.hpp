// SPDX-License-Identifier: MIT
// Watches several tasks and futures at once: what wait() and as_completed() stand on.
//
// Each of them gets an item in its list of waiters, whose frame is a job that tells the wait_set. The wait_set is counted: by
// its owner, and by each item that is linked or on its way; so the owner may leave at any time (end), without waiting
// for items that a completer has claimed already.
//
// Lock order: wait_set -> timers -> scope; a target's lock is held with none of these, but for a call graph (awaited_by): it
// comes before that of the wait_set.
#pragma once

#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <jay/detail/waiter.hpp>
#include <jay/detail/shared_state.hpp>

namespace jay::detail {

struct task_state;

class JAY_API wait_set {
 public:
  wait_set(const wait_set&) = delete;

  std::size_t size() const noexcept { return size_; }
  shared_state& target(std::size_t i) const noexcept { return *items_[i].target; }
  bool begun() const noexcept { return scope_.has_value(); }
  /// Tells of what has ended already, at once and in order, and of the rest as it ends.
  void begin(scheduler& s) noexcept;
  /// The owner leaves: nothing is told any more, and its reference is gone.
  void end() noexcept;

  /// The task that waits in the set of which `l`, which stands in a target's list, is a part; or null. With that target's
  /// mutex held.
  static state_ptr<task_state> awaited_by(waiter& l) noexcept;

  spin_mutex mutex;

 protected:
  explicit wait_set(std::vector<state_ptr<shared_state>> targets);
  virtual ~wait_set();
  /// The i-th has ended; once for each. The mutex is held. Gives the waiters to wake, claimed, linked by `next`.
  virtual waiter* ended(std::size_t i) noexcept = 0;
  /// Who waits in the set, or null. The mutex is held, without which that goes nowhere.
  virtual waiter* who_waits() const noexcept = 0;

 private:
  struct item : job, waiter {
    wait_set* owner_set;
    state_ptr<shared_state> target;
    bool begun = false;
  };
  static void run(job* j);
  static void drop(job* j);
  void tell(item& i) noexcept;
  void release() noexcept;

  std::unique_ptr<item[]> items_;
  std::size_t size_;
  scheduler_ref home_;
  std::optional<scope> scope_;  // of the items: it outlives the task that watches
  atomic<std::uint32_t> references_{1};  // relaxed: who takes another has one
  bool over_ = false;  // guarded by mutex
};

/// One that a single operation waits for.
class awaited_set : public wait_set {
 public:
  waiter* awaiting = nullptr;  // guarded by mutex

 protected:
  using wait_set::wait_set;
  /// What `ended` gives when the wait is over: who waits, if anybody does and no canceller was faster.
  waiter* claim_awaiting() noexcept {
    if (!awaiting || !awaiting->claim()) return nullptr;
    awaiting->next = nullptr;
    return std::exchange(awaiting, nullptr);
  }
  waiter* who_waits() const noexcept override { return awaiting; }
};

struct end_wait_set {
  void operator()(wait_set* w) const noexcept { w->end(); }
};
template <class Watch>
using wait_set_ptr = std::unique_ptr<Watch, end_wait_set>;

/// The states of handles or futures. Throws invalid_state_error for an empty one.
template <class Handle>
std::vector<state_ptr<shared_state>> states_of(const std::vector<Handle>& handles, const char* what) {
  std::vector<state_ptr<shared_state>> states;
  states.reserve(handles.size());
  for (const Handle& h : handles) {
    if (!h) throw invalid_state_error(std::string(what) + ": a handle is empty");
    states.emplace_back(h.share());
  }
  return states;
}

/// Python takes a set: a handle that occurs twice counts once, where it stood first.
template <class Handle>
void drop_duplicates(std::vector<Handle>& handles) {
  std::unordered_set<Handle> seen;
  std::erase_if(handles, [&](const Handle& h) { return h && !seen.insert(h).second; });
}

}  // namespace jay::detail
