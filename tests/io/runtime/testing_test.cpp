// SPDX-License-Identifier: MIT
// jay::testing::run: virtual time, and interleavings that a seed decides and replays.
#include <jay/testing.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using namespace std::chrono_literals;
using jay::testing::deadlock_error;
using jay::testing::what_is_thrown;

jay::time_point now() { return jay::get_event_loop().time(); }

/// What f throws as an E, or "".
template <class E, class F>
std::string thrown_as(F f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return {};
}

// ---- time ----

jay::task<jay::time_point::duration> slept(jay::time_point::duration d) {
  const jay::time_point begun = now();
  co_await jay::sleep(d);
  co_return now() - begun;
}

TEST(SeededRun, SleepsFor30YearsAndTakesNoTime) {
  EXPECT_EQ(jay::testing::run(slept(24h), 1), 24h);
  EXPECT_EQ(jay::testing::run(slept(24h * 365 * 30), 1), 24h * 365 * 30);
}

TEST(SeededRun, TimeBeginsAtTheSameMomentInEveryRun) {
  auto time = []() -> jay::task<jay::time_point> { co_return now(); };
  EXPECT_EQ(jay::testing::run(time(), 1), jay::testing::run(time(), 2));
}

jay::task<std::vector<int>> in_order_of_deadlines() {
  std::vector<int> woken;
  auto sleeper = [](std::vector<int>& out, int n) -> jay::task<> {
    co_await jay::sleep(std::chrono::hours(n));
    out.push_back(n);
  };
  std::vector<jay::task<>> all;
  for (int n : {3, 1, 5, 2, 4}) all.push_back(sleeper(woken, n));
  co_await jay::gather(std::move(all));
  co_return woken;
}

TEST(SeededRun, SleepersWakeInTheOrderOfTheirDeadlines) {
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    EXPECT_EQ(jay::testing::run(in_order_of_deadlines(), seed), (std::vector<int>{1, 2, 3, 4, 5}));
}

jay::task<> limits() {
  const jay::time_point begun = now();
  const std::string timed_out = jay::timeout_error().what();
  std::string thrown = co_await what_is_thrown(jay::wait_for(jay::sleep(24h), 1h));
  EXPECT_EQ(thrown, timed_out);
  EXPECT_EQ(now() - begun, 1h);
  auto body = [](jay::cancel_scope&) -> jay::task<> { co_await jay::sleep(24h); };
  co_await jay::with(jay::move_on_after(2h), body);
  EXPECT_EQ(now() - begun, 3h);
  auto timed = [](jay::timeout_scope& t) -> jay::task<> {
    t.reschedule(now() + 3h);
    co_await jay::sleep(24h);
  };
  thrown = co_await what_is_thrown(jay::with(jay::timeout(1h), timed));
  EXPECT_EQ(thrown, timed_out);
  EXPECT_EQ(now() - begun, 6h);
  std::vector<jay::task_handle<>> sleeper{jay::create_task(jay::sleep(24h))};
  auto waited = co_await jay::wait(sleeper, jay::all_completed, 4h);
  EXPECT_EQ(waited.pending.size(), 1u);
  EXPECT_EQ(now() - begun, 10h);
  auto in_time = co_await jay::wait_for(jay::sleep(1h, 7), 2h);
  EXPECT_EQ(in_time, 7);
}

TEST(SeededRun, LimitsGoByVirtualTime) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) jay::testing::run(limits(), seed);
}

jay::task<> calls_of_timers() {
  jay::event_loop& loop = jay::get_event_loop();
  const jay::time_point begun = loop.time();
  std::vector<jay::time_point::duration> called;
  loop.call_later(2h, [&] { called.push_back(loop.time() - begun); });
  loop.call_at(begun + 1h, [&] { called.push_back(loop.time() - begun); });
  loop.call_at(begun - 1h, [&] { called.push_back(loop.time() - begun); });
  loop.call_later(30min, [&] { ADD_FAILURE(); }).cancel();
  co_await jay::sleep(3h);
  EXPECT_EQ(called, (std::vector<jay::time_point::duration>{0h, 1h, 2h}));
}

