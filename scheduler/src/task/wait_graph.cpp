// SPDX-License-Identifier: MIT
#include "wait_graph.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <jay/detail/completion_wait.hpp>
#include <jay/task_group.hpp>

#include "lock_holders.hpp"

namespace jay::detail {

std::size_t wait_graph::node_of(const state_ptr<task_state>& t, const job* child) {
  const auto [place, fresh] = places_.try_emplace({t.get(), child}, nodes_.size());
  if (fresh) {
    node n;
    n.task = t;
    n.child = child;
    nodes_.push_back(std::move(n));
  }
  return place->second;
}

const std::size_t* wait_graph::find(task_state* t, const job* child) const noexcept {
  const auto found = places_.find({t, child});
  return found == places_.end() ? nullptr : &found->second;
}

void wait_graph::add(const state_ptr<task_state>& t, const suspended_strands& its) {
  for (const suspended_strand& s : its.strands) {
    if (s.shortened) continue;  // whose child it is is not known
    // Down from the task through the joins to the strand that waits. Joins that have been met before have their edge.
    std::size_t at = node_of(t, nullptr);
    for (auto child = s.children.rbegin(); child != s.children.rend(); ++child) {
      const bool fresh = !find(t.get(), *child);
      const std::size_t below = node_of(t, *child);
      if (fresh) nodes_[at].waits_for.push_back({below, because::child});
      at = below;
    }
    node& n = nodes_[at];
    n.at = s.frames.empty() ? std::source_location() : s.frames.front();
    n.waits_in = s.at;
    n.resource = s.resource;
    if (s.resource || (s.target && s.target->is_task)) wanted_.push_back({at, s.what, s.resource, s.target});
  }
}

void wait_graph::connect() {
  for (const wanted& w : wanted_) {
    if (w.target) {
      const std::size_t to = node_of(state_ptr<task_state>::share(static_cast<task_state*>(w.target.get())), nullptr);
      nodes_[w.from].waits_for.push_back({to, because::result});
    } else if (w.what == awaited::group) {
      for (const auto& t : tasks_.all())  // relaxed: written before anybody had it
        if ((t->flags.load(std::memory_order_relaxed) & task_state::in_group) && t->membership().group == w.resource)
          nodes_[w.from].waits_for.push_back({node_of(t, nullptr), because::group});
    } else {
      for (const lock_holder& h : holders_of(w.resource))
        if (task_state* t = tasks_.find(h.scheduler, h.task))
          if (const std::size_t* to = find(t, h.child)) nodes_[w.from].waits_for.push_back({*to, because::lock});
    }
  }
  wanted_.clear();
}

std::vector<wait_graph::circle> wait_graph::circles() const {
  enum class met { no, on_path, done };
  std::vector<met> state(nodes_.size(), met::no);
  std::vector<circle> found;
  std::vector<std::pair<std::size_t, std::size_t>> path;  // a node, and which of its edges is next
  for (std::size_t first = 0; first < nodes_.size(); ++first) {
    if (state[first] != met::no) continue;
    state[first] = met::on_path;
    path.emplace_back(first, 0);
    while (!path.empty()) {
      auto& [at, next] = path.back();
      if (next == nodes_[at].waits_for.size()) {
        state[at] = met::done;
        path.pop_back();
        continue;
      }
      const std::size_t to = nodes_[at].waits_for[next++].to;
      if (state[to] == met::no) {
        state[to] = met::on_path;
        path.emplace_back(to, 0);
      } else if (state[to] == met::on_path) {
        circle& c = found.emplace_back();
        auto from = std::find_if(path.begin(), path.end(), [to](const auto& step) { return step.first == to; });
        for (; from != path.end(); ++from) c.push_back(from->first);
      }
    }
  }
  return found;
}

wait_graph::because wait_graph::why(std::size_t from, std::size_t to) const noexcept {
  const auto& edges = nodes_[from].waits_for;
  return std::find_if(edges.begin(), edges.end(), [to](const edge& e) { return e.to == to; })->why;
}

std::string wait_graph::name_of(std::size_t i) const {
  const node& n = nodes_[i];
  if (!n.child) return n.task->get_name();
  std::string name = "a child of " + n.task->get_name();
  if (n.at.line() != 0) name += std::string(" (") + n.at.file_name() + ":" + std::to_string(n.at.line()) + ")";
  return name;
}

std::string wait_graph::text_of(const circle& c) const {
  std::string text;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const std::size_t to = c[(i + 1) % c.size()];
    const std::string other = name_of(to);
    if (i != 0) text += ", ";
    text += name_of(c[i]);
    switch (why(c[i], to)) {
      case because::result: text += " awaits " + other; break;
      case because::lock: text += " waits for a lock that " + other + " holds"; break;
      case because::group: text += " waits for its group's " + other; break;
      case because::child: text += " gathers " + other; break;
    }
  }
  return text;
}

