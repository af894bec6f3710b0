// SPDX-License-Identifier: MIT
// EXPECT: a task_group is used through with_task_group or its join()
#include <jay/enter.hpp>
#include <jay/task_group.hpp>

jay::task<> work();

jay::task<> group() {
  jay::task_group tg;
#ifdef JAY_EXPECT_OK
  tg.create_task(work());
  co_await tg.join();
#else
  auto& same = co_await jay::enter(tg);
  same.create_task(work());
#endif
}
