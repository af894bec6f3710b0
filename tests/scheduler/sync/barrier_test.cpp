// SPDX-License-Identifier: MIT
#include <jay/barrier.hpp>

#include <algorithm>
#include <vector>

#include <jay/error.hpp>
#include <jay/event.hpp>
#include <jay/gather.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

jay::task<std::size_t> pass(jay::barrier& b) {
  std::size_t i = co_await b.wait();
  co_return i;
}

/// 1: let through; 2: broken; 3: cancelled
jay::task<int> how(jay::barrier& b) {
  try {
    co_await b.wait();
  } catch (const jay::broken_barrier_error&) {
    co_return 2;
  } catch (const jay::cancelled_error&) {
    co_return 3;
  }
  co_return 1;
}

TEST(Barrier, NeedsAtLeastOneParty) { EXPECT_THROW(jay::barrier(0), std::invalid_argument); }

TEST(Barrier, OfOneNeverWaits) {
  jay::barrier b(1);
  run(workers(1), [](jay::barrier& bar) -> jay::task<> {
    for (int i = 0; i < 1000; ++i) {
      std::size_t index = co_await bar.wait();
      EXPECT_EQ(index, 0u);
    }
  }(b));
  EXPECT_EQ(b.n_waiting(), 0u);
}

TEST(Barrier, LetsAllThroughWhenTheLastHasCome) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::barrier b(3);
    EXPECT_EQ(b.parties(), 3u);
    auto x = jay::create_task(pass, std::ref(b));
    auto y = jay::create_task(pass, std::ref(b));
    co_await yield();
    EXPECT_EQ(b.n_waiting(), 2u);
    EXPECT_FALSE(x.done());
    std::size_t mine = co_await b.wait();
    EXPECT_EQ(mine, 2u);
    EXPECT_EQ(b.n_waiting(), 0u);
    std::size_t ix = co_await x;
    std::size_t iy = co_await y;
    EXPECT_EQ(ix, 0u);
    EXPECT_EQ(iy, 1u);
  }());
}

TEST(Barrier, GivesEachPartyAnotherNumberRoundAfterRound) {
  constexpr int parties = 4, rounds = 300;
  jay::barrier b(parties);
  std::vector<std::vector<std::size_t>> got(rounds, std::vector<std::size_t>(parties));
  auto party = [&](int who) -> jay::task<> {
    for (int r = 0; r < rounds; ++r) {
      std::size_t i = co_await b.wait();
      got[static_cast<std::size_t>(r)][static_cast<std::size_t>(who)] = i;
    }
  };
  run(workers(3), [](decltype(party)& p) -> jay::task<> {
    std::vector<jay::task<>> ts;
    for (int i = 0; i < parties; ++i) ts.push_back(p(i));
    co_await jay::gather(std::move(ts));
  }(party));
  for (auto& r : got) {
    std::sort(r.begin(), r.end());
    EXPECT_EQ(r, (std::vector<std::size_t>{0, 1, 2, 3}));
  }
}

TEST(Barrier, AbortBreaksItUntilReset) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::barrier b(2);
    auto x = jay::create_task(how, std::ref(b));
    co_await yield();
    b.abort();
    EXPECT_TRUE(b.broken());
    EXPECT_EQ(b.n_waiting(), 0u);
    int first = co_await x;
    EXPECT_EQ(first, 2);
    int second = co_await how(b);
    EXPECT_EQ(second, 2);
    b.reset();
    EXPECT_FALSE(b.broken());
    auto [y, z] = co_await jay::gather(how(b), how(b));
    EXPECT_EQ(y, 1);
    EXPECT_EQ(z, 1);
  }());
}

TEST(Barrier, ResetFailsThoseThatWait) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::barrier b(3);
    auto x = jay::create_task(how, std::ref(b));
    auto y = jay::create_task(how, std::ref(b));
    co_await yield();
    b.reset();
    EXPECT_FALSE(b.broken());
    EXPECT_EQ(b.n_waiting(), 0u);
    int ix = co_await x;
    int iy = co_await y;
    EXPECT_EQ(ix, 2);
    EXPECT_EQ(iy, 2);
    b.reset();  // nobody waits
    EXPECT_FALSE(b.broken());
  }());
}

TEST(Barrier, ACancelledWaiterLeavesAndTheOthersGoOnWaiting) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::barrier b(2);
    auto x = jay::create_task(how, std::ref(b));
    co_await yield();
    EXPECT_EQ(b.n_waiting(), 1u);
    x.cancel();
    int ix = co_await x;
    EXPECT_EQ(ix, 3);
    EXPECT_EQ(b.n_waiting(), 0u);
    EXPECT_FALSE(b.broken());
    auto y = jay::create_task(how, std::ref(b));
    co_await yield();
    EXPECT_FALSE(y.done());
    std::size_t mine = co_await b.wait();
    EXPECT_EQ(mine, 1u);
    int iy = co_await y;
    EXPECT_EQ(iy, 1);
  }());
}

TEST(Barrier, ACancelAfterAllHaveComeWaitsForTheNextSuspension) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::barrier b(2);
    bool passed = false, cancelled_after = false;
    auto x = jay::create_task([&]() -> jay::task<> {
      co_await b.wait();
      passed = true;
      jay::event never;
      try {
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
        cancelled_after = true;
      }
    });
    co_await yield();
    co_await b.wait();
    x.cancel();
    co_await x;
    EXPECT_TRUE(passed);
    EXPECT_TRUE(cancelled_after);
  }());
}

}  // namespace
