// SPDX-License-Identifier: MIT
#include "terminate_note.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

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

// Taken back when the library goes: at the end of the process, or by dlclose of a plugin that jay is linked into, after
// which the handler would be an address of nothing.
struct installed {
  installed() noexcept { before = std::set_terminate(&say_which_task); }
  ~installed() {
    if (std::get_terminate() == &say_which_task) std::set_terminate(before);
  }
};

}  // namespace

void note_terminate() noexcept { static installed once; }

}  // namespace jay::detail
