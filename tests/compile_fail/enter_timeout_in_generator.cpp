// SPDX-License-Identifier: MIT
// EXPECT: would be open in the code of who iterates it
#include <jay/async_generator.hpp>
#include <jay/cancel.hpp>
#include <jay/time.hpp>

jay::async_generator<int> limited() {
#ifdef JAY_EXPECT_OK
  co_await jay::with(jay::timeout(std::chrono::seconds(1)), []() -> jay::task<> { co_await jay::checkpoint(); });
#else
  co_await jay::enter(jay::timeout(std::chrono::seconds(1)));
#endif
  co_yield 1;
}
