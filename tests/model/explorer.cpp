// SPDX-License-Identifier: MIT
#include "explorer.hpp"

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "model_sync.hpp"

namespace model {

std::memory_order asym_load_order = std::memory_order_seq_cst;
std::memory_order asym_store_order = std::memory_order_seq_cst;

explorer* active = nullptr;

namespace {
std::uint64_t executions_ever = 0;
}

// ---- choices ----

int explorer::choose(int n, bool prefer_first) {
  if (n <= 1) return 0;
  if (n > max_alternatives) n = max_alternatives;
  if (at_ < path_.size()) return path_[at_++].taken;
  int taken = 0;
  if (o_.random_executions && !forced_) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    std::uint64_t r = random_ >> 8;
    if (!prefer_first || (r & 1)) taken = static_cast<int>((r >> 1) % static_cast<unsigned>(n));
  }
  path_.push_back({static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(taken)});
  ++at_;
  return taken;
}

bool explorer::next() {
  while (!path_.empty() && path_.back().taken + 1 >= path_.back().alternatives) path_.pop_back();
  if (path_.empty()) return false;
  ++path_.back().taken;
  return true;
}

std::string explorer::replay_text() const {
  std::string s;
  for (const choice& c : path_) s += "0123456789abcdefghijklmnopqrstuvwxyz"[c.taken];
  return s;
}

void explorer::read_replay(const std::string& text) {
  path_.clear();
  for (char c : text) {
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    path_.push_back({max_alternatives, static_cast<std::uint8_t>(digit)});
  }
}

// ---- threads ----

void explorer::resume(int thread) {
  if (thread == current_) return;
  fiber& from = current_ < 0 ? stage_ : fibers_[current_];
  current_ = thread;
  fiber::switch_to(from, thread < 0 ? stage_ : fibers_[thread]);
}

// Never comes back: the execution is over, and what is left on the fibers' stacks is dropped.
void explorer::leave() {
  fiber dropped;
  current_ = -1;
  fiber::switch_to(dropped, driver_);
  std::abort();
}

void explorer::entry() {
  explorer& e = *active;
  try {
    e.me().call(e.me().body);
  } catch (const std::exception& x) {
    e.fail(std::string("an exception leaves the thread: ") + x.what());
  } catch (...) {
    e.fail("an exception leaves the thread");
  }
  e.trace("%-10s ends", e.me().name);
  e.me().done = true;
  e.pick();
  std::abort();
}

// Chooses who runs next. To go on comes first and is free; to switch away from a thread that could go on is a preemption.
void explorer::pick() {
  int candidates[max_threads];
  int n = 0;
  bool can_go_on = current_ >= 0 && can_run(me()) && me().waits_on < 0;
  if (can_go_on) candidates[n++] = current_;
  if (!can_go_on || preemptions_ < o_.bound || o_.random_executions) {
    auto others = [&] {
      for (int i = 0; i < thread_count_; ++i)
        if (i != current_ || !can_go_on)
          if (can_run(threads_[i])) candidates[n++] = i;
    };
    others();
    if (n == 0) {  // only spinners are left: let them look again
      bool any = false;
      for (int i = 0; i < thread_count_; ++i) any |= std::exchange(threads_[i].yielded, false);
      if (any && ++idle_rounds_ > max_idle_rounds)
        fail("livelock: every thread that is left spins or waits, and nothing changes");
      others();
    }
    if (n == 0)  // a timeout is the only thing that can still happen
      for (int i = 0; i < thread_count_; ++i)
        if (threads_[i].timed && threads_[i].waits_on >= 0) candidates[n++] = i;
  }
  if (n == 0) {
    std::string blocked;
    for (int i = 0; i < thread_count_; ++i)
      if (!threads_[i].done)
        blocked +=
            std::string(blocked.empty() ? "" : ", ") + threads_[i].name + " on " + location_name(threads_[i].waits_on);
    if (!blocked.empty()) fail("deadlock or lost wake-up: blocked for ever: " + blocked);
    resume(-1);
    return;
  }
  int chosen = candidates[choose(n, can_go_on)];
  if (can_go_on && chosen != current_) ++preemptions_;
  thread_state& t = threads_[chosen];
  if (t.waits_on >= 0) {
    t.timed_out = true;
    t.waits_on = -1;
  }
  resume(chosen);
}

void explorer::point() {
  if (++steps_ > o_.max_steps) fail("livelock: more than " + std::to_string(o_.max_steps) + " steps");
  pick();
  me().view.tick();
}

void explorer::wake(int thread) {
  threads_[thread].waits_on = -1;
  threads_[thread].timed_out = false;
}

void explorer::fail(const std::string& what) {
  if (!failed_) {
    failed_ = true;
    reason_ = what;
    if (current_ >= 0) reason_ += std::string(" [in ") + me().name + "]";
    trace("FAILS: %s", reason_.c_str());
  }
  leave();
}

