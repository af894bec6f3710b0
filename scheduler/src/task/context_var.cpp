// SPDX-License-Identifier: MIT
#include <jay/context_var.hpp>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace jay::detail {

/// Sorted by key. Never changed once it stands in a slot. Programs have a handful of variables: a sorted vector beats a
/// tree of shared nodes in every operation but the set() of many.
struct context_map {
  struct entry {
    std::uint64_t key;
    context_value value;
  };
  atomic<std::uint32_t> references{1};  // relaxed: who takes another has one
  std::vector<entry> entries;

  std::vector<entry>::const_iterator place(std::uint64_t key) const noexcept {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const entry& e, std::uint64_t k) { return e.key < k; });
  }
  context_value find(std::uint64_t key) const noexcept {
    auto at = place(key);
    return at != entries.end() && at->key == key ? at->value : nullptr;
  }
};

void retain_context(context_map* c) noexcept { c->references.fetch_add(1, std::memory_order_relaxed); }
void release_context(context_map* c) noexcept {
  // acq_rel, with each other release_context: every holder's reads before the destruction
  if (c->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete c;
}

namespace {

/// A reference to a map, which may be null (empty).
class map_ptr {
 public:
  explicit map_ptr(context_map* m) noexcept : map_(m) {}
  map_ptr(const map_ptr&) = delete;
  ~map_ptr() {
    if (map_) release_context(map_);
  }
  context_map* get() const noexcept { return map_; }
  context_map* detach() noexcept { return std::exchange(map_, nullptr); }
  void swap(context_map*& m) noexcept { std::swap(map_, m); }

 private:
  context_map* map_;
};

/// Where the current context is, whoever owns it: a task, or a slot.
struct place {
  spin_mutex& mutex;
  context_map*& map;
  task_state* task;
  context_slot* slot;

  std::uint64_t scheduler_number() const noexcept { return task ? task->home_number : 0; }
  std::uint64_t number() const noexcept {
    if (task) return task->number;
    static atomic<std::uint64_t> last{0};
    spin_guard g(mutex);
    if (slot->number == 0) slot->number = last.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: only to be different
    return slot->number;
  }

  context_map* share() const noexcept {
    spin_guard g(mutex);
    if (map) retain_context(map);
    return map;
  }
};

/// A program that sets no variable pays nothing for contexts. relaxed: who has set a variable, or has been told of it, sees it.
atomic<bool> any_set{false};

thread_local context_entered* innermost = nullptr;
thread_local context_slot threads_own;

}  // namespace

struct context_access {
  static place current() noexcept {
    task_state* task = current_task_state();
    // An eager task runs in place on top of who called context::run, but not in that context.
    if (innermost && innermost->task_ == task) return in(innermost->slot_);
    if (task) return {task->mutex, task->context, task, nullptr};
    return in(threads_own);
  }
  static place in(context_slot& s) noexcept { return {s.mutex, s.map, nullptr, &s}; }

  static context_value get(const place& p, std::uint64_t key) noexcept {
    map_ptr m(p.share());
    return m.get() ? m.get()->find(key) : nullptr;
  }

  /// Null takes the variable out. Gives what was there.
  static context_value change(const place& p, std::uint64_t key, const context_value& value) {
    for (;;) {
      map_ptr before(p.share());
      map_ptr after(new context_map);
      auto& entries = after.get()->entries;
      if (before.get()) entries = before.get()->entries;
      auto at = entries.begin() + (after.get()->place(key) - entries.cbegin());
      context_value old = at != entries.end() && at->key == key ? at->value : nullptr;
      if (old && value) at->value = value;
      else if (old) entries.erase(at);
      else if (value) entries.insert(at, {key, value});
      {
        spin_guard g(p.mutex);
        if (p.map != before.get()) continue;  // a sibling, in the same task, was faster
        p.map = after.detach();
      }
      if (before.get()) release_context(before.get());  // the place's own reference
      return old;
    }
  }
};

std::uint64_t new_context_key() noexcept {
  static atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: only to be different
}

context_value context_get(std::uint64_t key) noexcept { return context_access::get(context_access::current(), key); }
context_value context_get(context_slot& in, std::uint64_t key) noexcept {
  return context_access::get(context_access::in(in), key);
}

context_change context_set(std::uint64_t key, context_value value) {
  if (!any_set.load(std::memory_order_relaxed)) any_set.store(true, std::memory_order_relaxed);
  place here = context_access::current();
  return {key, context_access::change(here, key, value), here.scheduler_number(), here.number()};
}

void context_undo(const context_change& c, const std::string& name) {
  place here = context_access::current();
  if (here.scheduler_number() != c.scheduler_number || here.number() != c.place_number)
    throw std::invalid_argument("context_var '" + name +
                                "': the token was made in another context (another task, thread, or context::run)");
  context_access::change(here, c.key, c.old);
}

context_map* capture_context() noexcept {
  return any_set.load(std::memory_order_relaxed) ? context_access::current().share() : nullptr;
}

context_entered::context_entered(context_slot& s) : slot_(s), task_(current_task_state()), outer_(innermost) {
  if (slot_.entered.exchange(true, std::memory_order_acquire))  // [CE1] acquire: what was done in it before
    throw std::runtime_error("context::run: this context is entered already; use a copy of it");
  innermost = this;
}
context_entered::~context_entered() {
  innermost = outer_;
  slot_.entered.store(false, std::memory_order_release);  // [CE1] release
}

void keep_context(task_state& ended, const context& in) noexcept {
  map_ptr fresh(place{ended.mutex, ended.context, &ended, nullptr}.share());
  map_ptr before(nullptr);
  place to = context_access::in(*in.slot_);
  spin_guard g(to.mutex);
  before.swap(to.map);
  to.map = fresh.detach();
}

}  // namespace jay::detail

namespace jay {

context copy_context() {
  context c;
  c.slot_->map = detail::capture_context();
  return c;
}

context context::copy() const {
  context c;
  c.slot_->map = detail::context_access::in(*slot_).share();
  return c;
}

}  // namespace jay
