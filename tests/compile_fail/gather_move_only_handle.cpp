// SPDX-License-Identifier: MIT
// EXPECT: a move-only result must be taken from the handle
#include <memory>

#include <jay/create_task.hpp>
#include <jay/gather.hpp>

jay::task<> both(jay::task_handle<std::unique_ptr<int>> a, jay::task_handle<std::unique_ptr<int>> b) {
#ifdef JAY_EXPECT_OK
  auto first = co_await std::move(a);
  auto second = co_await std::move(b);
#else
  co_await jay::gather(a, b);
#endif
}
