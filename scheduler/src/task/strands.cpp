// SPDX-License-Identifier: MIT
#include "strands.hpp"

#include <string>

#include <jay/detail/completion_wait.hpp>
#include <jay/detail/inner_scope.hpp>
#include <jay/detail/join.hpp>
#include <jay/detail/wait_set.hpp>
#include <jay/task_group.hpp>

#include "core/after_fork.hpp"
#include "core/live_schedulers.hpp"

namespace jay::detail {
namespace {

/// Inner scopes inside each other that are looked into.
constexpr int deepest_scope = 100;

/// In the child of a fork the locks of a parent's runtime may be held for ever.
bool left_behind(const shared_state& s) noexcept { return forks() != 0 && !live_schedulers::has(s.where()); }

/// With the scope's lock held: what stands in the word stays suspended.
class held_word {
 public:
  explicit held_word(cancel_word& w) noexcept : word_(w), in_(w.hold()) {}
  held_word(const held_word&) = delete;
  ~held_word() { word_.let_go(in_); }
  waiter* get() const noexcept { return static_cast<waiter*>(in_.waiter); }

 private:
  cancel_word& word_;
  cancel_word::held in_;
};

class look {
 public:
  explicit look(suspended_strands& into) noexcept : into_(into) {}

  void at(scope& s) {
    spin_guard g(s.mutex);
    const held_word root(s.word);
    if (root.get()) at(*root.get());
    for (waiter* l = s.suspended; l; l = l->scope_next)
      if (l->own_word.holds(l)) at(*l);
  }

 private:
  void at(waiter& l) {
    if (l.what == awaited::inner_scope) {
      if (depth_ == deepest_scope) return;
      ++depth_;
      at(*static_cast<inner_scope::passage&>(l).inner);
      --depth_;
      return;
    }
    if (into_.strands.size() == most_strands) {
      ++into_.more;
      return;
    }
    suspended_strand& s = into_.strands.emplace_back();
    s.what = l.what;
    if (l.what == awaited::result) s.target = static_cast<state_awaiter&>(l).shared_target();
    if (l.what == awaited::completion) s.target = static_cast<completion_wait&>(l).shared_target();
    climb(s, l.frame);
  }

  static void climb(suspended_strand& s, job* frame) {
    while (frame) {
      const promise_base& p = promise_of(frame);
      if (s.frames.size() == most_frames) {
        s.shortened = true;
        return;
      }
      // The exits of a coroutine run in a frame of the library's: what the user wrote is the coroutine.
      s.frames.push_back(p.kind() == continues::exits ? p.next<exit_link>()->owner->where : p.where);
      const std::uintptr_t next = past_exits(p.continuation);
      const std::uintptr_t address = next & ~continues_mask;
      switch (static_cast<continues>(next & continues_mask)) {
        case continues::frame: frame = reinterpret_cast<job*>(address); break;
        case continues::joins:
          s.forked = true;
          s.below = s.frames.size();
          frame = reinterpret_cast<join*>(address)->parent;
          break;
        default: return;
      }
    }
  }

  suspended_strands& into_;
  int depth_ = 0;
};

const char* text_of(awaited what) noexcept {
  switch (what) {
    case awaited::result: return "future";
    case awaited::completion: return "future";
    case awaited::lock: return "lock.acquire";
    case awaited::semaphore: return "semaphore.acquire";
    case awaited::rw_lock: return "rw_lock";
    case awaited::event: return "event.wait";
    case awaited::condition: return "condition.wait";
    case awaited::barrier: return "barrier.wait";
    case awaited::latch: return "latch.wait";
    case awaited::once: return "once";
    case awaited::queue_get: return "queue.get";
    case awaited::queue_put: return "queue.put";
    case awaited::queue_join: return "queue.join";
    case awaited::news: return "watch or broadcast";
    case awaited::group: return "task_group";
    case awaited::first_of_several: return "race_settled";
    case awaited::several: return "wait";
    case awaited::next_of_several: return "as_completed";
    case awaited::sleep: return "sleep";
    case awaited::descriptor: return "I/O";
    case awaited::drain: return "stream_writer.drain";
    case awaited::close: return "stream_writer.wait_closed";
    case awaited::file: return "file";
    default: return "";
  }
}

}  // namespace

suspended_strands strands_of(task_state& t) {
  suspended_strands found;
  if (!left_behind(t)) look(found).at(t.root);
  return found;
}

std::vector<state_ptr<task_state>> awaiting(shared_state& s) {
  std::vector<state_ptr<task_state>> tasks;
  if (left_behind(s)) return tasks;
  spin_guard g(s.mutex);
  if (s.state.load(std::memory_order_relaxed) != status::pending) return tasks;  // relaxed: it changes under the lock
  // While it is pending its group waits for it. relaxed: written before anybody had it
  if (s.is_task) {
    auto& t = static_cast<task_state&>(s);
    if (t.flags.load(std::memory_order_relaxed) & task_state::in_group)
      tasks.push_back(state_ptr<task_state>::share(t.membership().group->owner()));
  }
  s.waiters.find([&tasks](waiter& l) {
    if (!l.owner) return false;  // a callback
    // What waits stands in the list until it has taken this mutex, so its task has not ended.
    if (l.owner->outside()) {
      if (auto t = wait_set::awaited_by(l)) tasks.push_back(std::move(t));
    } else if (task_state* t = l.owner->task()) {
      tasks.push_back(state_ptr<task_state>::share(t));
    }
    return false;
  });
  return tasks;
}

std::string name_of(const suspended_strand& s) {
  return s.target && s.target->is_task ? static_cast<task_state&>(*s.target).get_name() : text_of(s.what);
}

}  // namespace jay::detail