TEST(SeededRun, CallsOfTimersGoByVirtualTime) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) jay::testing::run(calls_of_timers(), seed);
}

jay::task<> busy_for_a_while() {
  bool over = false;
  auto later = [](bool& done) -> jay::task<> {
    co_await jay::sleep(100ms);
    done = true;
  };
  auto sleeper = jay::create_task(later, std::ref(over));
  while (!over) co_await jay::sleep(0s);
  co_await sleeper;
}

TEST(SeededRun, TimeGoesOnBesideATaskThatNeverWaits) { jay::testing::run(busy_for_a_while(), 1); }

// ---- the order ----

using history = std::vector<std::string>;

jay::task<> player(history& h, std::string name, jay::queue<int>& in, jay::queue<int>& out, jay::lock& shared) {
  for (int round = 0; round < 5; ++round) {
    int ball = co_await in.get();
    h.push_back(name + " gets " + std::to_string(ball));
    co_await shared.acquire();
    h.push_back(name + " has the lock");
    if (ball % 3 == 0) co_await jay::sleep(1s);
    if (ball % 3 == 1) co_await jay::checkpoint();
    shared.release();
    co_await out.put(ball + 1);
    h.push_back(name + " has put");
  }
}

jay::task<history> game() {
  history h;
  jay::queue<int> a, b(1);
  jay::lock shared;
  for (int ball = 0; ball < 4; ++ball) a.put_nowait(10 * ball);
  co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
    tg.create_task(player(h, "first", a, b, shared));
    tg.create_task(player(h, "second", a, b, shared));
    tg.create_task(player(h, "third", b, a, shared));
    tg.create_task(player(h, "fourth", b, a, shared));
    std::vector<jay::task<int>> many;
    auto child = [](history& out, int n) -> jay::task<int> {
      out.push_back("child " + std::to_string(n));
      co_await jay::sleep(0s);
      co_return n;
    };
    for (int n = 0; n < 5; ++n) many.push_back(child(h, n));
    co_await jay::gather(std::move(many));
    h.push_back("gathered");
  });
  co_return h;
}

TEST(SeededRun, TheSameSeedGivesTheSameInterleaving) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const history first = jay::testing::run(game(), seed);
    for (int again = 0; again < 5; ++again) EXPECT_EQ(jay::testing::run(game(), seed), first) << "seed " << seed;
  }
}

TEST(SeededRun, OtherSeedsGiveOtherInterleavings) {
  std::set<history> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) seen.insert(jay::testing::run(game(), seed));
  EXPECT_GT(seen.size(), 45u);
}

jay::task<std::vector<int>> three_children() {
  std::vector<int> begun;
  auto child = [](std::vector<int>& out, int n) -> jay::task<> {
    out.push_back(n);
    co_return;
  };
  auto a = child(begun, 1), b = child(begun, 2), c = child(begun, 3);
  co_await jay::gather(std::move(a), std::move(b), std::move(c));
  co_return begun;
}

TEST(SeededRun, EveryOrderOfThreeChildrenComes) {
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) seen.insert(jay::testing::run(three_children(), seed));
  EXPECT_EQ(seen.size(), 6u);
}

/// A check and an act, with an await between that nearly never suspends.
jay::task<int> withdraw_twice() {
  int balance = 1, paid = 0;
  jay::semaphore log(2);
  auto withdraw = [](int& money, int& out, jay::semaphore& s) -> jay::task<> {
    if (money == 0) co_return;
    auto guard = co_await s.scoped();
    --money;
    ++out;
  };
  auto a = withdraw(balance, paid, log), b = withdraw(balance, paid, log);
  co_await jay::gather(std::move(a), std::move(b));
  co_return paid;
}

TEST(SeededRun, FindsARaceBehindAnOperationThatIsReadyAtOnce) {
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) seen.insert(jay::testing::run(withdraw_twice(), seed));
  EXPECT_EQ(seen, (std::set<int>{1, 2}));
}

