// SPDX-License-Identifier: MIT
// EXPECT: no matching function for call to
#include <jay/gather.hpp>

jay::task<int> work();

jay::task<> both() {
#ifdef JAY_EXPECT_OK
  co_await jay::gather(work(), work());
#else
  co_await jay::gather(work(), 5);
#endif
}
