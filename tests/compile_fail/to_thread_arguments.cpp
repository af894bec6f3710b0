// SPDX-License-Identifier: MIT
// EXPECT: pass references by std::ref
#include <functional>

#include <jay/to_thread.hpp>

jay::task<> run() {
  int n = 0;
  auto count = [](int& by) { ++by; };
#ifdef JAY_EXPECT_OK
  co_await jay::to_thread(count, std::ref(n));
#else
  co_await jay::to_thread(count, n);
#endif
}
