// SPDX-License-Identifier: MIT
// order = "asyncio", one rule each: what CPython prints stands here. (differential_test.cpp looks for the others.)
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include <jay/jay.hpp>

namespace {

using namespace std::chrono_literals;

void run_in_order(jay::task<> t) {
  jay::config c;
  c.scheduler.order = jay::order::asyncio;
  jay::run(std::move(t), c);
}

jay::task<> nothing() { co_return; }

TEST(AsynciosOrder, AGatherNeedsATurnForTheLastCallbackAndOneForItsWaiter) {
  std::string trace;
  auto gathers = [&]() -> jay::task<> {
    co_await jay::gather(nothing(), nothing());
    trace += 'a';
  };
  auto yields = [&]() -> jay::task<> {
    co_await jay::sleep(0s);
    co_await jay::sleep(0s);
    trace += 'b';
  };
  auto main = [&]() -> jay::task<> {
    auto a = jay::create_task(gathers);
    auto b = jay::create_task(yields);
    co_await a;
    co_await b;
  };
  run_in_order(main());
  EXPECT_EQ(trace, "ba");
}

TEST(AsynciosOrder, AnItemIsInTheQueueUntilTheGetterRuns) {
  auto get = [](jay::queue<int>& q) -> jay::task<int> {
    int v = co_await q.get();
    co_return v;
  };
  auto main = [&]() -> jay::task<> {
    jay::queue<int> q(1);
    auto g = jay::create_task(get, std::ref(q));
    co_await jay::sleep(0s);
    q.put_nowait(1);
    EXPECT_EQ(q.qsize(), 1u);
    EXPECT_THROW(q.put_nowait(2), jay::queue_full);
    int got = co_await g;
    EXPECT_EQ(got, 1);
  };
  run_in_order(main());
}

TEST(AsynciosOrder, ACancelledGetterThatWasCalledLeavesTheItemToTheNext) {
  auto get = [](jay::queue<int>& q) -> jay::task<int> {
    int v = co_await q.get();
    co_return v;
  };
  auto main = [&]() -> jay::task<> {
    jay::queue<int> q;
    auto first = jay::create_task(get, std::ref(q));
    auto second = jay::create_task(get, std::ref(q));
    co_await jay::sleep(0s);
    q.put_nowait(7);
    EXPECT_TRUE(first.cancel());
    int got = co_await second;
    EXPECT_EQ(got, 7);
    EXPECT_TRUE(first.cancelled());
  };
  run_in_order(main());
}

TEST(AsynciosOrder, WhoComesWhileThoseThatWereCalledHaveNotRunStandsBehindThem) {
  std::vector<int> trace;
  auto acquire = [&](jay::semaphore& s, int i) -> jay::task<> {
    co_await s.acquire();
    trace.push_back(i);
  };
  auto main = [&]() -> jay::task<> {
    jay::semaphore s(0);
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 3; ++i) all.push_back(jay::create_task(acquire, std::ref(s), i));
    co_await jay::sleep(0s);
    s.release();
    all.push_back(jay::create_task(acquire, std::ref(s), 99));
    for (int i = 0; i < 3; ++i) s.release();
    co_await jay::gather(all);
  };
  run_in_order(main());
  EXPECT_EQ(trace, (std::vector{0, 1, 2, 99}));
}

TEST(AsynciosOrder, ACancelledWaiterThatWasCalledPassesTheLockAndThePermitOn) {
  auto main = [&]() -> jay::task<> {
    jay::lock lock;
    jay::semaphore permits(0);
    co_await lock.acquire();
    auto take_lock = [&]() -> jay::task<> { co_await lock.acquire(); };
    auto take_permit = [&]() -> jay::task<> { co_await permits.acquire(); };
    std::vector<jay::task_handle<>> cancelled{jay::create_task(take_lock), jay::create_task(take_permit)};
    std::vector<jay::task_handle<>> others{jay::create_task(take_lock), jay::create_task(take_permit)};
    co_await jay::sleep(0s);
    lock.release();
    EXPECT_FALSE(lock.locked()) << "until its next owner runs";
    permits.release();
    for (auto& h : cancelled) h.cancel();
    co_await jay::gather(others);
    for (auto& h : cancelled) EXPECT_TRUE(h.cancelled());
    EXPECT_TRUE(lock.locked());
    EXPECT_TRUE(permits.locked());
  };
  run_in_order(main());
}

TEST(AsynciosOrder, CallbacksAndWaitersComeInTheOrderInWhichTheyWereAdded) {
  std::string trace;
  auto main = [&]() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto wait = [&trace, f = f](char name) -> jay::task<> {
      co_await f;
      trace += name;
    };
    f.add_done_callback([&](const auto&) { trace += '1'; });
    auto a = jay::create_task(wait, 'a');
    co_await jay::sleep(0s);
    f.add_done_callback([&](const auto&) { trace += '2'; });
    p.set_result(1);
    co_await a;
    co_await jay::sleep(0s);
  };
  run_in_order(main());
  EXPECT_EQ(trace, "1a2");
}

