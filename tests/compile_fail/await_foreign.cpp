// SPDX-License-Identifier: MIT
// EXPECT: std::future is not one: use jay::wrap_future
#include <future>

#include <jay/task.hpp>

jay::task<int> give() { co_return 1; }

jay::task<int> wait(std::future<int>& f) {
#ifdef JAY_EXPECT_OK
  co_return co_await give() + static_cast<int>(f.valid());
#else
  co_return co_await f;
#endif
}
