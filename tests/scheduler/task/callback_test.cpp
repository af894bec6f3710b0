// SPDX-License-Identifier: MIT
// Done callbacks: their order, and what becomes of them. CPython 3.11 says the same of each but those with threads.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/future.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

class Callback : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Callback);

/// What has run, by callbacks that must not run at the same time: not synchronised, as that would hide it.
struct log_of {
  std::vector<int> ran;
  jay::promise<> all;
  std::size_t expected;
  explicit log_of(std::size_t n) : expected(n) { ran.reserve(n); }
  void operator()(int i) {
    ran.push_back(i);
    if (ran.size() == expected) all.set_result();
  }
  std::vector<int> in_order() const {
    std::vector<int> v;
    for (std::size_t i = 0; i < expected; ++i) v.push_back(static_cast<int>(i));
    return v;
  }
};

TEST_P(Callback, RunInTheOrderInWhichTheyWereAdded) {
  auto body = []() -> jay::task<> {
    log_of log(200);
    jay::future<> all = log.all.get_future();
    auto [p, f] = jay::with_resolvers<int>();
    for (int i = 0; i < 200; ++i) f.add_done_callback([&log, i](const jay::future<int>&) { log(i); });
    p.set_result(1);
    co_await all;
    EXPECT_EQ(log.in_order(), log.ran);
  };
  run(body());
}

TEST_P(Callback, OfATaskRunInOrder) {
  auto body = []() -> jay::task<> {
    log_of log(200);
    jay::future<> all = log.all.get_future();
    jay::testing::gate g;
    jay::task_handle<> h = jay::create_task(g.pass());
    for (int i = 0; i < 200; ++i) h.add_done_callback([&log, i](const jay::task_handle<>&) { log(i); });
    g.open();
    co_await all;
    EXPECT_EQ(log.in_order(), log.ran);
  };
  run(body());
}

TEST_P(Callback, RunInOrderForAResultFromAnotherThread) {
  auto body = []() -> jay::task<> {
    for (int round = 0; round < 20; ++round) {
      log_of log(20);
      jay::future<> all = log.all.get_future();
      auto [p, f] = jay::with_resolvers<int>();
      for (int i = 0; i < 20; ++i) f.add_done_callback([&log, i](const jay::future<int>&) { log(i); });
      std::thread setter([p = p] { p.set_result(1); });
      co_await all;
      setter.join();
      EXPECT_EQ(log.in_order(), log.ran);
    }
  };
  run(body());
}

TEST_P(Callback, OneThatIsAddedByACallbackComesBehindThoseBeforeIt) {
  auto body = []() -> jay::task<> {
    log_of log(3);
    jay::future<> all = log.all.get_future();
    auto [p, f] = jay::with_resolvers<>();
    f.add_done_callback([&](const jay::future<>& done) {
      log(0);
      jay::future<>(done).add_done_callback([&](const jay::future<>&) { log(2); });
    });
    f.add_done_callback([&](const jay::future<>&) { log(1); });
    p.set_result();
    co_await all;
    EXPECT_EQ(log.in_order(), log.ran);
  };
  run(body());
}

TEST_P(Callback, OneThatIsAddedWhileTheyRunComesBehindThem) {
  auto body = []() -> jay::task<> {
    for (int round = 0; round < 50; ++round) {
      log_of log(20);
      jay::future<> all = log.all.get_future();
      auto [p, f] = jay::with_resolvers<>();
      for (int i = 0; i < 10; ++i) f.add_done_callback([&log, i](const jay::future<>&) { log(i); });
      p.set_result();
      std::thread adder([&log, f = f] {
        for (int i = 10; i < 20; ++i) jay::future<>(f).add_done_callback([&log, i](const jay::future<>&) { log(i); });
      });
      co_await all;
      adder.join();
      EXPECT_EQ(log.in_order(), log.ran);
    }
  };
  run(body());
}

// asyncio's call_soon: all of them stand in its queue when the result comes, and what the first makes comes behind them.
TEST(Callback, HaveTheirTurnsBeforeWhatTheFirstStarts) {
  for (bool by_thread : {false, true}) {
    auto body = [by_thread]() -> jay::task<std::string> {
      std::string order;
      auto note = [&order](char c) -> jay::task<> {
        order += c;
        co_return;
      };
      auto [p, f] = jay::with_resolvers<>();
      std::optional<jay::task_handle<>> started;
      f.add_done_callback([&](const jay::future<>&) {
        order += 'a';
        started = jay::create_task(note, 'd');
      });
      f.add_done_callback([&](const jay::future<>&) { order += 'b'; });
      f.add_done_callback([&](const jay::future<>&) { order += 'c'; });
      if (by_thread) std::thread([&p = p] { p.set_result(); }).join();
      else p.set_result();
      co_await jay::testing::yield();
      co_await jay::testing::yield();
      co_await *started;
      co_return order;
    };
    EXPECT_EQ("abcd", jay::testing::run(jay::testing::in_asyncio_order(), body())) << by_thread;
  }
}

