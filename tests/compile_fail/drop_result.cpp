// SPDX-License-Identifier: MIT
// EXPECT: nodiscard
// ONLY: Clang
#include <jay/settled.hpp>

jay::task<int> work();

jay::task<> ignores_the_error() {
#ifdef JAY_EXPECT_OK
  jay::result<int> r = co_await jay::settled(work());
  if (r.error()) co_return;
#else
  co_await jay::settled(work());
#endif
}