TEST(SeededRun, AnEagerTaskRunsUpToItsFirstWait) {
  auto body = []() -> jay::task<> {
    int steps = 0;
    jay::event open;
    auto eager = [](int& n, jay::event& e) -> jay::task<> {
      auto step = [](int& m) -> jay::task<> {
        ++m;
        co_return;
      };
      co_await step(n);
      co_await step(n);
      co_await e.wait();
    };
    auto h = jay::create_task(jay::task_options().eager_start(), eager, std::ref(steps), std::ref(open));
    EXPECT_EQ(steps, 2);
    open.set();
    co_await h;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) jay::testing::run(body(), seed);
}

// ---- what is blocked for ever ----

jay::task<> waits_for(jay::event& e) { co_await e.wait(); }

TEST(SeededRun, ADeadlockIsAnErrorThatNamesTheTasks) {
  auto body = []() -> jay::task<> {
    jay::event never;
    auto h = jay::create_task(jay::task_options().name("the blocked one"), waits_for, std::ref(never));
    co_await h;
  };
  const std::string said = thrown_as<deadlock_error>([&] { jay::testing::run(body(), 3); });
  EXPECT_NE(said.find("every task is blocked"), said.npos) << said;
  EXPECT_NE(said.find("the blocked one waits in"), said.npos) << said;
  EXPECT_NE(said.find("testing_test.cpp:"), said.npos) << said;
}

TEST(SeededRun, ADeadlockIsFoundAfterAllTimersHaveFired) {
  auto body = []() -> jay::task<> {
    jay::queue<int> q;
    co_await jay::sleep(1h);
    co_await q.get();
  };
  EXPECT_NE(thrown_as<deadlock_error>([&] { jay::testing::run(body(), 3); }), "");
}

TEST(SeededRun, SleepForEverIsADeadlock) {
  auto body = []() -> jay::task<> { co_await jay::sleep(std::chrono::hours::max()); };
  EXPECT_NE(thrown_as<deadlock_error>([&] { jay::testing::run(body(), 3); }), "");
}

TEST(SeededRun, TheCleanupsOfADeadlockRun) {
  int cleaned = 0;
  auto cleans = [](int& n) -> jay::task<> {
    jay::event never;
    try {
      co_await never.wait();
    } catch (const jay::cancelled_error&) {
    }
    co_await jay::sleep(1h);
    ++n;
  };
  auto body = [&]() -> jay::task<> {
    auto h = jay::create_task(cleans, std::ref(cleaned));
    co_await jay::gather(h, cleans(cleaned));
  };
  EXPECT_NE(thrown_as<deadlock_error>([&] { jay::testing::run(body(), 3); }), "");
  EXPECT_EQ(cleaned, 2);
}

TEST(SeededRunDeathTest, WhatWaitsAgainAfterTheCancelOfTheEndEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto stubborn = []() -> jay::task<> {
    jay::event never;
    for (;;) {
      try {
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
      }
    }
  };
  EXPECT_DEATH(jay::testing::run(stubborn(), 5), "with seed 5: these tasks were cancelled at the end");
}

// ---- the end, and failures ----

TEST(SeededRun, ThrowsWhatTheTaskThrows) {
  auto body = []() -> jay::task<int> {
    co_await jay::sleep(1s);
    throw std::logic_error("as thrown");
  };
  EXPECT_EQ(thrown_as<std::logic_error>([&] { jay::testing::run(body(), 1); }), "as thrown");
}

TEST(SeededRun, AFailureSaysItsSeed) {
  auto body = []() -> jay::task<> {
    co_await jay::sleep(1s);
    throw std::logic_error("too bad");
  };
  ::testing::internal::CaptureStderr();
  EXPECT_THROW(jay::testing::run(body(), 4711), std::logic_error);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("failed with seed 4711, which JAY_TEST_SEED=4711 runs again: too bad"), said.npos) << said;
}

