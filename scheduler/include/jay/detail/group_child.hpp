// SPDX-License-Identifier: MIT
// What a task_group keeps of each of its tasks: a leaf in the task's list of waiters, whose frame is the job that tells
// the group. So a task is not slower for being in a group, and its end is noticed without an allocation.
#pragma once

#include <jay/detail/leaf.hpp>
#include <jay/detail/task_state.hpp>

namespace jay {
class task_group;
}

namespace jay::detail {

class group_scope;
class group_wait;
class group_end;

struct JAY_API group_child final : job, leaf {
  group_child() noexcept;

  task_group* group = nullptr;
  state_ptr<task_state> task;
  group_child* after = nullptr;  // links of the group's list
  group_child** link = nullptr;

  void insert(group_child*& list) noexcept {
    after = list;
    if (after) after->link = &after;
    list = this;
    link = &list;
  }
  void take_out() noexcept {
    *link = after;
    if (after) after->link = link;
  }

  static void* operator new(std::size_t n) { return frame_allocate(n); }
  static void operator delete(void* p, std::size_t n) noexcept { frame_free(p, n); }

 private:
  static void run(job* j);
  static void drop(job*);
};

}  // namespace jay::detail
