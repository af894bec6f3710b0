// SPDX-License-Identifier: MIT
// All tasks of a runtime as a table and as a tree. A task is looked at while it is kept from going on, but one after the other:
// what is said of two of them was true at two moments.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <jay/call_graph.hpp>
#include <jay/create_task.hpp>
#include <jay/scheduler.hpp>

#include "core/scheduler_core.hpp"
#include "strands.hpp"

namespace jay {
namespace {

using detail::state_ptr;
using detail::suspended_strand;
using detail::suspended_strands;
using detail::task_state;

constexpr std::size_t most_tasks = 10'000;
constexpr std::size_t deepest = 200;  // lines of the tree below each other, each further to the right

/// "jay::task<int> app::fetch(std::string) [with T = int]": app::fetch.
std::string short_name(std::string_view function) {
  std::string text(function);
  for (std::string_view unnamed : {"(anonymous namespace)::", "{anonymous}::"})
    for (std::size_t at; (at = text.find(unnamed)) != std::string::npos;) text.erase(at, unnamed.size());
  const bool closure = text.find("lambda") != std::string::npos || text.find("(anonymous class)") != std::string::npos;
  std::size_t begin = 0, end = 0;
  for (int depth = 0; end < text.size() && !(depth == 0 && text[end] == '('); ++end) {
    if (text[end] == '<') ++depth;
    if (text[end] == '>') --depth;
    if (depth == 0 && text[end] == ' ') begin = end + 1;
  }
  return text.substr(begin, end - begin) + (closure ? "::lambda" : "");
}

std::string line_at(const std::source_location& at) {
  std::string_view file = at.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return short_name(at.function_name()) + " " + std::string(file) + ":" + std::to_string(at.line());
}

/// Of these frames, those of the user's code.
std::vector<std::source_location> users(const suspended_strand& s, std::size_t from, std::size_t to) {
  std::vector<std::source_location> frames;
  for (; from < to; ++from)
    if (!short_name(s.frames[from].function_name()).starts_with("jay::detail::")) frames.push_back(s.frames[from]);
  return frames;
}

struct listed {
  explicit listed(state_ptr<task_state> t) : task(std::move(t)), name(task->get_name()), its(strands_of(*task)) {
    for (char& c : name)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';  // a line for each
  }

  bool in_gather() const { return !its.strands.empty() && its.strands.front().forked; }
  /// The task's own frames, the innermost first.
  std::vector<std::source_location> own_frames() const {
    if (its.strands.empty()) return {};
    const suspended_strand& s = its.strands.front();
    return users(s, s.forked ? s.below : 0, s.frames.size());
  }
  const char* state() const { return its.strands.empty() ? "running" : "suspended"; }
  std::string waits_for() const {
    if (its.strands.empty()) return {};
    return in_gather() ? "gather" : name_of(its.strands.front());
  }

  state_ptr<task_state> task;
  std::string name;
  suspended_strands its;
  std::vector<const listed*> awaits, awaited_by;
};

class listing {
 public:
  explicit listing(scheduler& s) {
    std::vector<state_ptr<task_state>> all = s.core().all_tasks();
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
    more_ = all.size() - std::min(all.size(), most_tasks);
    all.resize(all.size() - more_);
    tasks_.reserve(all.size());
    for (auto& t : all) tasks_.emplace_back(std::move(t));
    std::unordered_map<const task_state*, listed*> by_task;
    for (listed& l : tasks_) by_task.emplace(l.task.get(), &l);
    for (listed& l : tasks_) {
      for (const auto& t : awaiting(*l.task)) {
        const auto by = by_task.find(t.get());
        if (by == by_task.end() || std::find(l.awaited_by.begin(), l.awaited_by.end(), by->second) != l.awaited_by.end()) continue;
        l.awaited_by.push_back(by->second);
        by->second->awaits.push_back(&l);
      }
    }
  }

