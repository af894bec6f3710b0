// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/on_orders.hpp"

using namespace std::chrono_literals;
using jay::testing::said_by;
using testing::HasSubstr;

namespace {

jay::task<int> answer() {
  co_await jay::sleep(0s);
  co_return 42;
}

/// A loop that a thread of its own runs.
class Threadsafe : public jay::testing::OnOrders {
 protected:
  jay::event_loop loop{config()};
  std::thread runs{[this] { loop.run_forever(); }};
  void stop() {
    loop.call_soon_threadsafe([this] { loop.stop(); });
    runs.join();
  }
  ~Threadsafe() override {
    if (runs.joinable()) stop();
  }
};
JAY_FOR_WORKER_COUNTS(Threadsafe);

TEST_P(Threadsafe, GivesTheValueAsOftenAsItIsAsked) {
  auto f = jay::run_coroutine_threadsafe(answer(), loop);
  EXPECT_EQ(f.get(), 42);
  EXPECT_EQ(f.get(60s), 42);
  EXPECT_TRUE(f.done());
  EXPECT_FALSE(f.cancelled());
  EXPECT_FALSE(f.cancel());
}

TEST_P(Threadsafe, TakesEveryOp) {
  EXPECT_EQ(jay::run_coroutine_threadsafe(jay::sleep(0s, 3), loop).get(), 3);
  jay::run_coroutine_threadsafe(jay::sleep(0s), loop).get();
  auto [p, f] = jay::with_resolvers<int>();
  p.set_result(4);
  EXPECT_EQ(jay::run_coroutine_threadsafe(f, loop).get(), 4);
  auto moves = []() -> jay::task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  EXPECT_EQ(*jay::run_coroutine_threadsafe(moves(), loop).get(), 5);
}

TEST_P(Threadsafe, ThrowsTheError) {
  auto fails = []() -> jay::task<> {
    throw std::domain_error("task");
    co_return;
  };
  EXPECT_THROW(jay::run_coroutine_threadsafe(fails(), loop).get(), std::domain_error);
}

TEST_P(Threadsafe, ATimeoutLeavesTheTaskAloneAndACancelEndsIt) {
  auto f = jay::run_coroutine_threadsafe(jay::sleep(24h), loop);
  EXPECT_THROW(f.get(1ms), jay::timeout_error);
  EXPECT_THROW(f.get(0s), jay::timeout_error);
  EXPECT_FALSE(f.done());
  EXPECT_TRUE(f.cancel());
  EXPECT_THROW(f.get(), jay::cancelled_error);
  EXPECT_TRUE(f.cancelled());
}

TEST_P(Threadsafe, MayBeAskedByManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) sum += jay::run_coroutine_threadsafe(answer(), loop).get();
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(sum, 4 * 50 * 42);
}

TEST_P(Threadsafe, GetInsideTheLoopIsAnErrorAndNoDeadlock) {
  auto main = [&]() -> jay::task<std::string> {
    auto f = jay::run_coroutine_threadsafe(jay::sleep(24h), loop);
    std::string said = said_by([&] { f.get(); });
    f.cancel();
    co_return said;
  };
  EXPECT_THAT(jay::run_coroutine_threadsafe(main(), loop).get(), HasSubstr("would block the loop"));
}

TEST_P(Threadsafe, AClosedLoopRefusesAndHasCancelledWhatWasThere) {
  auto f = jay::run_coroutine_threadsafe(jay::sleep(24h), loop);
  stop();
  EXPECT_FALSE(f.done());
  loop.close();
  EXPECT_THROW(f.get(), jay::cancelled_error);
  EXPECT_THAT(said_by([&] { jay::run_coroutine_threadsafe(answer(), loop); }), HasSubstr("event loop is closed"));
}

TEST_P(Threadsafe, ALoopThatStandsBeginsItInTheNextRun) {
  stop();
  auto f = jay::run_coroutine_threadsafe(answer(), loop);
  EXPECT_THROW(f.get(1ms), jay::timeout_error);
  runs = std::thread([this] { loop.run_forever(); });
  EXPECT_EQ(f.get(), 42);
}

// ---- run_in_executor, wrap_future ----

