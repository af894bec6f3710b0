// SPDX-License-Identifier: MIT
// What the tasks of a scheduler wait for, and which of them wait for each other in a circle.
#include <string>
#include <utility>

#include <jay/scheduler.hpp>

#include "core/scheduler_core.hpp"
#include "wait_graph.hpp"

namespace jay {
namespace {

using detail::awaited;
using detail::suspended_strand;
using detail::suspended_strands;
using detail::tasks_by_number;

std::string place(const std::source_location& at) {
  if (at.line() == 0) return {};
  return " waits in " + std::string(at.function_name()) + " (" + at.file_name() + ":" + std::to_string(at.line()) + ")";
}

class report {
 public:
  report(const tasks_by_number& tasks, bool debugging) : tasks_(tasks), debugging_(debugging) {}

  void add(detail::task_state& t, const suspended_strands& its) {
    text_ += "  " + t.get_name();
    if (its.strands.size() == 1 && !its.strands.front().forked) {
      text_ += place(its.strands.front().frames.front()) + reason(its.strands.front()) + "\n";
    } else if (its.strands.empty()) {
      text_ += place(t.waits_at.load(std::memory_order_relaxed)) + "\n";  // relaxed: a hint; it runs, perhaps
    } else {
      const suspended_strand& one = its.strands.front();
      text_ += (one.below < one.frames.size() ? place(one.frames[one.below]) : "") + " for a gather of\n";
      for (const suspended_strand& s : its.strands) text_ += "    a child that" + place(s.frames.front()) + reason(s) + "\n";
      if (its.more != 0) text_ += "    and " + std::to_string(its.more) + " more\n";
    }
  }
  void add_circle(const std::string& c) { text_ += "  a circle: " + c + "\n"; }
  std::string take() {
    if (unknown_holders_) text_ += "  (debug mode tells who holds a lock: JAY_DEBUG=1)\n";
    return std::move(text_);
  }

 private:
  std::string reason(const suspended_strand& s) {
    std::string text = name_of(s);
    if (text.empty()) return text;
    if (s.what == awaited::semaphore) text += " (a permit)";
    const auto holders = holders_of(s, tasks_);
    for (const std::string& h : holders) text += (&h == &holders.front() ? ", held by " : ", ") + h;
    unknown_holders_ |= holders.empty() && !debugging_ && (s.what == awaited::lock || s.what == awaited::rw_lock);
    return " for " + text;
  }

  const tasks_by_number& tasks_;
  const bool debugging_;
  bool unknown_holders_ = false;
  std::string text_;
};

}  // namespace

std::string scheduler::pending_tasks() {
  const tasks_by_number tasks(core_->all_tasks());
  detail::wait_graph graph(tasks);
  report all(tasks, debugging());
  for (const auto& t : tasks.all()) {
    const suspended_strands its = strands_of(*t);
    all.add(*t, its);
    graph.add(t, its);
  }
  graph.connect();
  for (const auto& c : graph.circles()) all.add_circle(graph.text_of(c));
  return all.take();
}

}  // namespace jay
