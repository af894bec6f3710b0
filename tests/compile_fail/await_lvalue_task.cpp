// SPDX-License-Identifier: MIT
// EXPECT: co_await needs an awaitable of jay
#include <utility>

#include <jay/task.hpp>

jay::task<int> give();

jay::task<int> twice() {
  auto t = give();
#ifdef JAY_EXPECT_OK
  co_return co_await std::move(t);
#else
  co_return co_await t;
#endif
}