TEST(AsynciosOrder, ACancelThatIsDueIsToldAfterTheTurnThatItsWaitTakes) {
  std::string trace;
  auto cancels_itself = [&]() -> jay::task<> {
    jay::event never;
    for (char name : {'s', 'e'}) {
      jay::current_task().cancel();
      try {
        if (name == 's') co_await jay::sleep(0s);
        else co_await never.wait();
      } catch (const jay::cancelled_error&) {
        trace += name;
      }
    }
  };
  auto counts = [&]() -> jay::task<> {
    for (char name : {'1', '2', '3'}) {
      trace += name;
      co_await jay::sleep(0s);
    }
  };
  auto main = [&]() -> jay::task<> {
    auto a = jay::create_task(cancels_itself);
    auto b = jay::create_task(counts);
    co_await a;
    co_await b;
  };
  run_in_order(main());
  EXPECT_EQ(trace, "1s2e3");
}

TEST(AsynciosOrder, WhoseCancelEndsAFutureKeepsItsPlaceAmongThoseThatWaitForIt) {
  std::string trace;
  auto main = [&]() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto wait = [&trace, f = f](char name) -> jay::task<> {
      try {
        co_await f;
      } catch (const jay::cancelled_error&) {
        trace += name;
      }
    };
    auto a = jay::create_task(wait, 'a');
    auto b = jay::create_task(wait, 'b');
    co_await jay::sleep(0s);
    f.add_done_callback([&](const auto&) { trace += '1'; });
    a.cancel();
    co_await b;
    co_await jay::sleep(0s);
  };
  run_in_order(main());
  EXPECT_EQ(trace, "ab1");
}

TEST(AsynciosOrder, AShieldedWaitIsCancelledUntilTheCallbackHasRun) {
  auto main = [&]() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto wait = [f = f]() -> jay::task<int> {
      int i = co_await jay::shield(f);
      co_return i;
    };
    auto early = jay::create_task(wait);
    auto late = jay::create_task(wait);
    co_await jay::sleep(0s);
    p.set_result(1);
    early.cancel();          // done, but nobody has told it so
    co_await jay::sleep(0s);
    late.cancel();           // it has been told, and keeps the result (docs/asyncio.md, number 4)
    for (int i = 0; i < 3; ++i) co_await jay::sleep(0s);
    EXPECT_TRUE(early.cancelled());
    EXPECT_EQ(late.result(), 1);
  };
  run_in_order(main());
}

TEST(AsynciosOrder, ACancelOfAGatherReachesItsHandlesAtOnce) {
  auto main = [&]() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto [q, g] = jay::with_resolvers<int>();
    auto gathers = [f = f, g = g]() -> jay::task<> { co_await jay::gather(f, g); };
    auto waiting = jay::create_task(gathers);
    co_await jay::sleep(0s);
    waiting.cancel();
    EXPECT_TRUE(f.cancelled());
    EXPECT_TRUE(g.cancelled());
    auto r = co_await jay::settled(waiting);
    EXPECT_TRUE(r.cancelled());
  };
  run_in_order(main());
}

TEST(AsynciosOrder, ACancelledGatherWaitsForNoOtherHandleOnceOneWasCancelled) {
  auto main = [&]() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    jay::event go_on;
    auto cleans_up = [&]() -> jay::task<int> {
      try {
        jay::event never;
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
      }
      co_await go_on.wait();
      co_return 1;
    };
    auto slow = jay::create_task(cleans_up);
    auto gathers = [f = f, slow]() -> jay::task<> { co_await jay::gather(slow, f); };
    auto waiting = jay::create_task(gathers);
    co_await jay::sleep(0s);
    waiting.cancel();
    auto r = co_await jay::settled(waiting);
    EXPECT_TRUE(r.cancelled());
    EXPECT_FALSE(slow.done());
    go_on.set();
    int kept = co_await slow;
    EXPECT_EQ(kept, 1);
  };
  run_in_order(main());
}

TEST(AsynciosOrder, CallsTimersAndTasksTakeTurns) {
  jay::config c;
  c.scheduler.workers = 1;
  c.scheduler.order = jay::order::asyncio;
  jay::event_loop loop(c);
  std::string trace;
  auto note = [&](std::string s) { return [&trace, s] { trace += s + " "; }; };
  auto child = [&](std::string s) -> jay::task<> {
    trace += s + " ";
    co_await jay::sleep(0s);
    trace += s + "2 ";
    loop.call_soon(note(s + "-call"));
  };
  auto main = [&]() -> jay::task<> {
    loop.call_soon(note("a"));
    auto t = loop.create_task(child("b"));
    loop.call_later(0s, note("c"));
    loop.call_soon(note("d"));
    t.add_done_callback([&](const jay::task_handle<>&) { trace += "done "; });
    co_await t;
    trace += "main ";
    loop.call_soon(note("last"));
  };
  loop.call_soon(note("first"));
  loop.create_task(child("x"));
  loop.call_later(0s, note("later"));
  loop.run_until_complete(main());
  EXPECT_EQ(trace, "first x later x2 a b d c x-call b2 b-call done main last ");
}

}  // namespace
