// SPDX-License-Identifier: MIT
// A scheduler that stands still runs nothing, and goes on where it stopped.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include <jay/future.hpp>
#include <jay/gather.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

class Standstill : public jay::testing::WorkerCounts {
 protected:
  template <class T>
  auto start(jay::task<T> t) {
    return jay::detail::start(sched(), jay::task_options(), std::move(t));
  }
};
JAY_FOR_WORKER_COUNTS(Standstill);

jay::task<long> fib(int n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await jay::gather(fib(n - 1), fib(n - 2));
  co_return a + b;
}

TEST_P(Standstill, NothingRunsUntilItGoesOn) {
  std::vector<long> steps(8);  // no atomics: who has made it stand may read them
  bool enough = false;
  auto counts = [&](std::size_t i) -> jay::task<> {
    while (!enough) {
      ++steps[i];
      co_await jay::testing::yield();
    }
  };
  sched().stand_still();
  for (std::size_t i = 0; i < steps.size(); ++i) start(counts(i));
  for (int round = 0; round < 50; ++round) {
    const std::vector<long> before = steps;
    for (int k = 0; k < 10; ++k) std::this_thread::yield();
    EXPECT_EQ(steps, before);
    EXPECT_TRUE(sched().stands());
    sched().go_on();
    for (int k = 0; k < round % 3; ++k) std::this_thread::yield();
    sched().stand_still();
  }
  enough = true;
  sched().go_on();
  run([]() -> jay::task<> { co_return; }());
}

TEST_P(Standstill, ATreeOfForksStandsInTheMiddleAndIsJoinedAllTheSame) {
  auto h = start(fib(22));
  int stops = 0;
  while (!h.done()) {
    sched().stand_still();
    ++stops;
    sched().go_on();
    std::this_thread::yield();
  }
  EXPECT_GE(stops, 0);
  EXPECT_EQ(h.result(), 17711);
}

TEST_P(Standstill, WhatIsStartedMeanwhileBeginsWhenItGoesOn) {
  sched().stand_still();
  std::vector<int> seen;
  auto notes = [&](int i) -> jay::task<> {
    seen.push_back(i);
    co_return;
  };
  auto first = start(notes(1));
  EXPECT_TRUE(seen.empty());
  sched().go_on();
  run([](jay::task_handle<> h) -> jay::task<> { co_await h; }(first));
  EXPECT_EQ(seen, std::vector<int>{1});
}

TEST_P(Standstill, EndsWithItsScheduler) {
  auto h = start([]() -> jay::task<> { co_return; }());
  sched().stand_still();
  sched().go_on();
  run([](jay::task_handle<> h) -> jay::task<> { co_await h; }(h));
  sched().stand_still();
  EXPECT_TRUE(h.done());
}

// The worker of asyncio's order stands at the end of a turn, and takes one turn at a time if it is told so.
TEST(StandstillInOrder, GoesOnForATurn) {
  jay::scheduler s(jay::testing::in_asyncio_order());
  s.stand_still();
  int turns = 0;
  auto counts = [&]() -> jay::task<> {
    for (;;) {
      ++turns;
      co_await jay::testing::yield();
      if (turns == 10) co_return;
    }
  };
  auto h = jay::detail::start(s, jay::task_options(), counts());
  for (int i = 1; i <= 10; ++i) {
    s.go_on_for_a_turn();
    s.stand_still();
    EXPECT_EQ(turns, i);
  }
  s.go_on();
  jay::testing::run_on(s, [](jay::task_handle<> h) -> jay::task<> { co_await h; }(h));
}

}  // namespace