  std::string table() const {
    using row = std::array<std::string, 5>;
    std::vector<row> rows{{"task", "state", "waits for", "coroutine stack", "awaited by"}};
    for (const listed& l : tasks_) {
      std::string stack, by;
      for (const auto& at : l.own_frames()) stack += (stack.empty() ? "" : " -> ") + short_name(at.function_name());
      for (const listed* a : l.awaited_by) by += (by.empty() ? "" : ", ") + a->name;
      rows.push_back({l.name, l.state(), l.waits_for(), std::move(stack), std::move(by)});
    }
    std::array<std::size_t, 4> widths{};  // the last column is as long as it wants
    for (const row& r : rows)
      for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::min<std::size_t>(std::max(widths[i], r[i].size()), 60);
    std::string text;
    for (const row& r : rows) {
      std::string line;
      for (std::size_t i = 0; i < r.size(); ++i) {
        line += r[i];
        if (i < widths.size()) line.append(2 + widths[i] - std::min(widths[i], r[i].size()), ' ');
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text + count();
  }

  std::string tree() {
    std::vector<line> roots;
    for (const listed& l : tasks_)
      if (l.awaited_by.empty()) roots.push_back(line_of(l, 0));
    for (const listed& l : tasks_)  // who awaits each other in a circle hangs below nobody
      if (!shown_.contains(&l)) roots.push_back(line_of(l, 0));
    std::string text;
    write(roots, "", text);
    return text + count();
  }

 private:
  struct line {
    std::string text;
    std::vector<line> below;
  };

  line line_of(const listed& l, std::size_t depth) {
    line own{"(T) " + l.name, {}};
    if (std::find(path_.begin(), path_.end(), &l) != path_.end()) own.text += " (a circle)";
    else if (!shown_.insert(&l).second) own.text += " (see above)";
    else if (l.its.strands.empty()) own.text += " (running)";
    else if (path_.size() * 2 > deepest) own.text += " (too deep to show)";
    else below(own, l, depth);
    return own;
  }
  void below(line& own, const listed& l, std::size_t depth) {
    path_.push_back(&l);
    const auto frames = l.own_frames();
    line& at = nest(own, frames, depth);
    std::vector<const listed*> rest = l.awaits;
    if (!l.in_gather()) at.text += reason(l.waits_for());
    else {
      for (const suspended_strand& s : l.its.strands) {
        line& child = at.below.emplace_back("child of the gather");
        line& innermost = nest(child, users(s, 0, s.below), depth + frames.size() + 1);
        innermost.text += reason(name_of(s));
        const auto awaited = std::find_if(rest.begin(), rest.end(), [&](const listed* a) { return a->task.get() == s.target.get(); });
        if (awaited == rest.end()) continue;
        innermost.below.push_back(line_of(**awaited, depth + s.frames.size() + 2));
        rest.erase(awaited);
      }
      if (l.its.more != 0) at.below.emplace_back(std::to_string(l.its.more) + " more children");
    }
    for (const listed* a : rest) at.below.push_back(line_of(*a, depth + frames.size() + 1));
    path_.pop_back();
  }
  static std::string reason(const std::string& waits_for) { return waits_for.empty() ? "" : " (" + waits_for + ")"; }

  /// Hangs frames, the innermost first, below a line and each other; gives the innermost.
  static line& nest(line& in, const std::vector<std::source_location>& frames, std::size_t depth) {
    line* at = &in;
    for (std::size_t left = frames.size(); left != 0; --left) {
      if (++depth > deepest) return at->below.emplace_back("... (" + std::to_string(left) + " more)");
      at = &at->below.emplace_back(line_at(frames[left - 1]));
    }
    return *at;
  }

  static void write(const std::vector<line>& lines, const std::string& before, std::string& text) {
    for (const line& l : lines) {
      const bool last = &l == &lines.back();
      text += before + (last ? "└── " : "├── ") + l.text + "\n";
      write(l.below, before + (last ? "    " : "│   "), text);
    }
  }

  std::string count() const {
    return std::to_string(tasks_.size()) + (tasks_.size() == 1 ? " task" : " tasks") +
           (more_ == 0 ? "\n" : ", and " + std::to_string(more_) + " more\n");
  }

  std::vector<listed> tasks_;  // by number
  std::size_t more_ = 0;
  std::unordered_set<const listed*> shown_;
  std::vector<const listed*> path_;
};

}  // namespace

std::string format_task_table() { return format_task_table(detail::require_scheduler("format_task_table")); }
std::string format_task_table(scheduler& s) { return listing(s).table(); }
std::string format_task_tree() { return format_task_tree(detail::require_scheduler("format_task_tree")); }
std::string format_task_tree(scheduler& s) { return listing(s).tree(); }

}  // namespace jay
