// SPDX-License-Identifier: MIT
// What g++ 12 compiles wrongly, and what jay says of it. Other compilers take all of this.
#include <gtest/gtest.h>

#include <jay/task.hpp>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
namespace {

jay::task<bool> yes() { co_return true; }
int hits = 0;

jay::task<> with_if() {
  if (co_await yes()) ++hits;
}
jay::task<> with_while() {
  while (co_await yes()) ++hits;
}
jay::task<> with_switch() {
  switch (co_await yes()) {
    case true: ++hits;
  }
}
jay::task<> with_and(bool first) {
  if (first && co_await yes()) ++hits;
}
jay::task<> with_local() {
  bool is = co_await yes();
  if (is) ++hits;
}

// As soon as the coroutine is made, whatever its memory held before.
TEST(Gcc12DeathTest, ASkippedBodyIsToldByName) {
  EXPECT_DEATH({ auto t = with_if(); }, "bind what is awaited in its condition.*with_if");
  EXPECT_DEATH({ auto t = with_while(); }, "bind what is awaited in its condition.*with_while");
  EXPECT_DEATH({ auto t = with_switch(); }, "bind what is awaited in its condition.*with_switch");
  EXPECT_DEATH({ auto t = with_and(true); }, "bind what is awaited in its condition.*with_and");
  auto right = with_local();
  EXPECT_TRUE(right.valid());
}

}  // namespace
#endif
