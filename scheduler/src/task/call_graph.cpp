// SPDX-License-Identifier: MIT
#include <jay/call_graph.hpp>

#include <algorithm>
#include <ostream>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <jay/error.hpp>

#include "core/live_schedulers.hpp"
#include "core/scheduler_core.hpp"
#include "strands.hpp"
#include "task_notes.hpp"

namespace jay {
namespace {

using detail::shared_state;
using detail::state_ptr;
using detail::task_state;

constexpr std::size_t most_tasks = 1000;
constexpr int deepest_graph = 100;  // tasks that await each other, one above the other

// Neither a lock nor a word is held between two tasks: each is kept by a reference.
class capture {
 public:
  explicit capture(std::optional<int> limit) noexcept : limit_(limit) {}

  future_call_graph of(const state_ptr<shared_state>& s) {
    future_call_graph g;
    if (s->is_task) {
      auto& t = static_cast<task_state&>(*s);
      g.future = task_handle<>(state_ptr<task_state>::share(&t));
      g.name = t.get_name();
      g.created_by = origin_of(t);
      frames(t, g);
    } else {
      g.name = "future";
      g.state = call_graph_state::suspended;
    }
    if (s->done()) {
      g.state = call_graph_state::done;
      return g;
    }
    const bool first = captured_.insert(s.get()).second;
    std::vector<state_ptr<task_state>> by = awaiting(*s);
    if (by.empty()) return g;
    if (!first || depth_ == deepest_graph || captured_.size() >= most_tasks) {
      g.awaited_by_left_out = true;
      return g;
    }
    ++depth_;
    std::unordered_set<task_state*> seen;  // the children of a gather may await the same
    for (const auto& t : by)
      if (seen.insert(t.get()).second) g.awaited_by.push_back(of(t));
    --depth_;
    return g;
  }

 private:
  void frames(task_state& t, future_call_graph& g) {
    detail::suspended_strands found = strands_of(t);
    if (found.strands.empty()) return;
    g.state = call_graph_state::suspended;
    g.more_children = found.more;
    for (detail::suspended_strand& s : found.strands) {
      if (!s.forked) {
        strand(t, s, 0, s.frames.size(), g);
        continue;
      }
      if (g.children.empty()) {
        strand(t, s, s.below, s.frames.size(), g);
        g.waits_for = "gather";
        g.awaits = {};
        g.held_by.clear();
      }
      strand(t, s, 0, s.below, g.children.emplace_back());
      if (s.below != s.frames.size()) g.children.back().shortened = false;  // what is missing is the task's own
    }
  }

  void strand(task_state& t, detail::suspended_strand& s, std::size_t from, std::size_t to, call_graph_strand& into) {
    into.waits_for = name_of(s);
    if (s.resource) {
      if (!tasks_) {
        std::vector<state_ptr<task_state>> all;
        detail::live_schedulers::with(t.where(), [&](scheduler& live) { all = live.core().all_tasks(); });
        tasks_.emplace(std::move(all));
      }
      into.held_by = holders_of(s, *tasks_);
    }
    into.shortened = s.shortened;
    if (s.target && s.target->is_task)
      into.awaits = task_handle<>(state_ptr<task_state>::share(static_cast<task_state*>(s.target.get())));
    if (limit_) {
      const auto most = static_cast<std::size_t>(std::abs(static_cast<long>(*limit_)));
      if (to - from > most) {
        into.shortened = true;
        if (*limit_ < 0) from = to - most;
        else to = from + most;
      }
    }
    for (std::size_t i = from; i < to; ++i) into.call_stack.push_back({s.frames[i]});
  }

  std::optional<int> limit_;
  std::optional<detail::tasks_by_number> tasks_;  // of the first that waits for a lock
  std::unordered_set<const shared_state*> captured_;
  int depth_ = 0;
};

class text {
 public:
  void graph(const future_call_graph& g, std::size_t level) {
    level_ = level;
    if (g.future) line("* Task(name='" + g.name + "', id=" + id(g.future.share().get()) + ")");
    else line("* Future()");
    if (g.state == call_graph_state::done) line("  + Done");
    if (g.state == call_graph_state::running) line("  + Running");
    if (!g.created_by.empty()) line("  + Created by: " + g.created_by);
    strand(g, "  ");
    for (std::size_t i = 0; i < g.children.size(); ++i) {
      line("  + Child of the gather:");
      strand(g.children[i], "  | ");
    }
    if (g.more_children != 0) line("  + " + std::to_string(g.more_children) + " more children wait");
    if (g.awaited_by_left_out) line("  + Awaited by: (left out here)");
    if (g.awaited_by.empty()) return;
    line("  + Awaited by:");
    for (const future_call_graph& by : g.awaited_by) graph(by, level + 1);
  }
  std::string take() noexcept { return std::move(all_); }

 private:
  void strand(const call_graph_strand& s, const std::string& before) {
    if (!s.waits_for.empty()) line(before + "+ Waits for: " + s.waits_for);
    for (const std::string& holder : s.held_by) line(before + "+ Held by: " + holder);
    if (s.call_stack.empty()) return;
    line(before + "+ Call stack:");
    for (const frame_call_graph_entry& e : s.call_stack) {
      std::string function = e.frame.function_name();
      if (function.find('(') == std::string::npos) function += "()";
      line(before + "|   File '" + e.frame.file_name() + "', line " + std::to_string(e.frame.line()) + ", in async " + function);
    }
    if (s.shortened) line(before + "|   ...");
  }
  void line(std::string_view l) {
    all_.append(4 * level_, ' ');
    all_ += l;
    all_ += '\n';
  }
  static std::string id(const void* p) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%p", p);
    return digits;
  }

  std::string all_;
  std::size_t level_ = 0;
};

}  // namespace

future_call_graph detail::capture_call_graph(const state_ptr<shared_state>& s, std::optional<int> limit) {
  return capture(limit).of(s);
}

future_call_graph capture_call_graph(const task_handle_base& h, std::optional<int> limit) {
  if (!h) throw invalid_state_error("capture_call_graph: an empty task_handle has no task");
  return capture(limit).of(h.share());
}

future_call_graph task_handle_base::call_graph() const { return capture_call_graph(*this); }

std::string format_call_graph(const future_call_graph& g) {
  text t;
  t.graph(g, 0);
  return t.take();
}
std::string format_call_graph(const task_handle_base& h, std::optional<int> limit) {
  return format_call_graph(capture_call_graph(h, limit));
}
void print_call_graph(const task_handle_base& h, std::FILE* stream, std::optional<int> limit) {
  std::fputs(format_call_graph(h, limit).c_str(), stream);
}
void print_call_graph(const task_handle_base& h, std::ostream& stream, std::optional<int> limit) {
  stream << format_call_graph(h, limit);
}

}  // namespace jay
