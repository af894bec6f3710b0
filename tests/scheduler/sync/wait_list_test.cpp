// SPDX-License-Identifier: MIT
// The wait list, by the smallest primitive that can be made of it.
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/error.hpp>
#include <jay/gather.hpp>
#include <jay/latch.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::latch;

class WaitList : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(WaitList);

jay::task<> pass(latch& l) { co_await l.wait(); }
jay::task<> nothing() { co_return; }

TEST_P(WaitList, EveryWaiterIsWokenOnce) {
  auto body = []() -> jay::task<int> {
    latch l(3);
    int passed = 0;
    auto waits = [&]() -> jay::task<> {
      co_await l.wait();
      co_await jay::create_task(nothing());
    };
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 100; ++i) all.push_back(jay::create_task(waits()));
    for (int i = 0; i < 3; ++i) l.count_down();
    for (auto& h : all) {
      co_await h;
      ++passed;
    }
    co_return passed;
  };
  EXPECT_EQ(run(body()), 100);
}

TEST_P(WaitList, WhatIsOpenIsNotWaitedFor) {
  auto body = []() -> jay::task<> {
    latch l(1);
    l.count_down();
    co_await l.wait();
  };
  run(body());
}

TEST_P(WaitList, ACancelledWaiterLeavesTheList) {
  auto body = []() -> jay::task<> {
    latch l(1);
    auto cancelled = jay::create_task(pass(l));
    auto stays = jay::create_task(pass(l));
    co_await jay::create_task(nothing());
    cancelled.cancel();
    auto r = co_await jay::settled(cancelled);
    EXPECT_TRUE(r.cancelled());
    EXPECT_FALSE(stays.done());
    l.count_down();
    co_await stays;
  };
  run(body());
}

TEST_P(WaitList, WhoeverWasWokenMayDestroyTheResource) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 200; ++i) {
      auto l = std::make_unique<latch>(1);
      auto destroys = [](std::unique_ptr<latch> mine) -> jay::task<> { co_await mine->wait(); };
      latch& at = *l;
      auto h = jay::create_task(destroys(std::move(l)));
      std::thread other([&] { at.count_down(); });
      co_await h;
      other.join();
    }
  };
  run(body());
}

TEST_P(WaitList, RacesOfCancelsAndCountsLoseNobody) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 300; ++i) {
      latch l(1);
      auto a = jay::create_task(pass(l)), b = jay::create_task(pass(l));
      auto opens = jay::create_task([](latch& x) -> jay::task<> {
        x.count_down();
        co_return;
      }(l));
      a.cancel();
      auto ended = co_await jay::settled(a);
      EXPECT_TRUE(ended.cancelled() || ended.has_value());
      co_await b;
      co_await opens;
    }
  };
  run(body());
}

}  // namespace
