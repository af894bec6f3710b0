// SPDX-License-Identifier: MIT
// EXPECT: a task is awaited once: pass it by std::move
#include <utility>

#include <jay/gather.hpp>

jay::task<int> work();

jay::task<> both() {
  auto t = work();
#ifdef JAY_EXPECT_OK
  co_await jay::gather(std::move(t), work());
#else
  co_await jay::gather(t, work());
#endif
}