struct test_seed {
  explicit test_seed(const char* text) { ::setenv("JAY_TEST_SEED", text, 1); }
  ~test_seed() { ::unsetenv("JAY_TEST_SEED"); }
};

TEST(SeededRun, TheEnvironmentsSeedGoesFirst) {
  const history with_7 = jay::testing::run(game(), 7);
  test_seed in_environment("7");
  for (std::uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(jay::testing::run(game(), seed), with_7);
}

TEST(SeededRun, ASeedThatIsNoNumberIsRefused) {
  test_seed in_environment("7x");
  EXPECT_EQ(thrown_as<std::invalid_argument>([] { jay::testing::run(game(), 1); }),
            "JAY_TEST_SEED: '7x' is no whole number; unset it, or give one seed");
}

TEST(SeededRun, AnOrderInTheEnvironmentChangesNothing) {
  const history as_ever = jay::testing::run(game(), 7);
  ::setenv("JAY_SCHEDULER_ORDER", "asyncio", 1);
  ::setenv("JAY_IO_THREADS", "2", 1);
  EXPECT_EQ(jay::testing::run(game(), 7), as_ever);
  ::unsetenv("JAY_SCHEDULER_ORDER");
  ::unsetenv("JAY_IO_THREADS");
}

jay::async_generator<int> leaves_slowly(history& h) {
  struct manager {
    history& out;
    jay::task<int> aenter() { co_return 1; }
    jay::task<bool> aexit(std::exception_ptr) {
      co_await jay::sleep(1h);
      out.push_back("generator closed");
      co_return false;
    }
  };
  manager m{h};
  co_await jay::enter(m);
  co_yield 1;
  co_yield 2;
}

jay::task<> leaves_much_behind(history& h) {
  auto background = [](history& out, std::string name) -> jay::task<> {
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      out.push_back(name + " cancelled");
    }
    auto made_late = [](history& late, std::string n) -> jay::task<> {
      try {
        co_await jay::sleep(24h);
      } catch (const jay::cancelled_error&) {
        late.push_back(n + "'s cancelled");
        throw;
      }
    };
    jay::create_task(made_late, std::ref(out), name);
    co_await jay::sleep(1s);
    out.push_back(name + " ends");
  };
  for (const char* name : {"a", "b", "c"}) jay::create_task(background, std::ref(h), std::string(name));
  static std::optional<jay::async_generator<int>> gen;
  gen.emplace(leaves_slowly(h));
  auto first = co_await gen->next();
  EXPECT_EQ(*first, 1);
  co_await jay::sleep(1s);
}

TEST(SeededRun, TheEndIsReplayedToo) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    history first;
    jay::testing::run(leaves_much_behind(first), seed);
    EXPECT_EQ(first.size(), 10u) << ::testing::PrintToString(first);
    for (int again = 0; again < 5; ++again) {
      history h;
      jay::testing::run(leaves_much_behind(h), seed);
      EXPECT_EQ(h, first) << "seed " << seed;
    }
  }
}

TEST(SeededRun, IsRefusedInARunningTask) {
  auto body = []() -> jay::task<> {
    EXPECT_THROW(jay::testing::run(jay::testing::what_is_thrown(jay::sleep(1s)), 1), std::runtime_error);
    co_return;
  };
  jay::testing::run(body(), 1);
  jay::run(body());
}

TEST(SeededRun, AMoveOnlyResultIsGiven) {
  auto body = []() -> jay::task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  EXPECT_EQ(*jay::testing::run(body(), 1), 5);
}

TEST(SeededRun, StopEndsTheRun) {
  auto body = []() -> jay::task<> {
    jay::get_event_loop().call_later(1h, [] { jay::get_event_loop().stop(); });
    co_await jay::sleep(2h);
  };
  EXPECT_EQ(thrown_as<std::runtime_error>([&] { jay::testing::run(body(), 1); }),
            "run_until_complete: event loop stopped before future completed");
}

