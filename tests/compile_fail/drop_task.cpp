// SPDX-License-Identifier: MIT
// EXPECT: a task does nothing until it is awaited
#include <jay/task.hpp>

jay::task<> work();

jay::task<> forgets() {
#ifdef JAY_EXPECT_OK
  co_await work();
#else
  work();
  co_return;
#endif
}