TEST_P(Callback, OneThatThrowsIsReportedAndTheOthersRun) {
  std::atomic<int> reports = 0;
  sched().set_exception_handler([&](const jay::exception_context& c) {
    reports += c.message == "a done callback has thrown" && c.exception;
  });
  auto body = []() -> jay::task<> {
    log_of log(2);
    jay::future<> all = log.all.get_future();
    auto [p, f] = jay::with_resolvers<>();
    f.add_done_callback([&](const jay::future<>&) { log(0); });
    f.add_done_callback([](const jay::future<>&) { throw std::runtime_error("callback"); });
    f.add_done_callback([&](const jay::future<>&) { log(1); });
    p.set_result();
    co_await all;
    EXPECT_EQ(log.in_order(), log.ran);
  };
  run(body());
  EXPECT_EQ(1, reports);
}

TEST_P(Callback, OneThatIsRemovedBeforeTheResultNeverRuns) {
  auto body = []() -> jay::task<> {
    log_of log(2);
    jay::future<> all = log.all.get_future();
    auto [p, f] = jay::with_resolvers<>();
    f.add_done_callback([&](const jay::future<>&) { log(0); });
    jay::callback_id middle = f.add_done_callback([&](const jay::future<>&) { log(7); });
    f.add_done_callback([&](const jay::future<>&) { log(1); });
    EXPECT_TRUE(f.remove_done_callback(middle));
    EXPECT_FALSE(f.remove_done_callback(middle));
    p.set_result();
    co_await all;
    EXPECT_EQ(log.in_order(), log.ran);
  };
  run(body());
}

TEST_P(Callback, OneThatIsDueIsNotRemoved) {
  auto body = []() -> jay::task<> {
    log_of log(2);
    jay::future<> all = log.all.get_future();
    auto [p, f] = jay::with_resolvers<>();
    jay::callback_id second = 0;
    bool removed = true;
    f.add_done_callback([&](const jay::future<>& done) {
      removed = jay::future<>(done).remove_done_callback(second);
      log(0);
    });
    second = f.add_done_callback([&](const jay::future<>&) { log(1); });
    p.set_result();
    co_await all;
    EXPECT_FALSE(removed);
    EXPECT_EQ(log.in_order(), log.ran);
  };
  run(body());
}

TEST_P(Callback, MayDropTheLastHandle) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<>();
    jay::future<> finished = f;
    {
      jay::promise<int> inner;
      auto kept = std::make_shared<std::optional<jay::future<int>>>(inner.get_future());
      (*kept)->add_done_callback([kept](const jay::future<int>&) { kept->reset(); });
      (*kept)->add_done_callback([p = p](const jay::future<int>& last) {
        EXPECT_EQ(5, last.result());
        p.set_result();
      });
      inner.set_result(5);
    }
    co_await finished;
  };
  run(body());
}

// Nothing had been added when the result came.
TEST_P(Callback, OneThatIsAddedOutsideLaterRunsWhereTheResultWasSet) {
  jay::promise<int> p;
  auto sets = [&]() -> jay::task<> {
    p.set_result(1);
    co_return;
  };
  run(sets());
  std::binary_semaphore gone(0);
  bool called = false;
  {
    auto tell = std::shared_ptr<void>(nullptr, [&](void*) { gone.release(); });
    auto notes = [&, told = std::move(tell)](const jay::future<int>&) {
      called = jay::detail::current_scheduler() == &sched();
    };
    p.get_future().add_done_callback(std::move(notes));
  }
  gone.acquire();
  EXPECT_TRUE(called);
}

TEST_P(Callback, ThoseOfAFutureFromOutsideARuntimeRunWhereTheResultIsSet) {
  log_of log(10);
  auto [p, f] = jay::with_resolvers<>();
  for (int i = 0; i < 10; ++i) f.add_done_callback([&log, i](const jay::future<>&) { log(i); });
  auto body = [&]() -> jay::task<> {
    jay::future<> all = log.all.get_future();
    p.set_result();
    co_await all;
  };
  run(body());
  EXPECT_EQ(log.in_order(), log.ran);
}

TEST_P(Callback, ThoseWhoseSchedulerHasEndedAreDropped) {
  int alive = 0;
  auto [p, f] = jay::with_resolvers<>();
  auto body = [&]() -> jay::task<> {
    for (int i = 0; i < 10; ++i)
      f.add_done_callback([kept = jay::testing::counted(alive)](const jay::future<>&) { ADD_FAILURE() << "it has ended"; });
    co_return;
  };
  jay::testing::run(GetParam() ? jay::testing::workers(GetParam()) : jay::testing::in_asyncio_order(), body());
  EXPECT_EQ(10, alive);
  p.set_result();
  EXPECT_EQ(0, alive);
}

}  // namespace