TEST_P(Threadsafe, RunInExecutorGivesAFutureOfWhatTheCallGives) {
  auto main = [&]() -> jay::task<std::string> {
    const std::thread::id worker = std::this_thread::get_id();
    int n = co_await loop.run_in_executor(nullptr, [](int a, std::unique_ptr<int> b) { return a + *b; }, 1,
                                          std::make_unique<int>(2));
    auto is_elsewhere = [worker] { return std::this_thread::get_id() != worker; };
    bool elsewhere = co_await loop.run_in_executor(nullptr, is_elsewhere);
    auto fails = loop.run_in_executor(nullptr, [] { throw std::domain_error("call"); });
    std::string said;
    try {
      co_await fails;
    } catch (const std::domain_error& e) {
      said = e.what();
    }
    co_return std::to_string(n) + said + (elsewhere ? " elsewhere" : " here");
  };
  EXPECT_EQ(jay::run_coroutine_threadsafe(main(), loop).get(), "3call elsewhere");
}

TEST_P(Threadsafe, ACancelledExecutorCallIsNotMadeIfItHasNotBegun) {
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  std::atomic<int> begun{0};
  std::vector<jay::future<>> fill;  // every thread of the pool
  for (int i = 0; i < 64; ++i) fill.push_back(loop.run_in_executor(nullptr, [gate, &begun] { ++begun; gate.wait(); }));
  bool called = false;
  auto last = loop.run_in_executor(nullptr, [&] { called = true; });
  EXPECT_TRUE(last.cancel());
  go_on.set_value();
  auto all = [](std::vector<jay::future<>> v) -> jay::task<> {
    for (auto& f : v) co_await f;
  };
  jay::run_coroutine_threadsafe(all(fill), loop).get();
  stop();
  loop.close();
  EXPECT_EQ(begun, 64);
  EXPECT_FALSE(called);
}

TEST_P(Threadsafe, AStdFutureCanBeAwaited) {
  std::promise<int> p;
  auto main = [&]() -> jay::task<int> {
    auto f = jay::wrap_future(p.get_future());
    p.set_value(7);
    int n = co_await f;
    co_return n;
  };
  EXPECT_EQ(jay::run_coroutine_threadsafe(main(), loop).get(), 7);
}

// ---- task factory, debug ----

TEST_P(Threadsafe, ATaskFactoryIsAskedForEachTask) {
  std::atomic<int> made{0};
  loop.set_task_factory([&](jay::task_options& o) {
    ++made;
    o.name("made");
  });
  auto main = [&]() -> jay::task<std::string> {
    auto h = jay::create_task(answer());
    co_await h;
    co_return h.name();
  };
  EXPECT_EQ(jay::run_coroutine_threadsafe(main(), loop).get(), "made");
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(loop.get_task_factory());
  loop.set_task_factory({});
  EXPECT_FALSE(loop.get_task_factory());
  EXPECT_NE(jay::run_coroutine_threadsafe(main(), loop).get(), "made");
}

TEST_P(Threadsafe, TheEagerTaskFactoryStartsTasksInPlace) {
  loop.set_task_factory(jay::eager_task_factory);
  auto main = [&]() -> jay::task<bool> {
    bool ran = false;
    auto sets = [&]() -> jay::task<> {
      ran = true;
      co_return;
    };
    auto h = jay::create_task(sets);
    bool at_once = ran && h.done();
    co_await h;
    co_return at_once;
  };
  EXPECT_TRUE(jay::run_coroutine_threadsafe(main(), loop).get());
}

TEST_P(Threadsafe, WhatATaskFactoryThrowsCreateTaskThrows) {
  auto main = [&]() -> jay::task<std::string> {
    loop.set_task_factory([](jay::task_options&) { throw std::domain_error("no more tasks"); });
    std::string said = said_by([] { jay::create_task(answer()); });
    loop.set_task_factory({});
    co_return said;
  };
  EXPECT_EQ(jay::run_coroutine_threadsafe(main(), loop).get(), "no more tasks");
}

TEST_P(Threadsafe, DebugModeIsSwitchedOnAndOff) {
  std::vector<std::string> told;
  loop.set_exception_handler([&](const jay::exception_context& c) { told.push_back(c.message); });
  auto forgets = []() -> jay::task<> {
    (void)answer();
    co_return;
  };
  EXPECT_FALSE(loop.get_debug());
  loop.set_debug(true);
  EXPECT_TRUE(loop.get_debug());
  jay::run_coroutine_threadsafe(forgets(), loop).get();
  loop.set_debug(false);
  jay::run_coroutine_threadsafe(forgets(), loop).get();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0], HasSubstr("never awaited"));
}

}  // namespace