location& explorer::access(int id, op kind) {
  location& l = mem_.at(id);
  memory_view& v = me().view;
  if (l.destroyed) fail(std::string(name_of(kind)) + " of " + location_name(id) + ", which has been destroyed");
  if (!v.now.covers(l.made_by, l.made_at))
    fail("data race: " + std::string(name_of(kind)) + " of " + location_name(id) + " may come before its construction");
  l.accessed_at[static_cast<std::size_t>(current_)] = v.time();
  return l;
}

// ---- the trace ----

void explorer::trace(const char* format, ...) {
  if (!tracing_) return;
  char line[400];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  trace_ += std::string("  ") + line + "\n";
}

std::string explorer::location_name(int id) {
  if (id < 0) return "nothing";
  const char* name = mem_.at(id).name;
  return name ? name : "a" + std::to_string(id);
}

void explorer::trace_operation(op kind, const char* order, int id, const place& where, const char* format, ...) {
  char what[200];
  va_list args;
  va_start(args, format);
  std::vsnprintf(what, sizeof what, format, args);
  va_end(args);
  const char* file = std::strrchr(where.file_name(), '/');
  std::string spot = std::string(file ? file + 1 : where.file_name()) + ":" + std::to_string(where.line());
  trace("%-10s %-28s %-16s %-8s %-14s %s", me().name, spot.c_str(), name_of(kind), order,
        id >= 0 ? location_name(id).c_str() : "", what);
}

// ---- running ----

void* explorer::allocate(std::size_t bytes, std::size_t align) {
  std::size_t start = (arena_used_ + align - 1) & ~(align - 1);
  if (start + bytes > arena_bytes) {
    std::fprintf(stderr, "model: an execution may make objects of %zu bytes in all\n", arena_bytes);
    std::abort();
  }
  arena_used_ = start + bytes;
  return arena_->bytes + start;
}

void explorer::one() {
  mem_.reset();
  thread_count_ = 0;
  current_ = -1;
  id_ = ++executions_ever;
  at_ = 0;
  preemptions_ = steps_ = idle_rounds_ = 0;
  spurious_left_ = o_.spurious;
  stale_left_ = o_.stale;
  cleanups_.clear();  // after a failure threads may have stopped anywhere: their objects are not destroyed
  arena_used_ = 0;
  finally_ = nullptr;
  if (o_.random_executions && !forced_) path_.clear();
  stage_.prepare(&stage_entry);
  fiber::switch_to(driver_, stage_);
}

void explorer::stage_entry() {
  try {
    active->stage();
  } catch (const std::exception& x) {
    active->fail(std::string("an exception leaves set-up or finally: ") + x.what());
  } catch (...) {
    active->fail("an exception leaves set-up or finally");
  }
  active->leave();
}

void explorer::stage() {
  execution x;
  set_up_(x);
  for (int i = 0; i < thread_count_; ++i) fibers_[i].prepare(&entry);
  if (thread_count_ > 0) pick();
  if (finally_) call_finally_(finally_);
  while (!cleanups_.empty()) {
    cleanup c = cleanups_.back();
    cleanups_.pop_back();
    c.end(c.object);
  }
}

outcome explorer::run() {
  outcome r;
  auto start = std::chrono::steady_clock::now();
  const char* from_environment = std::getenv("JAY_MODEL_REPLAY");
  std::string replay = !o_.replay.empty() ? o_.replay : from_environment ? from_environment : "";
  asym_load_order = o_.fences == asymmetry::operations ? std::memory_order_seq_cst : std::memory_order_acquire;
  asym_store_order = o_.fences == asymmetry::operations ? std::memory_order_seq_cst : std::memory_order_release;
  mem_.inserts = o_.reorder_stores;
  explorer* outer = std::exchange(active, this);
  if (!replay.empty()) {
    read_replay(replay);
    forced_ = tracing_ = true;
    one();
    r.executions = 1;
  } else {
    for (;;) {
      one();
      ++r.executions;
      r.steps += static_cast<std::uint64_t>(steps_);
      if (failed_) break;
      if (o_.random_executions) {
        if (r.executions >= o_.random_executions) break;
        continue;
      }
      if (!next()) {
        r.complete = true;
        break;
      }
      if (o_.max_executions && r.executions >= o_.max_executions) break;
    }
    if (failed_) {  // once more, now telling what happens
      std::string first = std::exchange(reason_, "");
      forced_ = tracing_ = true;
      failed_ = false;
      one();
      if (!failed_ || reason_ != first) {
        failed_ = true;
        reason_ = first + " (and the model is not deterministic: its replay " +
                  (reason_.empty() ? "passes" : "fails otherwise: " + reason_) + ")";
      }
    }
  }
  active = outer;
  r.failed = failed_;
  r.reason = reason_;
  r.trace = trace_;
  if (failed_) r.replay = replay_text();
  r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return r;
}

}  // namespace model
