// SPDX-License-Identifier: MIT
#include "terminate_note.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>

#include <jay/detail/task_state.hpp>

namespace jay::detail {
namespace {

std::terminate_handler before;

[[noreturn]] void say_which_task() {
  if (task_state* t = current_task_state()) {
    const char* why = "an exception has left a destructor or a noexcept function";
    if (t->mutex.try_lock()) {  // this thread may be inside
      if (t->said && t->said->name)
        std::fprintf(stderr, "jay: std::terminate in task '%s': %s\n", t->said->name->c_str(), why);
      else std::fprintf(stderr, "jay: std::terminate in task 'Task-%llu': %s\n", static_cast<unsigned long long>(t->number), why);
      t->mutex.unlock();
    }
  }
  if (before) before();
  std::abort();
}

}  // namespace

void note_terminate() noexcept {
  static std::once_flag once;
  std::call_once(once, [] { before = std::set_terminate(&say_which_task); });
}

}  // namespace jay::detail
