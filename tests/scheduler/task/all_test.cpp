// SPDX-License-Identifier: MIT
#include <jay/all.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <jay/event.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::what_is_thrown;

class All : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(All);

jay::task<int> number(int v) { co_return v; }
jay::task<int> failing() {
  throw std::runtime_error("no");
  co_return 0;
}
jay::task<int> until_cancelled(bool& cancelled) {
  jay::event never;
  try {
    co_await never.wait();
  } catch (const jay::cancelled_error&) {
    cancelled = true;
    throw;
  }
  co_return 0;
}

TEST_P(All, GivesEachResultInOrder) {
  auto body = []() -> jay::task<int> {
    auto [a, b] = co_await jay::all(number(1), number(2));
    std::vector<jay::task<int>> tasks;
    tasks.push_back(number(3));
    tasks.push_back(number(4));
    std::vector<int> range = co_await jay::all(std::move(tasks));
    co_return 1000 * a + 100 * b + 10 * range[0] + range[1];
  };
  EXPECT_EQ(1234, run(body()));
}

TEST_P(All, TheFirstErrorCancelsTheOthersAndJoinsThem) {
  auto body = []() -> jay::task<bool> {
    jay::testing::gate begun;
    bool cancelled = false;
    bool thrown = false;
    auto waits = [&]() -> jay::task<int> {
      begun.arrived_promise.set_result();
      int v = co_await until_cancelled(cancelled);
      co_return v;
    };
    auto fails = [&]() -> jay::task<int> {
      co_await begun.arrived;  // one that has not begun is dropped, and never cancelled
      int v = co_await failing();
      co_return v;
    };
    try {
      co_await jay::all(waits(), fails());
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    co_return cancelled && thrown;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(All, SettledWaitsForEveryoneAndTellsWhoFailed) {
  auto body = []() -> jay::task<bool> {
    auto [a, b] = co_await jay::all_settled(number(1), failing());
    co_return a.has_value() && !b.has_value();
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(All, CancelledWhileItWaitsItCancelsAllAndJoinsThem) {
  auto body = []() -> jay::task<> {
    jay::testing::gate begun;
    bool a = false, b = false;
    auto second = [&]() -> jay::task<int> {
      begun.arrived_promise.set_result();
      int v = co_await until_cancelled(b);
      co_return v;
    };
    auto waits = [&]() -> jay::task<std::string> {
      std::string what = co_await what_is_thrown(jay::all(until_cancelled(a), second()));
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(waits);
    co_await begun.arrived;
    h.cancel("stop");
    std::string what = co_await h;
    EXPECT_EQ("cancelled stop", what);
    EXPECT_TRUE(b);
  };
  run(body());
}

TEST_P(All, CancelledWhileTheOthersCleanUpAfterAnErrorItThrowsTheErrorAndTheCancelIsNotLost) {
  auto body = []() -> jay::task<> {
    jay::testing::gate waits, cleans;
    auto cleanup = [&]() -> jay::task<int> {
      try {
        co_await waits.pass();
      } catch (const jay::cancelled_error&) {
      }
      co_await cleans.pass();
      co_return 0;
    };
    auto fails = [&]() -> jay::task<int> {
      co_await waits.arrived;
      throw std::runtime_error("no");
    };
    auto runs = [&]() -> jay::task<std::string> {
      bool thrown = false;
      try {
        co_await jay::all(cleanup(), fails());
      } catch (const std::runtime_error&) {
        thrown = true;
      }
      EXPECT_TRUE(thrown);
      jay::event never;
      std::string what = co_await what_is_thrown(never.wait());
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(runs);
    co_await cleans.arrived;
    h.cancel("late");
    cleans.open();
    std::string what = co_await h;
    EXPECT_EQ("cancelled late", what);
  };
  run(body());
}

TEST_P(All, SettledThatIsCancelledCancelsAllAndJoinsThem) {
  auto body = []() -> jay::task<> {
    jay::testing::gate begun;
    bool b = false;
    auto second = [&]() -> jay::task<int> {
      begun.arrived_promise.set_result();
      int v = co_await until_cancelled(b);
      co_return v;
    };
    auto waits = [&]() -> jay::task<std::string> {
      std::string what = co_await what_is_thrown(jay::all_settled(number(1), second()));
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(waits);
    co_await begun.arrived;
    h.cancel("stop");
    std::string what = co_await h;
    EXPECT_EQ("cancelled stop", what);
    EXPECT_TRUE(b);
  };
  run(body());
}

}  // namespace
