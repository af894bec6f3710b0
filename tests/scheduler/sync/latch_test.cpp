// SPDX-License-Identifier: MIT
#include <jay/latch.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::yield;

class Latch : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Latch);

jay::task<> pass(jay::latch& l) { co_await l.wait(); }
jay::task<> nothing() { co_return; }

TEST_P(Latch, LetsAllThroughAtZero) {
  auto body = []() -> jay::task<> {
    jay::latch l(2);
    std::vector<jay::task_handle<>> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(jay::create_task(pass(l)));
    l.count_down();
    co_await jay::create_task(nothing());
    EXPECT_FALSE(l.try_wait());
    for (auto& h : waiting) EXPECT_FALSE(h.done());
    l.count_down();
    EXPECT_TRUE(l.try_wait());
    for (auto& h : waiting) co_await h;
    co_await l.wait();  // for ever after
  };
  run(body());
}

TEST_P(Latch, ThatBeginsAtZeroIsOpen) {
  auto body = []() -> jay::task<> {
    jay::latch l(0);
    EXPECT_TRUE(l.try_wait());
    co_await l.wait();
  };
  run(body());
}

TEST_P(Latch, CountsDownByMoreThanOneAndNotBelowZero) {
  auto body = []() -> jay::task<> {
    jay::latch l(3);
    l.count_down(2);
    EXPECT_THROW(l.count_down(2), std::invalid_argument);
    EXPECT_FALSE(l.try_wait());
    l.count_down(0);
    l.count_down(1);
    EXPECT_TRUE(l.try_wait());
    bool refused = false;
    try {
      co_await l.arrive_and_wait();
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
  };
  run(body());
}

TEST_P(Latch, ArriveAndWaitMeetsTheOthers) {
  auto body = []() -> jay::task<> {
    jay::latch l(3);
    std::atomic<int> arrived{0};
    auto one = [&]() -> jay::task<> {
      ++arrived;
      co_await l.arrive_and_wait();
      EXPECT_EQ(arrived.load(), 3);
    };
    co_await jay::gather(one(), one(), one());
  };
  run(body());
}

TEST_P(Latch, ACancelledWaiterLeavesAndWhatItCountedStays) {
  auto body = []() -> jay::task<> {
    jay::latch l(2);
    jay::testing::gate g;
    auto arrives = [&]() -> jay::task<> {
      g.arrived_promise.set_result();
      co_await l.arrive_and_wait();
    };
    auto h = jay::create_task(arrives());
    co_await g.arrived;
    co_await yield();
    h.cancel();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    if (GetParam() <= 1) {
      l.count_down();
      co_await l.wait();
    }
  };
  run(body());
}

TEST_P(Latch, ManyThreadsCountAndNobodyIsLeft) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 100; ++i) {
      auto l = std::make_unique<jay::latch>(4);
      jay::latch& at = *l;
      auto destroys = [](std::unique_ptr<jay::latch> mine) -> jay::task<> { co_await mine->wait(); };
      auto stays = jay::create_task(nothing());
      auto h = jay::create_task(destroys(std::move(l)));
      std::thread a([&] { at.count_down(2); });
      std::thread b([&] {
        at.count_down();
        at.count_down();
      });
      co_await h;
      a.join();
      b.join();
      co_await stays;
    }
  };
  run(body());
}

}  // namespace
