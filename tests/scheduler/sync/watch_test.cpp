// SPDX-License-Identifier: MIT
#include <jay/watch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::yield;

class Watch : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Watch);

TEST(WatchValue, IsTheLatest) {
  jay::watch<std::string> w("first");
  auto r = w.subscribe();
  EXPECT_FALSE(r.has_changed());
  EXPECT_EQ(r.get(), "first");
  w.send("second");
  w.send("third");
  EXPECT_TRUE(r.has_changed());
  auto same = r;
  EXPECT_EQ(r.get(), "third");
  EXPECT_FALSE(r.has_changed());
  EXPECT_TRUE(same.has_changed());
  EXPECT_EQ(w.get(), "third");
  EXPECT_EQ(w.readers(), 2u);
  {
    auto moved = std::move(same);
    EXPECT_EQ(w.readers(), 2u);
  }
  EXPECT_EQ(w.readers(), 1u);
}

TEST(WatchValue, OutlivesTheWatch) {
  auto w = std::make_optional<jay::watch<std::string>>("last");
  auto r = w->subscribe();
  w.reset();
  EXPECT_TRUE(r.has_changed());  // there will be no other
  EXPECT_EQ(*r.share(), "last");
}

TEST(WatchValue, CannotBeSentAfterClose) {
  jay::watch<int> w;
  w.close();
  EXPECT_THROW(w.send(1), jay::channel_closed);
  EXPECT_EQ(w.get(), 0);
}

TEST_P(Watch, ChangedWaitsForAValueThatWasNotSeen) {
  auto body = []() -> jay::task<> {
    jay::watch<int> w(0);
    auto reads = [](jay::watch_reader<int> r) -> jay::task<int> {
      co_await r.changed();
      co_return r.get();
    };
    auto a = jay::create_task(reads(w.subscribe()));
    auto b = jay::create_task(reads(w.subscribe()));
    co_await yield();
    EXPECT_FALSE(a.done());
    w.send(7);
    int x = co_await a;
    int y = co_await b;
    EXPECT_EQ(x, 7);
    EXPECT_EQ(y, 7);
    auto r = w.subscribe();
    w.send(8);
    co_await r.changed();  // at once
    EXPECT_FALSE(r.has_changed());
    EXPECT_EQ(r.get(), 8);
  };
  run(body());
}

TEST_P(Watch, TheEndWakesWhoWaitsAfterTheLastValue) {
  auto body = []() -> jay::task<> {
    auto w = std::make_optional<jay::watch<int>>(0);
    auto r = w->subscribe();
    auto waits = [](jay::watch_reader<int> x) -> jay::task<> { co_await x.changed(); };
    auto h = jay::create_task(waits(r));
    co_await yield();
    w->close();
    auto ended = co_await jay::settled(h);
    bool closed = false;
    try {
      ended.value();
    } catch (const jay::channel_closed&) {
      closed = true;
    }
    EXPECT_TRUE(closed);
    jay::watch<int> other(0);
    auto late = other.subscribe();
    other.send(1);
    other.close();
    co_await late.changed();
    EXPECT_EQ(late.get(), 1);
    auto again = co_await jay::settled(late.changed());
    EXPECT_TRUE(again.error() != nullptr);
  };
  run(body());
}

TEST_P(Watch, WaitForTakesThePresentValueToo) {
  auto body = []() -> jay::task<> {
    jay::watch<int> w(5);
    auto r = w.subscribe();
    int now = co_await r.wait_for([](int v) { return v == 5; });
    EXPECT_EQ(now, 5);
    auto waits = [](jay::watch_reader<int> x) -> jay::task<int> {
      int v = co_await x.wait_for([](int y) { return y >= 100; });
      co_return v;
    };
    auto h = jay::create_task(waits(r));
    for (int i = 0; i <= 100; ++i) w.send(i);
    int v = co_await h;
    EXPECT_EQ(v, 100);
  };
  run(body());
}

TEST_P(Watch, ACancelledWaitSeesNothing) {
  auto body = []() -> jay::task<> {
    jay::watch<int> w(0);
    auto r = w.subscribe();
    auto waits = [](jay::watch_reader<int>& x) -> jay::task<> { co_await x.changed(); };
    auto h = jay::create_task(waits(r));
    co_await yield();
    h.cancel();
    auto ended = co_await jay::settled(h);
    EXPECT_TRUE(ended.cancelled());
    w.send(1);
    EXPECT_TRUE(r.has_changed());
    co_await r.changed();
  };
  run(body());
}

TEST_P(Watch, NoReaderMissesTheLastOfManyFromOtherThreads) {
  auto body = []() -> jay::task<> {
    constexpr int last = 500;
    jay::watch<int> w(0);
    auto reads = [](jay::watch_reader<int> r) -> jay::task<> {
      int before = 0;
      while (before < last) {
        co_await r.changed();
        int v = r.get();
        EXPECT_GE(v, before);
        before = v;
      }
    };
    auto a = jay::create_task(reads(w.subscribe()));
    auto b = jay::create_task(reads(w.subscribe()));
    std::thread sends([&] {
      for (int i = 1; i <= last; ++i) w.send(i);
    });
    co_await a;
    co_await b;
    sends.join();
  };
  run(body());
}

}  // namespace