namespace {

/// Keeps the strands of a task that are suspended where they are (strands.hpp).
class held_task {
 public:
  explicit held_task(task_state& t) noexcept : task_(&t) {
    t.root.mutex.lock();
    in_ = t.root.word.hold();
  }
  held_task(held_task&& o) noexcept : task_(std::exchange(o.task_, nullptr)), in_(o.in_) {}
  ~held_task() {
    if (!task_) return;
    task_->root.word.let_go(in_);
    task_->root.mutex.unlock();
  }
  /// The wait of this strand, if nobody is about to end it.
  waiter* find(const wait_graph::node& n) const noexcept {
    if (n.task.get() != task_) return nullptr;
    if (!n.child) return in_.mine && in_.waiter == n.waits_in ? static_cast<waiter*>(in_.waiter) : nullptr;
    for (waiter* l = task_->root.suspended; l; l = l->scope_next)
      if (l == n.waits_in && l->own_word.holds(l) && !l->own_word.busy_with() && child_of_gather(l->frame) == n.child) return l;
    return nullptr;
  }

 private:
  task_state* task_;
  cancel_word::held in_;
};

bool waits_for(waiter& l, const wait_graph::node& n, const wait_graph::node& next) noexcept {
  // That the target is kept by who waits, and by its node: nothing goes here with the locks held.
  if (l.what == awaited::result) return static_cast<state_awaiter&>(l).shared_target().get() == next.task.get();
  if (l.what == awaited::completion) return static_cast<completion_wait&>(l).shared_target().get() == next.task.get();
  return n.resource && lock_awaited_in(l) == n.resource &&
         is_held_by(n.resource, next.task->home_number, next.task->number, next.child);
}

}  // namespace

// The strands are kept where they are all at once, so there is a moment at which each of them waits for the next. The scopes'
// locks are taken in the order of their addresses; who has one of them waits for no other task's (but here), and a completer
// that waits for a word has no scope's lock. So nobody waits in a circle for these.
bool wait_graph::holds_now(const circle& c) const {
  std::vector<task_state*> tasks;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const because w = why(c[i], c[(i + 1) % c.size()]);
    if (!nodes_[c[i]].waits_in || (w != because::result && w != because::lock)) return false;
    tasks.push_back(nodes_[c[i]].task.get());
  }
  std::sort(tasks.begin(), tasks.end(), std::less<>());
  tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
  std::vector<held_task> held;
  held.reserve(tasks.size());
  for (task_state* t : tasks) held.emplace_back(*t);
  for (std::size_t i = 0; i < c.size(); ++i) {
    const node& n = nodes_[c[i]];
    waiter* l = nullptr;
    for (const held_task& h : held)
      if (waiter* found = h.find(n)) l = found;
    if (!l || !waits_for(*l, n, nodes_[c[(i + 1) % c.size()]])) return false;
  }
  return true;
}

std::vector<std::pair<std::uint64_t, const job*>> wait_graph::key_of(const circle& c) const {
  std::vector<std::pair<std::uint64_t, const job*>> key;
  for (const std::size_t i : c) key.emplace_back(std::uint64_t{nodes_[i].task->number}, nodes_[i].child);
  std::sort(key.begin(), key.end());
  return key;
}

}  // namespace jay::detail
