// SPDX-License-Identifier: MIT
// What the tasks of a scheduler wait for, and which of them await each other in a circle.
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <jay/scheduler.hpp>

#include "core/scheduler_core.hpp"
#include "strands.hpp"

namespace jay {
namespace {

using detail::suspended_strand;
using detail::suspended_strands;
using detail::task_state;

using edges = std::unordered_map<task_state*, std::vector<task_state*>>;

std::string place(const std::source_location& at) {
  if (at.line() == 0) return {};
  return " waits in " + std::string(at.function_name()) + " (" + at.file_name() + ":" + std::to_string(at.line()) + ")";
}
std::string reason(const suspended_strand& s) {
  std::string name = name_of(s);
  return name.empty() ? name : " for " + name;
}

/// Each circle once, as it is found from the first task.
class circles {
 public:
  explicit circles(const edges& e) noexcept : edges_(e) {}

  std::string from(task_state* first) {
    std::string text;
    if (!met_.emplace(first, true).second) return text;
    std::vector<std::pair<task_state*, std::size_t>> path{{first, 0}};
    while (!path.empty()) {
      auto& [t, next] = path.back();
      auto awaits = edges_.find(t);
      if (awaits == edges_.end() || next == awaits->second.size()) {
        met_[t] = false;
        path.pop_back();
        continue;
      }
      task_state* other = awaits->second[next++];
      if (met_.emplace(other, true).second) path.emplace_back(other, 0);
      else if (met_[other]) text += written(path, other);
    }
    return text;
  }

 private:
  static std::string written(const std::vector<std::pair<task_state*, std::size_t>>& path, task_state* end) {
    std::string text = "  a circle: ";
    bool in = false;
    for (auto& [t, next] : path) {
      in |= t == end;
      if (in) text += t->get_name() + " awaits ";
    }
    return text + end->get_name() + "\n";
  }

  const edges& edges_;
  std::unordered_map<task_state*, bool> met_;  // true: on the path
};

}  // namespace

std::string scheduler::pending_tasks() {
  std::string text;
  edges awaits;
  const auto all = core_->all_tasks();
  std::vector<detail::state_ptr<detail::shared_state>> kept;  // what they await
  for (auto& t : all) {
    suspended_strands its = strands_of(*t);
    text += "  " + t->get_name();
    if (its.strands.size() == 1 && !its.strands.front().forked)
      text += place(its.strands.front().frames.front()) + reason(its.strands.front()) + "\n";
    else if (its.strands.empty())
      text += place(t->waits_at.load(std::memory_order_relaxed)) + "\n";  // relaxed: a hint; it runs, perhaps
    else {
      const suspended_strand& one = its.strands.front();
      text += (one.below < one.frames.size() ? place(one.frames[one.below]) : "") + " for a gather of\n";
      for (const suspended_strand& s : its.strands) text += "    a child that" + place(s.frames.front()) + reason(s) + "\n";
      if (its.more != 0) text += "    and " + std::to_string(its.more) + " more\n";
    }
    for (suspended_strand& s : its.strands)
      if (s.target && s.target->is_task) {
        awaits[t.get()].push_back(static_cast<task_state*>(s.target.get()));
        kept.push_back(std::move(s.target));
      }
  }
  circles c(awaits);
  for (auto& t : all) text += c.from(t.get());
  return text;
}

}  // namespace jay
