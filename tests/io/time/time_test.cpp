// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include <jay/detail/reactor.hpp>
#include <jay/jay.hpp>
#include <jay/testing.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/until_it_waits.hpp"

using namespace std::chrono_literals;

namespace {

jay::task<int> value_after(std::chrono::milliseconds d, int v) {
  co_await jay::sleep(d);
  co_return v;
}
jay::task<> forever() { co_await jay::sleep(24h); }

/// Of the run that this is called in; those below are virtual, so that they can be compared.
jay::time_point now() { return jay::get_event_loop().time(); }

TEST(Sleep, LastsAtLeastAsLongAsAsked) {
  auto begin = std::chrono::steady_clock::now();
  jay::run(value_after(20ms, 0));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(Sleep, GivesItsResult) {
  EXPECT_EQ(jay::run(jay::sleep(1ms, std::string("x"))), "x");
  EXPECT_EQ(jay::run(jay::sleep(0s, 7)), 7);
}

TEST(Sleep, ZeroAndLessYieldOnce) {
  auto main = []() -> jay::task<> {
    co_await jay::sleep(0s);
    co_await jay::sleep(-5s);
    co_await jay::sleep(std::chrono::nanoseconds::min());
  };
  jay::run(main());
}

TEST(Sleep, RefusesNaN) {
  EXPECT_THROW((void)jay::sleep(std::chrono::duration<double>(std::nan(""))), std::invalid_argument);
}

TEST(Sleep, TheLongestDurationsAreForeverAndCancellable) {
  auto main = []() -> jay::task<int> {
    auto a = jay::create_task(jay::sleep(std::chrono::hours::max()));
    auto b = jay::create_task(jay::sleep(std::chrono::duration<double>(std::numeric_limits<double>::infinity())));
    auto c = jay::create_task(jay::sleep(std::chrono::nanoseconds::max()));
    co_await jay::sleep(24h * 365 * 30);
    int cancelled = 0;
    for (auto& h : {a, b, c}) {
      EXPECT_FALSE(h.done());
      jay::task_handle<> copy = h;
      copy.cancel();
      try {
        co_await copy;
      } catch (const jay::cancelled_error&) {
        ++cancelled;
      }
    }
    co_return cancelled;
  };
  EXPECT_EQ(jay::testing::run(main(), 1), 3);
}

TEST(Sleep, ManyEndInTheOrderOfTheirDeadlinesWithOneWorker) {
  jay::config c = jay::testing::in_order();
  std::vector<int> ended;
  auto one = [&](int i) -> jay::task<> {
    co_await jay::sleep(std::chrono::milliseconds(5 * i));
    ended.push_back(i);
  };
  auto main = [&]() -> jay::task<> {
    std::vector<jay::task<>> v;
    for (int i : {4, 1, 3, 2, 5}) v.push_back(one(i));
    co_await jay::gather(std::move(v));
  };
  jay::run(main(), c);
  EXPECT_EQ(ended, (std::vector{1, 2, 3, 4, 5}));
}

TEST(Timers, AHundredThousandAllFire) {
  auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<int> delays(100'000);
  for (int& d : delays) d = static_cast<int>(random() % 100'000);
  std::atomic<int> fired{0};
  auto one = [&](int us) -> jay::task<> {
    co_await jay::sleep(std::chrono::microseconds(us));
    fired.fetch_add(1, std::memory_order_relaxed);
  };
  auto main = [&]() -> jay::task<> {
    std::vector<jay::task<>> v;
    for (int d : delays) v.push_back(one(d));
    co_await jay::gather(std::move(v));
  };
  jay::run(main());
  EXPECT_EQ(fired.load(), 100'000);
}

/// Each worker has a heap of its own.
TEST(Timers, DueTogetherTheyFireInTheOrderOfTheirDeadlines) {
  jay::scheduler s;
  jay::detail::worker other(s, 0, true);
  struct due : jay::detail::timer, jay::detail::job {
    due() {
      fire = [](timer& t, jay::detail::ready_list& out) noexcept { out.add(static_cast<due*>(&t)); };
    }
  };
  due a, b, c;
  jay::detail::timers all(2);
  auto past = std::chrono::steady_clock::now() - 1s;
  a.deadline = past;
  c.deadline = past + 2ms;
  b.deadline = past + 1ms;
  all.add(b);
  jay::detail::this_worker = &other;
  all.add(c);
  all.add(a);
  jay::detail::this_worker = nullptr;
  jay::detail::ready_list out(s);
  all.expire(out);
  EXPECT_EQ(out.jobs(), (std::vector<jay::detail::job*>{&a, &b, &c}));
}

TEST(Timers, ArmedAndCancelledLeaveNothingBehind) {
  std::size_t left = 1;
  auto main = [&]() -> jay::task<> {
    for (int round = 0; round < 20; ++round) {
      std::vector<jay::task_handle<>> handles;
      for (int i = 0; i < 1000; ++i) handles.push_back(jay::create_task(forever));
      co_await jay::testing::until_it_waits(handles[500]);
      for (auto& h : handles) h.cancel();
      for (auto& h : handles) {
        auto r = co_await jay::settled(h);
        EXPECT_TRUE(r.cancelled());
      }
    }
    left = jay::detail::reactor_of(*jay::detail::current_scheduler()).clock().size();
  };
  jay::run(main());
  EXPECT_EQ(left, 0u);
}

TEST(WaitFor, GivesTheValueInTime) { EXPECT_EQ(jay::run(jay::wait_for(value_after(1ms, 5), 60s)), 5); }

jay::task<int> note(bool& ran) {
  ran = true;
  co_return 5;
}

TEST(WaitFor, WithNoTimeLeftStartsNothing) {
  bool ran = false;
  auto main = [&ran]() -> jay::task<> {
    bool other = false;
    for (auto d : {0ms, -1000ms}) {
      auto one = jay::wait_for(note(ran), d);
      auto r = co_await jay::settled(std::move(one));
      EXPECT_THROW(r.value(), jay::timeout_error);
      auto several = jay::wait_for(jay::gather(note(ran), note(other)), d);
      auto rs = co_await jay::settled(std::move(several));
      EXPECT_THROW(rs.value(), jay::timeout_error);
    }
    EXPECT_FALSE(other);
    jay::queue<int> q;
    q.put_nowait(1);
    auto item = co_await jay::settled(jay::wait_for(q.get(), 0s));
    EXPECT_FALSE(item.has_value());
    EXPECT_EQ(1u, q.qsize());
  };
  std::size_t before = jay::detail::unawaited_count();
  jay::run(main());
  EXPECT_FALSE(ran);
  EXPECT_EQ(before, jay::detail::unawaited_count());
}

TEST(WaitFor, WithNoTimeLeftGivesWhatIsDoneAndCancelsWhatIsNot) {
  auto main = []() -> jay::task<> {
    bool ran = false;
    auto done = jay::create_task(note(ran));
    co_await done;
    for (int i = 0; i < 5000; ++i) {  // now and then what is ready waits a turn all the same
      int v = co_await jay::wait_for(done, 0s);
      EXPECT_EQ(5, v);
      int w = co_await jay::wait_for(jay::shield(done), 0s);
      EXPECT_EQ(5, w);
    }
    auto waits = jay::create_task(forever());
    co_await jay::testing::until_it_waits(waits);
    auto r = co_await jay::settled(jay::wait_for(waits, 0s));
    EXPECT_THROW(r.value(), jay::timeout_error);
    EXPECT_TRUE(waits.cancelled());
  };
  jay::run(main());
}

TEST(WaitFor, WithNoTimeLeftIsCancelledFirst) {
  auto main = []() -> jay::task<> {
    bool ran = false;
    auto self = [](bool& b) -> jay::task<int> {
      jay::current_task().cancel();
      int v = co_await jay::wait_for(note(b), 0s);
      co_return v;
    };
    auto h = jay::create_task(self(ran));
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_FALSE(ran);
  };
  jay::run(main());
}

TEST(Timeout, WithNoTimeLeftEndsTheFirstSuspension) {
  auto main = []() -> jay::task<> {
    for (auto d : {0ms, -1000ms}) {
      auto tm = jay::timeout(d);
      auto body = [](jay::timeout_scope& t) -> jay::task<> {
        EXPECT_FALSE(t.expired());
        co_await jay::sleep(0s);
      };
      auto inside = jay::with(tm, body);
      auto r = co_await jay::settled(std::move(inside));
      EXPECT_THROW(r.value(), jay::timeout_error);
      EXPECT_TRUE(tm.expired());
      // nothing suspends: nobody is told
      auto quick = jay::timeout(d);
      auto computes = [](jay::timeout_scope&) -> jay::task<int> { co_return 7; };
      auto through = jay::with(quick, computes);
      int v = co_await std::move(through);
      EXPECT_EQ(7, v);
      EXPECT_FALSE(quick.expired());
      // given more time before it suspends
      auto later = jay::timeout(d);
      auto longer = [](jay::timeout_scope& t) -> jay::task<> {
        t.reschedule(std::nullopt);
        co_await jay::sleep(0s);
      };
      auto given = jay::with(later, longer);
      co_await std::move(given);
      EXPECT_FALSE(later.expired());
    }
  };
  jay::run(main());
}

TEST(WaitFor, WithoutALimitJustWaits) { EXPECT_EQ(jay::run(jay::wait_for(value_after(1ms, 5), std::nullopt)), 5); }

TEST(WaitFor, ThrowsTimeoutErrorAndCancelsWhatItAwaited) {
  bool cancelled = false;
  auto inner = [&]() -> jay::task<> {
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      cancelled = true;
      throw;
    }
  };
  EXPECT_THROW(jay::run(jay::wait_for(inner(), 1ms)), jay::timeout_error);
  EXPECT_TRUE(cancelled);
}

TEST(WaitFor, WaitsUntilTheCancelledOneHasEnded) {
  auto inner = []() -> jay::task<> {
    bool stop = false;
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      stop = true;
    }
    co_await jay::sleep(1h);
    EXPECT_TRUE(stop);
    throw jay::cancelled_error();
  };
  auto main = [&]() -> jay::task<jay::time_point::duration> {
    const jay::time_point begun = now();
    auto r = co_await jay::settled(jay::wait_for(inner(), 2h));
    EXPECT_THROW(r.value(), jay::timeout_error);
    co_return now() - begun;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(jay::testing::run(main(), seed), 3h) << "seed " << seed;
}

TEST(WaitFor, AnErrorBeforeTheLimitIsThePlainError) {
  auto inner = []() -> jay::task<> {
    co_await jay::sleep(1s);
    throw std::logic_error("plain");
  };
  auto main = [&]() -> jay::task<> { co_await jay::wait_for(inner(), 60s); };
  EXPECT_THROW(jay::testing::run(main(), 1), std::logic_error);
}

TEST(WaitFor, ACancelFromOutsideIsACancel) {
  auto main = []() -> jay::task<bool> {
    auto h = jay::create_task(jay::wait_for(forever(), 60s));
    co_await jay::testing::until_it_waits(h);
    h.cancel("outside");
    auto r = co_await jay::settled(h);
    co_return r.cancelled();
  };
  EXPECT_TRUE(jay::run(main()));
}

TEST(WaitFor, WorksInsideAChildOfAGather) {
  auto child = [](int i) -> jay::task<int> {
    try {
      co_await jay::wait_for(forever(), std::chrono::milliseconds(i));
    } catch (const jay::timeout_error&) {
      co_return i;
    }
    co_return -1;
  };
  auto main = [&]() -> jay::task<int> {
    auto [a, b, c] = co_await jay::gather(child(1), child(2), child(3));
    co_return a + b + c;
  };
  EXPECT_EQ(jay::run(main()), 6);
}

/// What is suspended inside a limit goes on elsewhere than where its gather was forked, and the gather must know.
TEST(WaitFor, ChildrenOfAGatherMayAllBeSuspendedInsideOne) {
  auto child = [](int depth, auto& self) -> jay::task<int> {
    if (depth == 0) {
      auto r = co_await jay::settled(jay::wait_for(jay::sleep(1h), 1ms));
      co_return r.error() && !r.cancelled();
    }
    auto [a, b] = co_await jay::gather(jay::wait_for(self(depth - 1, self), 1h), jay::wait_for(self(depth - 1, self), 1h));
    co_return a + b;
  };
  for (unsigned workers : {1u, 2u, 4u}) {
    jay::config c = jay::testing::with_workers(workers);
    jay::runner r(c);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(8, r.run(child(3, child)));
  }
}

TEST(WaitFor, OfAHandleCancelsTheTask) {
  auto main = []() -> jay::task<bool> {
    auto h = jay::create_task(forever);
    try {
      co_await jay::wait_for(h, 1ms);
    } catch (const jay::timeout_error&) {
    }
    co_return h.cancelled();
  };
  EXPECT_TRUE(jay::run(main()));
}

TEST(Timeout, ExpiresAndTurnsTheCancelIntoTimeoutError) {
  auto main = []() -> jay::task<int> {
    int how = 0;
    auto tm = jay::timeout(1ms);
    try {
      co_await jay::with(tm, []() -> jay::task<> { co_await jay::sleep(24h); });
    } catch (const jay::timeout_error&) {
      how = 1;
    }
    EXPECT_TRUE(tm.expired());
    co_return how;
  };
  EXPECT_EQ(jay::run(main()), 1);
}

TEST(Timeout, DoesNotExpireWhenTheBodyIsDone) {
  auto main = []() -> jay::task<> {
    auto tm = jay::timeout(60s);
    int v = co_await jay::with(tm, []() -> jay::task<int> { co_return 4; });
    EXPECT_EQ(v, 4);
    EXPECT_FALSE(tm.expired());
    EXPECT_THROW(tm.reschedule(std::nullopt), std::runtime_error);
  };
  jay::run(main());
}

TEST(Timeout, CanBeRescheduledFromInside) {
  auto body = [](jay::timeout_scope& tm) -> jay::task<> {
    tm.reschedule(std::nullopt);
    EXPECT_FALSE(tm.when());
    co_await jay::sleep(2h);
    tm.reschedule(now() + 3h);
    co_await jay::sleep(24h);
  };
  auto main = [&]() -> jay::task<jay::time_point::duration> {
    const jay::time_point begun = now();
    auto r = co_await jay::settled(jay::with(jay::timeout(1h), body));
    EXPECT_THROW(r.value(), jay::timeout_error);
    co_return now() - begun;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(jay::testing::run(main(), seed), 5h) << "seed " << seed;
}

TEST(Timeout, ExpiresAtOnceWhenItIsRescheduledToNow) {
  auto body = [](jay::timeout_scope& tm) -> jay::task<> {
    tm.reschedule(now());
    co_await jay::sleep(24h);
  };
  auto main = [&]() -> jay::task<> { co_await jay::with(jay::timeout(1h), body); };
  EXPECT_THROW(jay::run(main()), jay::timeout_error);
}

TEST(Timeout, EnteredInACoroutineItEndsWithIt) {
  auto inner = [](std::chrono::hours d) -> jay::task<> {
    auto& tm = co_await jay::enter(jay::timeout(d));
    EXPECT_TRUE(tm.when());
    co_await jay::sleep(24h);
  };
  auto main = [&]() -> jay::task<int> {
    int n = 0;
    for (int i = 0; i < 3; ++i) {
      try {
        co_await inner(1h);
      } catch (const jay::timeout_error&) {
        ++n;
      }
    }
    co_await jay::sleep(24h);  // nothing is left that could cancel this
    co_return n;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(jay::testing::run(main(), seed), 3) << "seed " << seed;
}

TEST(Timeout, TheInnerOfTwoExpiresAlone) {
  auto main = []() -> jay::task<int> {
    int how = 0;
    auto outer = jay::timeout(60s);
    auto body = [&]() -> jay::task<> {
      try {
        co_await jay::with(jay::timeout(1ms), []() -> jay::task<> { co_await jay::sleep(24h); });
      } catch (const jay::timeout_error&) {
        how = 1;
      }
    };
    co_await jay::with(outer, body);
    EXPECT_FALSE(outer.expired());
    co_return how;
  };
  EXPECT_EQ(jay::run(main()), 1);
}

TEST(Timeout, TheOuterOfTwoGoesThroughTheInner) {
  auto main = []() -> jay::task<int> {
    auto inner = jay::timeout(60s);
    auto body = [&]() -> jay::task<> {
      co_await jay::with(inner, []() -> jay::task<> { co_await jay::sleep(24h); });
    };
    try {
      co_await jay::with(jay::timeout(1ms), body);
    } catch (const jay::timeout_error&) {
      co_return inner.expired() ? 2 : 1;
    }
    co_return 0;
  };
  EXPECT_EQ(jay::run(main()), 1);
}

TEST(Timeout, CancelsTheForkedStrandsInside) {
  std::atomic<int> cancelled{0};
  auto child = [&]() -> jay::task<> {
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      ++cancelled;
      throw;
    }
  };
  auto main = [&]() -> jay::task<> {
    auto body = [&]() -> jay::task<> { co_await jay::gather(child(), child(), child()); };
    co_await jay::with(jay::timeout(2ms), body);
  };
  EXPECT_THROW(jay::run(main()), jay::timeout_error);
  EXPECT_EQ(cancelled.load(), 3);
}

TEST(ToThread, RunsElsewhereAndGivesTheResult) {
  auto main = []() -> jay::task<std::string> {
    auto here = std::this_thread::get_id();
    std::thread::id there;
    std::string s = co_await jay::to_thread(
        [](std::string a, std::thread::id* id) {
          *id = std::this_thread::get_id();
          return a + "!";
        },
        std::string("hello"), &there);
    EXPECT_NE(here, there);
    co_return s;
  };
  EXPECT_EQ(jay::run(main()), "hello!");
}

TEST(ToThread, PassesExceptionsOn) {
  auto main = []() -> jay::task<> { co_await jay::to_thread([] { throw std::out_of_range("there"); }); };
  EXPECT_THROW(jay::run(main()), std::out_of_range);
}

TEST(ToThread, ACancelEndsTheWaitAndTheCallGoesOn) {
  std::atomic<bool> begun{false}, release{false}, ended{false};
  auto main = [&]() -> jay::task<> {
    auto h = jay::create_task(jay::to_thread([&] {
      begun = true;
      while (!release) std::this_thread::yield();
      ended = true;
    }));
    while (!begun) co_await jay::sleep(0s);
    h.cancel();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_FALSE(ended.load());
    release = true;
  };
  jay::run(main());
  EXPECT_TRUE(ended.load());  // run joins the pool
}

TEST(WaitFor, GivesTheReferenceOfATaskAHandleOrAFuture) {
  auto refer = [](int& i) -> jay::task<int&> { co_return i; };
  auto main = [&]() -> jay::task<> {
    int x = 1;
    int& by_task = co_await jay::wait_for(refer(x), 10s);
    EXPECT_EQ(&x, &by_task);
    auto h = jay::create_task(refer, std::ref(x));
    int& by_handle = co_await jay::wait_for(h, 10s);
    EXPECT_EQ(&x, &by_handle);
    jay::promise<int&> p;
    p.set_result(x);
    int& by_future = co_await jay::wait_for(p.get_future(), 10s);
    EXPECT_EQ(&x, &by_future);
    int& shielded = co_await jay::shield(h);
    EXPECT_EQ(&x, &shielded);
    int& shielded_task = co_await jay::shield(refer(x));
    EXPECT_EQ(&x, &shielded_task);
    auto settled = co_await jay::settled(h);
    EXPECT_EQ(&x, &settled.value());
  };
  jay::run(main());
}

}  // namespace
