// SPDX-License-Identifier: MIT
#include "strands.hpp"

#include <string>

#include <jay/detail/completion_wait.hpp>
#include <jay/detail/inner_scope.hpp>
#include <jay/detail/join.hpp>
#include <jay/detail/wait_set.hpp>
#include <jay/lock.hpp>
#include <jay/rw_lock.hpp>
#include <jay/task_group.hpp>

#include "core/after_fork.hpp"
#include "core/live_schedulers.hpp"
#include "core/scheduler_core.hpp"
#include "lock_holders.hpp"

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

/// Of a coroutine and of the runner of its exits: the coroutine's.
const job* own_frame(job* frame) noexcept {
  const promise_base& p = promise_of(frame);
  return p.kind() == continues::exits ? frame_of(*p.next<exit_link>()->owner) : frame;
}

class look {
 public:
  look(suspended_strands& into, std::size_t most) noexcept : into_(into), most_(most) {}

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
    s.resource = lock_awaited_in(l);
    if (l.what == awaited::group) s.resource = static_cast<group_wait&>(l).awaited_group();
    s.at = &l;
    climb(s, l.frame, most_);
  }

  static void climb(suspended_strand& s, job* frame, std::size_t most) {
    for (std::size_t depth = 0; frame; ++depth) {
      const promise_base& p = promise_of(frame);
      if (depth == most_frames) {
        s.shortened = true;
        return;
      }
      // The exits of a coroutine run in a frame of the library's: what the user wrote is the coroutine.
      if (depth < most) s.frames.push_back(p.kind() == continues::exits ? p.next<exit_link>()->owner->where : p.where);
      const std::uintptr_t next = past_exits(p.continuation);
      const std::uintptr_t address = next & ~continues_mask;
      switch (static_cast<continues>(next & continues_mask)) {
        case continues::frame: frame = reinterpret_cast<job*>(address); break;
        case continues::joins:
          s.forked = true;
          s.below = s.frames.size();
          s.children.push_back(own_frame(frame));
          frame = reinterpret_cast<join*>(address)->parent;
          break;
        default: return;
      }
    }
  }

  suspended_strands& into_;
  const std::size_t most_;
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

suspended_strands strands_of(task_state& t, std::size_t most) {
  suspended_strands found;
  if (!left_behind(t)) look(found, most).at(t.root);
  return found;
}

const job* child_of_gather(job* frame) noexcept {
  static const job too_far{};
  for (std::size_t depth = 0; depth < most_frames; ++depth) {
    const std::uintptr_t next = past_exits(promise_of(frame).continuation);
    switch (static_cast<continues>(next & continues_mask)) {
      case continues::frame: frame = reinterpret_cast<job*>(next & ~continues_mask); break;
      case continues::joins: return own_frame(frame);
      default: return nullptr;
    }
  }
  return &too_far;
}

const void* lock_awaited_in(waiter& l) noexcept {
  if (l.what == awaited::lock) return acquire_awaiter_base::awaited_by(l);
  if (l.what == awaited::rw_lock) return static_cast<rw_awaiter&>(l).awaited_lock();
  return nullptr;
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

tasks_by_number::tasks_by_number(std::vector<state_ptr<task_state>> all) : all_(std::move(all)) {
  for (const auto& t : all_) numbers_.emplace(std::uint64_t{t->number}, t.get());
  if (!all_.empty()) scheduler_ = all_.front()->home_number;
}

task_state* tasks_by_number::find(std::uint64_t scheduler, std::uint64_t number) const noexcept {
  const auto found = of(scheduler) ? numbers_.find(number) : numbers_.end();
  return found == numbers_.end() ? nullptr : found->second;
}

std::vector<std::string> holders_of(const suspended_strand& s, const tasks_by_number& tasks) {
  std::vector<std::string> names;
  if (!s.resource || s.what == awaited::group) return names;
  for (const lock_holder& h : holders_of(s.resource)) {
    task_state* t = tasks.find(h.scheduler, h.task);
    names.push_back((h.child ? "a child of " : "") + (t ? t->get_name() : "Task-" + std::to_string(h.task)) + " (" +
                    h.where.function_name() + ", " + h.where.file_name() + ":" + std::to_string(h.where.line()) + ")" +
                    (t ? "" : tasks.of(h.scheduler) ? ", which has ended" : " of another runtime"));
  }
  return names;
}

}  // namespace jay::detail
