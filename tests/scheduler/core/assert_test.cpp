// SPDX-License-Identifier: MIT
// The invariants of the library are checked in the builds that run its tests: these are built without NDEBUG.
#include <gtest/gtest.h>

#include <jay/detail/waiter.hpp>
#include <jay/detail/services.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

#include "tests/support/run_on.hpp"

namespace {

TEST(Assert, ALockThatIsNotHeldIsNotUnlocked) {
  jay::detail::spin_mutex m;
  EXPECT_FALSE(m.is_locked());
  m.lock();
  EXPECT_TRUE(m.is_locked());
  m.unlock();
  EXPECT_DEATH(m.unlock(), "broken invariant: is_locked\\(\\)");
}

TEST(Assert, OnlyItsOwnThreadPushesToAWorker) {
  auto elsewhere = [] {
    jay::scheduler s(jay::testing::workers(1));
    jay::detail::worker w(s, 1, false);
    w.push(nullptr);
  };
  EXPECT_DEATH(elsewhere(), "broken invariant: is_here\\(\\)");
}

// The waiter is armed in the library, which is compiled with assertions too.
TEST(Assert, ALeafThatWasNotPreparedIsNotArmed) {
  jay::detail::waiter l;
  EXPECT_DEATH(l.arm(), "broken invariant: frame && owner");
}

}  // namespace
