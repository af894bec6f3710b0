// SPDX-License-Identifier: MIT
// EXPECT: with_task_group: the body is a coroutine
#include <jay/task_group.hpp>

jay::task<> work();

jay::task<> group() {
#ifdef JAY_EXPECT_OK
  auto body = [](jay::task_group& tg) -> jay::task<> {
    tg.create_task(work());
    co_return;
  };
#else
  auto body = [](jay::task_group& tg) { tg.create_task(work()); };
#endif
  co_await jay::with_task_group(body);
}
