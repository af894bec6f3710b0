// SPDX-License-Identifier: MIT
#include "checker.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "explorer.hpp"

namespace model {

int options::default_bound() {
  if (const char* text = std::getenv("JAY_MODEL_BOUND")) return std::atoi(text);
  return soak() ? 4 : 3;
}

bool options::soak() {
  const char* text = std::getenv("JAY_SOAK");
  return text && *text && std::strcmp(text, "0") != 0;
}

const char* name_of(asymmetry a) {
  switch (a) {
    case asymmetry::operations: return "operations";
    case asymmetry::membarrier: return "membarrier";
    case asymmetry::fences: return "fences";
  }
  return "?";
}

std::string outcome::text() const {
  char counts[120];
  std::snprintf(counts, sizeof counts, "%llu executions, %llu steps, %.2f s%s",
                static_cast<unsigned long long>(executions), static_cast<unsigned long long>(steps), seconds,
                complete ? ", complete" : "");
  if (!failed) return counts;
  std::string shown = trace;
  int lines = 0;
  for (std::size_t i = trace.size(); i-- > 0;)
    if (trace[i] == '\n' && ++lines > 200) {
      shown = "  ...\n" + trace.substr(i + 1);
      break;
    }
  return reason + "\n" + shown + "  after " + counts + "; to replay it alone: JAY_MODEL_REPLAY=" +
         (replay.empty() ? "0" : replay.substr(0, replay.find_last_not_of('0') + 1) + "0");
}

void* execution::allocate(std::size_t bytes, std::size_t align) { return active->allocate(bytes, align); }
void execution::on_end(void* object, void (*end)(void*)) { active->cleanups_.push_back({object, end}); }
bool execution::forget(void* object) {
  for (std::size_t i = 0; i < active->cleanups_.size(); ++i)
    if (active->cleanups_[i].object == object) {
      active->cleanups_.erase(active->cleanups_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  active->fail("an object is destroyed twice");
}
void execution::add_thread(const char* name, void* f, void (*call)(void*)) {
  if (active->thread_count_ == max_threads)
    active->fail("a model may have at most " + std::to_string(max_threads) + " threads");
  int i = active->thread_count_++;
  thread_state& t = active->threads_[i];
  t = thread_state{};
  t.name = name;
  t.body = f;
  t.call = call;
  t.view.thread = i;
  t.view.tick();
}
void execution::set_finally(void* f, void (*call)(void*)) {
  active->finally_ = f;
  active->call_finally_ = call;
}
void execution::name_location(int id, const char* text) { active->mem_.at(id).name = text; }

outcome explore(const options& o, const std::function<void(execution&)>& set_up) { return explorer(o, set_up).run(); }

void check(bool condition, const char* what) {
  if (!condition) [[unlikely]]
    fail(what);
}

void fail(const std::string& what) {
  if (!active) {
    std::fprintf(stderr, "model: %s (outside an exploration)\n", what.c_str());
    std::abort();
  }
  active->fail(what);
}

int this_thread() { return active ? active->current_ : -1; }

void note(const char* text) {
  if (active && active->tracing_ && active->current_ >= 0) active->trace("%-10s %s", active->me().name, text);
}

}  // namespace model
