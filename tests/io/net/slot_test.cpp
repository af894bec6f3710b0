// SPDX-License-Identifier: MIT
// The state table of jay/detail/slot.hpp, one transition after the other; tests/model checks what threads can do to it.
#include <gtest/gtest.h>

#include <deque>

#include <jay/detail/slot.hpp>

namespace {

using jay::detail::direction;
using jay::detail::io_step;

struct operation {
  std::deque<io_step> steps;  // what attempts give, one after the other
  bool claimable = true, armable = true, rearmable = true, was_closed = false;
  int attempts = 0;

  io_step attempt() {
    ++attempts;
    if (steps.empty()) return io_step::again;
    io_step s = steps.front();
    steps.pop_front();
    return s;
  }
  bool claim() { return claimable; }
  bool arm() { return armable; }
  bool rearm() { return rearmable; }
  void closed() { was_closed = true; }
};

struct slot final : jay::detail::basic_slot<operation> {
  int releases = 0;
  void released() noexcept override { ++releases; }
};

using admission = slot::admission;
using parking = slot::parking;
constexpr auto reading = direction::reading;
constexpr auto writing = direction::writing;

class Slot : public testing::Test {
 protected:
  slot s;
  std::uint32_t now = s.open(true, true);
  operation op;

  void wait() {
    ASSERT_NE(s.begin(reading, now), admission::busy);
    ASSERT_EQ(s.suspend(reading, op), parking::suspended);
  }
};

TEST_F(Slot, AReadyDirectionIsTriedAtOnce) {
  EXPECT_EQ(s.begin(reading, now), admission::attempt);
  s.leave(reading, false);
  EXPECT_EQ(s.begin(reading, now), admission::attempt);
}

TEST_F(Slot, AfterADrainedAttemptItWaitsForAnEvent) {
  ASSERT_EQ(s.begin(reading, now), admission::attempt);
  s.leave(reading, true);
  EXPECT_EQ(s.begin(reading, now), admission::wait);
  s.leave(reading, false);
  EXPECT_EQ(s.on_ready(reading), nullptr);
  EXPECT_EQ(s.begin(reading, now), admission::attempt);
}

TEST_F(Slot, AnEventDuringAnAttemptIsNotForgotten) {
  ASSERT_EQ(s.begin(reading, now), admission::attempt);
  EXPECT_EQ(s.on_ready(reading), nullptr);
  s.leave(reading, true);
  EXPECT_EQ(s.begin(reading, now), admission::attempt);
  EXPECT_EQ(s.on_ready(reading), nullptr);
  EXPECT_EQ(s.suspend(reading, op), parking::attempt);
  EXPECT_EQ(s.suspend(reading, op), parking::suspended);
}

TEST_F(Slot, LastingReadinessSurvivesAShortRead) {
  EXPECT_EQ(s.on_ready(reading, true), nullptr);
  ASSERT_EQ(s.begin(reading, now), admission::attempt);
  s.leave(reading, true);
  EXPECT_EQ(s.begin(reading, now), admission::attempt);
}

TEST_F(Slot, TheEventPerformsTheOperation) {
  wait();
  op.steps = {io_step::done};
  EXPECT_EQ(s.on_ready(reading), &op);
  EXPECT_EQ(op.attempts, 1);
  EXPECT_EQ(s.begin(reading, now), admission::attempt) << "a full read leaves the direction ready";
}

TEST_F(Slot, AnEventForNoReasonLeavesItWaiting) {
  wait();
  EXPECT_EQ(s.on_ready(reading), nullptr);
  EXPECT_EQ(op.attempts, 1);
  op.steps = {io_step::drained};
  EXPECT_EQ(s.on_ready(reading), &op);
  EXPECT_EQ(s.begin(reading, now), admission::wait);
}

TEST_F(Slot, ACancelThatCameMeanwhileEndsIt) {
  wait();
  op.rearmable = false;
  EXPECT_EQ(s.on_ready(reading), &op);
  EXPECT_EQ(s.begin(reading, now), admission::wait) << "the direction is free again";
}

TEST_F(Slot, ACancelledWaiterIsLeftAloneAndForgetsItself) {
  wait();
  op.claimable = false;
  EXPECT_EQ(s.on_ready(reading), nullptr);
  EXPECT_EQ(op.attempts, 0);
  EXPECT_EQ(s.begin(reading, now), admission::busy);
  s.forget(reading, op);
  EXPECT_EQ(s.begin(reading, now), admission::attempt);
}

TEST_F(Slot, APendingCancelDoesNotSuspend) {
  op.armable = false;
  ASSERT_EQ(s.begin(reading, now), admission::attempt);
  EXPECT_EQ(s.suspend(reading, op), parking::cancelled);
  EXPECT_NE(s.begin(reading, now), admission::busy);
}

TEST_F(Slot, TwoInOneDirectionAreRefusedAndTheOtherDirectionIsFree) {
  wait();
  EXPECT_EQ(s.begin(reading, now), admission::busy);
  EXPECT_EQ(s.begin(writing, now), admission::attempt);
  EXPECT_EQ(s.begin(writing, now), admission::busy);
}

TEST_F(Slot, CloseEndsWhatWaitsAndReleasesOnce) {
  wait();
  auto ended = s.close(now);
  EXPECT_EQ(ended.op[0], &op);
  EXPECT_EQ(ended.op[1], nullptr);
  EXPECT_TRUE(op.was_closed);
  EXPECT_EQ(s.releases, 1);
  EXPECT_EQ(s.close(now).op[0], nullptr);
  EXPECT_EQ(s.releases, 1);
  EXPECT_EQ(s.begin(reading, now), admission::closed);
}

TEST_F(Slot, TheLastUserReleases) {
  ASSERT_EQ(s.begin(reading, now), admission::attempt);
  ASSERT_EQ(s.begin(writing, now), admission::attempt);
  ASSERT_TRUE(s.pin(now));
  s.close(now);
  s.leave(reading, false);
  EXPECT_EQ(s.suspend(writing, op), parking::closed);
  EXPECT_EQ(s.releases, 0);
  EXPECT_FALSE(s.pin(now));
  s.unpin();
  EXPECT_EQ(s.releases, 1);
}

TEST_F(Slot, WhoeverIsInsideFindsItClosedWhenSuspending) {
  ASSERT_EQ(s.begin(writing, now), admission::attempt);
  s.close(now);
  EXPECT_EQ(s.releases, 0);
  EXPECT_EQ(s.suspend(writing, op), parking::closed);
  EXPECT_EQ(s.releases, 1);
}

TEST_F(Slot, AnOldNumberNeverReachesTheNextFd) {
  s.close(now);
  std::uint32_t next = s.open(true, true);
  EXPECT_NE(next, now);
  EXPECT_EQ(s.begin(reading, now), admission::closed);
  EXPECT_FALSE(s.pin(now));
  EXPECT_EQ(s.close(now).op[0], nullptr);
  EXPECT_EQ(s.begin(reading, next), admission::attempt);
}

}  // namespace
