// SPDX-License-Identifier: MIT
#include "live_schedulers.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <typeinfo>
#include <vector>

#include <jay/detail/log.hpp>
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

void print_report(const exception_context& context) noexcept {
  std::string text = context.message;
  if (!context.task_name.empty()) text += " (" + context.task_name + ")";
  if (context.exception) {
    try {
      std::rethrow_exception(context.exception);
    } catch (const std::exception& e) {
      text += std::string(": ") + e.what();
    } catch (const cancelled_error& e) {
      text += ": cancelled_error" + (e.message().empty() ? "" : ": " + e.message());
    } catch (...) {
      text += ": an exception that is no std::exception";
    }
  }
  log(log_level::error, "%s", text.c_str());
}

void report(scheduler* s, const exception_context& context) noexcept {
  if (!live_schedulers::with(s, [&](scheduler& live) { live.call_exception_handler(context); })) print_report(context);
}

}  // namespace jay::detail
