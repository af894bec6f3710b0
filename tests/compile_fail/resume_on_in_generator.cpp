// SPDX-License-Identifier: MIT
// EXPECT: would have who iterates it run there too
#include <jay/async_generator.hpp>
#include <jay/strand.hpp>

jay::task<int> one() { co_return 1; }

jay::async_generator<int> numbers(jay::strand s) {
#ifdef JAY_EXPECT_OK
  int n = co_await s.run(one());
  co_yield n;
#else
  co_await jay::resume_on(s);
  co_yield 1;
#endif
}
