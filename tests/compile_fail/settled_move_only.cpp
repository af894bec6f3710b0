// SPDX-License-Identifier: MIT
// EXPECT: with a move-only result pass it by std::move
#include <memory>

#include <jay/create_task.hpp>
#include <jay/settled.hpp>

jay::task<> wait(jay::task_handle<std::unique_ptr<int>> h) {
#ifdef JAY_EXPECT_OK
  auto r = co_await jay::settled(std::move(h));
#else
  auto r = co_await jay::settled(h);
#endif
  if (r.error()) co_return;
}
