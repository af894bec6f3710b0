// SPDX-License-Identifier: MIT
#include <jay/once.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::gate;
using jay::testing::yield;

class Once : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Once);

TEST_P(Once, RunsOnceHoweverManyAsk) {
  auto body = []() -> jay::task<> {
    jay::once o;
    std::atomic<int> runs{0};
    auto starts = [&]() -> jay::task<> {
      EXPECT_FALSE(o.done());
      co_await yield();
      ++runs;
    };
    auto asks = [&]() -> jay::task<> {
      co_await o.call(starts);
      EXPECT_EQ(runs.load(), 1);
      EXPECT_TRUE(o.done());
    };
    std::vector<jay::task<>> all;
    for (int i = 0; i < 50; ++i) all.push_back(asks());
    co_await jay::gather(std::move(all));
    co_await o.call([&] { ++runs; });  // an ordinary function would do
    EXPECT_EQ(runs.load(), 1);
  };
  run(body());
}

TEST_P(Once, WhoRunsItGetsItsErrorAndTheNextRunsIt) {
  auto body = []() -> jay::task<> {
    jay::once o;
    std::atomic<int> runs{0};
    std::atomic<int> errors{0};
    auto fails_twice = [&]() -> jay::task<> {
      co_await yield();
      if (++runs <= 2) throw std::runtime_error("not yet");
    };
    auto asks = [&]() -> jay::task<> {
      try {
        co_await o.call(fails_twice);
      } catch (const std::runtime_error&) {
        ++errors;
      }
    };
    co_await jay::gather(asks(), asks(), asks(), asks());
    EXPECT_EQ(runs.load(), 3);
    EXPECT_EQ(errors.load(), 2);
    EXPECT_TRUE(o.done());
  };
  run(body());
}

TEST_P(Once, ACancelOfWhoRunsItGivesTheTurnToTheNext) {
  auto body = []() -> jay::task<> {
    jay::once_cell<int> cell;
    gate g;
    auto stands = [&]() -> jay::task<int> {
      g.arrived_promise.set_result();
      co_await g.opened.shielded();
      co_return 1;
    };
    auto first = [&]() -> jay::task<> { co_await cell.get_or_init(stands); };
    auto second = [&]() -> jay::task<int> { co_return co_await cell.get_or_init([] { return 2; }); };
    auto a = jay::create_task(first());
    co_await g.arrived;
    auto b = jay::create_task(second());
    co_await yield();
    EXPECT_FALSE(cell.done());
    EXPECT_FALSE(cell.set(3));  // somebody is at it
    a.cancel();
    auto r = co_await jay::settled(a);
    EXPECT_TRUE(r.cancelled());
    int v = co_await b;
    EXPECT_EQ(v, 2);
  };
  run(body());
}

TEST_P(Once, ACancelledWaiterLeaves) {
  auto body = []() -> jay::task<> {
    jay::once o;
    gate g;
    auto stands = [&]() -> jay::task<> { co_await g.pass(); };
    auto runs = [&]() -> jay::task<> { co_await o.call(stands); };
    auto a = jay::create_task(runs());
    co_await g.arrived;
    auto b = jay::create_task(runs());
    co_await yield();
    b.cancel();
    auto r = co_await jay::settled(b);
    EXPECT_TRUE(r.cancelled());
    g.open();
    co_await a;
    EXPECT_TRUE(o.done());
  };
  run(body());
}

/// The turn is handed to a waiter that is cancelled before it goes on: it goes to the one behind.
TEST_P(Once, ATurnThatIsNotTakenIsPassedOn) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 100; ++i) {
      jay::once o;
      gate g;
      std::atomic<int> runs{0};
      auto fails = [&]() -> jay::task<> {
        co_await g.pass();
        throw std::runtime_error("failed");
      };
      auto counts = [&]() -> jay::task<> {
        ++runs;
        co_return;
      };
      auto fails_in = [&]() -> jay::task<> { co_await o.call(fails); };
      auto counts_in = [&]() -> jay::task<> { co_await o.call(counts); };
      auto a = jay::create_task(fails_in());
      co_await g.arrived;
      auto b = jay::create_task(counts_in());
      auto c = jay::create_task(counts_in());
      co_await yield();
      g.open();
      b.cancel();
      auto ra = co_await jay::settled(a);
      EXPECT_FALSE(ra.has_value());
      (void)co_await jay::settled(b);
      co_await c;
      EXPECT_EQ(runs.load(), 1);
    }
  };
  run(body());
}

TEST_P(Once, ACellGivesTheSameValueToAll) {
  auto body = []() -> jay::task<> {
    jay::once_cell<std::unique_ptr<std::string>> cell;
    EXPECT_EQ(cell.get(), nullptr);
    auto make = [](std::string s) -> jay::task<std::unique_ptr<std::string>> {
      co_await yield();
      co_return std::make_unique<std::string>(std::move(s));
    };
    auto ask = [&]() -> jay::task<const std::string*> {
      auto& p = co_await cell.get_or_init(make, std::string("made"));
      co_return p.get();
    };
    auto [a, b] = co_await jay::gather(ask(), ask());
    EXPECT_EQ(a, b);
    EXPECT_EQ(*a, "made");
    EXPECT_NE(cell.get(), nullptr);
    jay::once_cell<int> set;
    EXPECT_TRUE(set.set(4));
    EXPECT_FALSE(set.set(5));
    int v = co_await set.get_or_init([] { return 6; });
    EXPECT_EQ(v, 4);
  };
  run(body());
}

}  // namespace