// ---- calls that block, and what is refused ----

TEST(SeededRun, ABlockingCallIsAStepOfTheRun) {
  auto body = []() -> jay::task<history> {
    history h;  // without a lock: nothing runs beside a call
    auto calls = [](history& out, std::string name) -> jay::task<> {
      out.push_back(name + " begins");
      const jay::time_point begun = now();
      auto call = [&out, &name, loop = &jay::get_event_loop(), at = begun] {
        EXPECT_EQ(jay::detail::current_scheduler(), nullptr);
        EXPECT_EQ(loop->time(), at);
        std::this_thread::yield();
        out.push_back(name + " calls");
      };
      auto calling = jay::to_thread(std::ref(call));
      co_await std::move(calling);
      EXPECT_EQ(now(), begun);
      out.push_back(name + " ends");
    };
    co_await jay::gather(calls(h, "a"), calls(h, "b"), calls(h, "c"));
    co_return h;
  };
  std::set<history> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const history first = jay::testing::run(body(), seed);
    EXPECT_EQ(jay::testing::run(body(), seed), first) << "seed " << seed;
    seen.insert(first);
  }
  EXPECT_GT(seen.size(), 5u);
}

TEST(SeededRun, ACallOnAnotherThreadMayUseTheLoop) {
  auto body = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    jay::event called;
    const jay::time_point begun = now();
    auto call = [&] { loop.call_later(1h, [&] { called.set(); }); };
    co_await jay::to_thread(std::ref(call));
    co_await called.wait();
    EXPECT_EQ(now() - begun, 1h);
  };
  jay::testing::run(body(), 1);
}

TEST(SeededRun, ACallOnAnotherThreadThatBlocksForATaskIsAnError) {
  auto body = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    auto call = [&] { return jay::run_coroutine_threadsafe(jay::sleep(1s, 5), loop).get(); };
    const std::string why = co_await what_is_thrown(jay::to_thread(std::ref(call)));
    EXPECT_NE(why.find("everything waits for this blocking call"), why.npos) << why;
  };
  jay::testing::run(body(), 1);
}

TEST(SeededRun, ACallThatHasNotBegunIsDroppedAtTheEnd) {
  auto body = [](int& called) -> jay::task<> {
    auto dropped = jay::get_event_loop().run_in_executor(nullptr, [&called] { ++called; });
    co_await jay::checkpoint();
  };
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    int called = 0, again = 0;
    jay::testing::run(body(called), seed);
    jay::testing::run(body(again), seed);
    EXPECT_EQ(called, again) << "seed " << seed;
    seen.insert(called);
  }
  EXPECT_EQ(seen, (std::set<int>{0, 1}));
}

TEST(SeededRun, RealInputAndOutputIsRefused) {
  auto body = []() -> jay::task<> {
    const std::string why = ": inside jay::testing::run time is virtual, and there is no real I/O (docs/testing.md)";
    EXPECT_EQ(thrown_as<std::runtime_error>([] { jay::get_event_loop().add_signal_handler(10, [] {}); }),
              "add_signal_handler" + why);
    EXPECT_EQ(thrown_as<std::runtime_error>([] { jay::socket::adopt(::dup(0)); }), "socket::adopt" + why);
    co_return;
  };
  jay::testing::run(body(), 1);
}

TEST(SeededRun, AReaderThatIsFedByHandIsNoRealInput) {
  auto body = []() -> jay::task<std::string> {
    jay::stream_reader reader;
    auto feed = [](jay::stream_reader& r) -> jay::task<> {
      for (const char* part : {"a l", "ine", "\n"}) {
        co_await jay::sleep(1h);
        r.feed_data(part);
      }
    };
    auto feeding = jay::create_task(feed, std::ref(reader));
    std::string line = co_await reader.readline();
    co_await feeding;
    co_return line;
  };
  for (std::uint64_t seed = 0; seed < 10; ++seed) EXPECT_EQ(jay::testing::run(body(), seed), "a line\n");
}

}  // namespace
