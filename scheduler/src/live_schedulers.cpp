// SPDX-License-Identifier: MIT
#include "live_schedulers.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <vector>

#include <jay/detail/log.hpp>
#include <jay/detail/task_state.hpp>
#include <jay/error.hpp>

namespace jay::detail {
namespace {

struct registry {
  std::shared_mutex mutex;
  std::vector<scheduler*> all;
};
registry& instance() {
  static registry& r = *new registry;  // never destroyed: handles in static objects may still ask
  return r;
}

}  // namespace

void live_schedulers::add(scheduler* s) {
  std::unique_lock g(instance().mutex);
  instance().all.push_back(s);
}
void live_schedulers::remove(scheduler* s) noexcept {
  std::unique_lock g(instance().mutex);
  std::erase(instance().all, s);
}
bool live_schedulers::pin(scheduler* s) noexcept {
  instance().mutex.lock_shared();
  auto& all = instance().all;
  if (s && std::find(all.begin(), all.end(), s) != all.end()) return true;
  instance().mutex.unlock_shared();
  return false;
}
void live_schedulers::unpin() noexcept { instance().mutex.unlock_shared(); }

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

void report(scheduler* s, const char* message, const std::exception_ptr& e, task_state* t) noexcept {
  try {
    const exception_context context{message, e, t ? t->get_name() : std::string()};
    if (live_schedulers::with(s, [&](scheduler& live) { live.call_exception_handler(context); })) return;
    print_report(message, context.task_name.c_str(), e);
  } catch (const std::bad_alloc&) {
    print_report(message, "", e);
  }
}

}  // namespace jay::detail
