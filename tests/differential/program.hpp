// SPDX-License-Identifier: MIT
// Random programs over what tasks wait for: a tree of statements that jay (interpreter.hpp) and CPython (interpreter.py)
// both run. Each statement that ends writes a line; the lines of both have to agree. What the statements mean stands in
// interpreter.py, where it is shortest.
//
// A program cannot wait in a circle by awaiting tasks (upward: a task awaits only younger ones, or only older ones). It may
// block for ever in every other way: whoever runs it looks at it for a number of turns only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace jay::differential {

struct statement {
  std::string op;
  int a = 0;
  int b = 0;
  std::vector<statement> body;
};
using block = std::vector<statement>;

struct program {
  std::uint64_t seed = 0;
  bool upward = false;
  bool cancels = false;
  std::vector<int> semaphores;
  std::vector<int> queues;  // their sizes
  std::vector<block> functions;
  int started = 1;  // so many functions are started as tasks
};

inline constexpr int locks = 2, events = 2, futures = 3, handles_at_most = 40, turns = 120;

/// As json.
inline void write(std::string& out, const block& b) {
  out += '[';
  const char* comma = "";
  for (const statement& s : b) {
    out += comma;
    out += "[\"" + s.op + "\"," + std::to_string(s.a) + "," + std::to_string(s.b) + ",";
    write(out, s.body);
    out += ']';
    comma = ",";
  }
  out += ']';
}
inline std::string text(const program& p) {
  auto list = [](const std::vector<int>& v) {
    std::string s;
    for (int i : v) s += (s.empty() ? "" : ",") + std::to_string(i);
    return "[" + s + "]";
  };
  std::string out = "{\"seed\":" + std::to_string(p.seed) + ",\"upward\":" + (p.upward ? "true" : "false") +
                    ",\"cancels\":" + (p.cancels ? "true" : "false") +
                    ",\"semaphores\":" + list(p.semaphores) + ",\"queues\":" + list(p.queues) +
                    ",\"started\":" + std::to_string(p.started) + ",\"functions\":[";
  const char* comma = "";
  for (const block& f : p.functions) {
    out += comma;
    write(out, f);
    comma = ",";
  }
  return out + "]}";
}

class generator {
 public:
  /// `cancels`: tasks cancel tasks, too.
  generator(std::uint64_t seed, bool cancels) : random_(seed), seed_(seed), cancels_(cancels) {}

  program make() {
    program p;
    p.seed = seed_;
    p.cancels = cancels_;
    p.upward = below(2);
    p.semaphores = {below(3), below(3)};
    p.queues = {below(3), below(3)};
    functions_ = 2 + below(5);
    p.started = 1 + below(functions_);
    // A program uses some kinds of statements only, so that its tasks meet.
    kinds_.clear();
    for (std::size_t n = 2 + static_cast<std::size_t>(below(3)); n > 0; --n) kinds_.push_back(below(families));
    // Who waits for a lock again, after a condition, cannot be cancelled: it would block the end of who holds the lock and
    // awaits its task.
    if (std::count(kinds_.begin(), kinds_.end(), 2) != 0)
      std::erase_if(kinds_, [](int k) { return k == 6 || k == 7; });
    for (int f = 0; f < functions_; ++f) {
      int n = 1 + below(6);
      p.functions.push_back(make_block(f, n, 2));
    }
    return p;
  }

 private:
  static constexpr int families = 9;

  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  template <class... S>
  std::string one_of(S... s) {
    const char* all[] = {s...};
    return all[below(static_cast<int>(sizeof...(S)))];
  }

  block make_block(int f, int n, int depth) {
    block b;
    for (; n > 0; --n) b.push_back(make_statement(f, depth));
    return b;
  }

  statement simple(std::string op, int n) { return {std::move(op), below(n), below(8), {}}; }
  statement around(std::string op, int n, int f, int depth) {
    statement s = simple(std::move(op), n);
    s.body = make_block(f, 1 + below(3), depth - 1);
    return s;
  }
  /// Of a function that stands behind this one.
  statement call(std::string op, int f) {
    if (f + 1 >= functions_) return {"sleep", 0, 0, {}};
    return {std::move(op), f + 1 + below(functions_ - f - 1), below(8), {}};
  }

  statement make_statement(int f, int depth) {
    if (below(4) == 0) return {"sleep", 0, 0, {}};
    if (cancels_ && below(8) == 0) return simple("cancel", 8);
    switch (kinds_[static_cast<std::size_t>(below(static_cast<int>(kinds_.size())))]) {
      case 0:
        if (depth > 0 && below(3) != 0) return around("lock", locks, f, depth);
        return simple(one_of("locked", "unlock"), locks);
      case 1:
        if (depth > 0 && below(2) != 0) return around("semaphore", 2, f, depth);
        return simple(one_of("release", "release", "no_permit"), 2);
      case 2:
        if (depth > 0 && below(3) != 0) return around("condition", locks, f, depth);
        return simple(one_of("notify", "notify", "notify_all", "wait_condition", "wait_condition"), locks);
      case 3: return simple(one_of("set", "clear", "wait_event", "wait_event", "is_set",
                             cancels_ ? "is_set" : "wait_event_no_time"),
                      events);
      case 4: return simple(one_of("put", "put", "get", "get", "put_nowait", "get_nowait", "size", "task_done", "join"), 2);
      case 5:
        return simple(one_of("set_result", "set_error", "cancel_future", "await_future", "await_future", "callback",
                             "shield_future", "gather_futures", "wait_futures"),
                      futures);
      case 6: return simple(one_of("await", "await", "task_callback", "gather", "settle", "shield", "wait_first", "wait_all",
                                   "as_completed", "limited_await",
                                   cancels_ ? "await_no_time" : "await"),
                           8);
      case 7:
        // Whoever is cancelled in a gather of calls is told otherwise than in CPython: docs/asyncio.md.
        return call(one_of("spawn", "spawn", "spawn", "run", cancels_ ? "run" : "gather_calls", "shield_call", "limited_call",
                           "group", "call_no_time"), f);
      default:
        // What is cancelled and then fails takes the cancel with it in CPython; jay tells it to who has waited.
        return {cancels_ ? "sleep" : "throw", 0, 0, {}};
    }
  }

  std::mt19937_64 random_;
  std::uint64_t seed_;
  bool cancels_;
  int functions_ = 0;
  std::vector<int> kinds_;
};

}  // namespace jay::differential
