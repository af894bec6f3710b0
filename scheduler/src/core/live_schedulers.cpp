// SPDX-License-Identifier: MIT
#include "live_schedulers.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <vector>

#include <jay/detail/log.hpp>
#include <jay/detail/task_state.hpp>
#include <jay/error.hpp>

#include "after_fork.hpp"

namespace jay::detail {
namespace {

struct entry {
  std::uint64_t number;
  std::size_t pins = 0;
};
struct registry {
  std::mutex mutex;
  std::condition_variable unpinned;
  std::vector<entry> all;
  registry* before = nullptr;  // that of the parent process

  // With the lock held.
  entry* find(std::uint64_t number) noexcept {
    auto it = std::find_if(all.begin(), all.end(), [number](const entry& e) { return e.number == number; });
    return it == all.end() ? nullptr : &*it;
  }
};
// Never destroyed: handles in static objects may still ask.
registry*& current() {
  static registry* r = new registry;
  return r;
}
registry& instance() { return *current(); }

}  // namespace

// The lock may be held by a thread that this process does not have, and whoever is in the list has no threads.
void forget_live_schedulers() noexcept {
  auto* fresh = new (std::nothrow) registry;
  if (!fresh) return;
  fresh->before = current();
  current() = fresh;
}

void live_schedulers::add(scheduler* s) {
  std::lock_guard g(instance().mutex);
  instance().all.push_back({s->number()});
}
void live_schedulers::remove(scheduler* s) noexcept {
  registry& r = instance();
  std::unique_lock g(r.mutex);
  r.unpinned.wait(g, [&] { return r.find(s->number())->pins == 0; });
  std::erase_if(r.all, [s](const entry& e) { return e.number == s->number(); });
}
bool live_schedulers::pin(std::uint64_t number) noexcept {
  if (number == 0) return false;
  std::lock_guard g(instance().mutex);
  entry* e = instance().find(number);
  if (e) ++e->pins;
  return e;
}
void live_schedulers::unpin(std::uint64_t number) noexcept {
  registry& r = instance();
  std::lock_guard g(r.mutex);
  if (--r.find(number)->pins == 0) r.unpinned.notify_all();
}

void print_report(const char* message, const char* task_name, const std::exception_ptr& exception) noexcept {
  bool named = *task_name != '\0';
  auto print = [&](const char* separator, const char* what) {
    log(log_level::error, "%s%s%s%s%s%s", message, named ? " (" : "", task_name, named ? ")" : "", separator, what);
  };
  if (!exception) return print("", "");
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    print(": ", e.what());
  } catch (const cancelled_error& e) {
    print(e.message().empty() ? ": cancelled_error" : ": cancelled_error: ", e.message().c_str());
  } catch (...) {
    print(": ", "an exception that is no std::exception");
  }
}

void report(const scheduler_ref& s, const char* message, const std::exception_ptr& e, task_state* t) noexcept {
  try {
    const exception_context context{message, e, t ? t->get_name() : std::string()};
    if (live_schedulers::with(s, [&](scheduler& live) { live.call_exception_handler(context); })) return;
    print_report(message, context.task_name.c_str(), e);
  } catch (const std::bad_alloc&) {
    print_report(message, "", e);
  }
}

}  // namespace jay::detail
