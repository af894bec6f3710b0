// SPDX-License-Identifier: MIT
// One exploration: its choices, its threads, its trace. (Private to the checker: models see checker.hpp.)
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checker.hpp"
#include "fiber.hpp"
#include "memory.hpp"

namespace model {

inline constexpr int max_alternatives = 36;  // of one choice: a digit of the replay string each
inline constexpr int max_idle_rounds = 50;   // how often all threads may have yielded with no store in between

struct thread_state {
  memory_view view;
  const char* name = "";
  void* body = nullptr;
  void (*call)(void*) = nullptr;
  int waits_on = -1;  // location of the futex that blocks it
  bool done = false;
  bool yielded = false;
  bool timed = false;
  bool timed_out = false;
};

struct choice {
  std::uint8_t alternatives;
  std::uint8_t taken;
};

struct cleanup {
  void* object;
  void (*end)(void*);
};

class explorer {
 public:
  explorer(const options& o, const std::function<void(execution&)>& set_up)
      : o_(o), set_up_(set_up), random_(o.seed * 0x9E3779B97F4A7C15u + 1) {}
  outcome run();

  // ---- the running execution ----
  options o_;
  memory mem_;
  thread_state threads_[max_threads];
  int thread_count_ = 0;
  int current_ = -1;
  std::uint64_t id_ = 0;
  bool failed_ = false;
  bool tracing_ = false;
  std::string reason_;
  std::string trace_;

  void point();
  int choose(int n, bool prefer_first = false);
  void pick();
  [[noreturn]] void fail(const std::string& what);
  void trace(const char* format, ...) __attribute__((format(printf, 2, 3)));
  void trace_operation(op kind, const char* order, int id, const place& where, const char* format, ...)
      __attribute__((format(printf, 6, 7)));
  std::string location_name(int id);
  location& access(int id, op kind);
  thread_state& me() { return threads_[current_]; }
  bool spurious() { return spurious_left_ > 0 && choose(2) == 1 && (--spurious_left_, true); }
  void wake(int thread);
  // The record that a load returns, of those from `low` on: the newest first.
  int choose_record(const location& l, int low) {
    if (stale_left_ <= 0) return l.newest();
    int index = l.newest() - choose(l.newest() - low + 1);
    if (index < l.newest()) --stale_left_;
    return index;
  }
  void stored() {
    for (int i = 0; i < thread_count_; ++i)
      if (i != current_) threads_[i].yielded = false;
    idle_rounds_ = 0;
  }

  // ---- memory of the execution ----
  void* allocate(std::size_t bytes, std::size_t align);
  std::vector<cleanup> cleanups_;
  void* finally_ = nullptr;
  void (*call_finally_)(void*) = nullptr;

  int stale_left_ = 0;

 private:
  const std::function<void(execution&)>& set_up_;
  std::vector<choice> path_;
  std::size_t at_ = 0;
  bool forced_ = false;  // the path is a replay: ahead of it nothing is to be explored
  std::uint64_t random_;
  int preemptions_ = 0;
  int spurious_left_ = 0;
  int steps_ = 0;
  int idle_rounds_ = 0;
  fiber driver_;  // explore() itself
  fiber stage_;   // runs set-up, finally and the destructors, so that a failure there can just leave
  fiber fibers_[max_threads];
  static constexpr std::size_t arena_bytes = 1 << 20;
  struct alignas(256) block {
    char bytes[arena_bytes];
  };
  std::unique_ptr<block> arena_{new block};
  std::size_t arena_used_ = 0;

  void one();
  bool next();
  bool can_run(const thread_state& t) const {
    return !t.done && !t.yielded && (t.waits_on < 0 || (t.timed && o_.timeouts));
  }
  void resume(int thread);
  [[noreturn]] void leave();
  void stage();
  static void stage_entry();
  static void entry();
  std::string replay_text() const;
  void read_replay(const std::string& text);
};

extern explorer* active;  // the exploration that is running, or null

}  // namespace model
