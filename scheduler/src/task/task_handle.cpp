// SPDX-License-Identifier: MIT
#include <jay/task_handle.hpp>

#include <jay/create_task.hpp>
#include <jay/gather.hpp>

#include "core/after_fork.hpp"
#include "core/scheduler_core.hpp"

namespace jay {

void detail::throw_empty_handle() { throw invalid_state_error("an empty task_handle has no task"); }

int task_handle_base::uncancel() {
  auto& requests = state().cancel_requests;
  int n = requests.load(std::memory_order_relaxed);  // relaxed: a number; what follows is told under the scope's lock
  while (n > 0 && !requests.compare_exchange_weak(n, n - 1, std::memory_order_relaxed)) {
  }
  if (n <= 1) state().root.word.take_pending();  // 3.13: no cancel is asked for any more, so none is delivered
  return n > 0 ? n - 1 : 0;
}

std::exception_ptr task_handle_base::exception() const {
  return state().exception("task_handle::exception: the task has not ended");
}

task_handle<> current_task() {
  detail::task_state* t = detail::current_task_state();
  if (!t) throw std::runtime_error("current_task: no task is running here");
  return task_handle<>(detail::state_ptr<detail::task_state>::share(t));
}

std::string get_name() { return current_task().name(); }

std::vector<task_handle<>> all_tasks() {
  std::vector<task_handle<>> tasks;
  for (auto& t : detail::require_scheduler("all_tasks").core().all_tasks()) tasks.emplace_back(std::move(t));
  return tasks;
}

void detail::throw_no_scheduler(const char* what) {
  if (in_forked_child())
    throw std::runtime_error(std::string(what) + ": the runtime is not usable after fork: its threads stayed in the parent");
  throw std::runtime_error(std::string(what) + ": no runtime is running here; call it from a task (jay::run)");
}

bool detail::whole_scope_cancelled() noexcept {
  scope* s = current_scope();
  if (!s) return false;
  spin_guard g(s->mutex);
  return s->cancel_generation != 0 || (s->marks & scope::level);
}

}  // namespace jay
