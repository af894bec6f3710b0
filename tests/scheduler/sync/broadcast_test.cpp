// SPDX-License-Identifier: MIT
#include <jay/broadcast.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::yield;

class Broadcast : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Broadcast);

std::uint64_t missed_by(jay::broadcast_receiver<int>& r) {
  try {
    r.try_receive();
  } catch (const jay::lagged_error& e) {
    return e.missed;
  }
  return 0;
}

TEST(BroadcastValue, GoesToEveryReceiver) {
  jay::broadcast<std::string> b(4);
  EXPECT_EQ(b.send("nobody"), 0u);
  auto a = b.subscribe();
  EXPECT_EQ(b.send("one"), 1u);
  auto c = b.subscribe();
  EXPECT_EQ(b.send("two"), 2u);
  EXPECT_EQ(a.behind(), 2u);
  EXPECT_EQ(a.try_receive(), "one");
  EXPECT_EQ(a.try_receive(), "two");
  EXPECT_EQ(a.try_receive(), std::nullopt);
  EXPECT_EQ(c.try_receive(), "two");
  EXPECT_EQ(b.receivers(), 2u);
  EXPECT_EQ(b.capacity(), 4u);
  EXPECT_THROW(jay::broadcast<int>(0), std::invalid_argument);
}

TEST(BroadcastValue, ASlowReceiverIsToldHowManyItHasMissed) {
  jay::broadcast<int> b(3);
  auto r = b.subscribe();
  for (int i = 0; i < 10; ++i) b.send(i);
  EXPECT_EQ(missed_by(r), 7u);
  EXPECT_EQ(r.try_receive(), 7);
  b.send(10);
  b.send(11);
  EXPECT_EQ(missed_by(r), 1u);
  EXPECT_EQ(r.try_receive(), 9);
  EXPECT_EQ(r.try_receive(), 10);
  EXPECT_EQ(r.try_receive(), 11);
}

TEST(BroadcastValue, IsDroppedWhenAllHaveItOrLeave) {
  int alive = 0;
  jay::broadcast<jay::testing::counted> b(8);
  auto r = b.subscribe();
  auto s = b.subscribe();
  for (int i = 0; i < 3; ++i) b.send(jay::testing::counted(alive));
  EXPECT_EQ(alive, 3);
  r.try_receive();
  EXPECT_EQ(alive, 3);
  s.try_receive();
  EXPECT_EQ(alive, 2);
  auto copy = s;  // stands at the same place
  EXPECT_EQ(copy.behind(), 2u);
  { auto gone = std::move(s); }
  { auto gone = std::move(r); }
  EXPECT_EQ(alive, 2);
  copy.try_receive();
  EXPECT_EQ(alive, 1);
  { auto gone = std::move(copy); }
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(b.receivers(), 0u);
}

TEST(BroadcastValue, IsStillThereAfterTheEnd) {
  auto b = std::make_optional<jay::broadcast<int>>(4);
  auto r = b->subscribe();
  b->send(1);
  b->close();
  EXPECT_THROW(b->send(2), jay::channel_closed);
  b.reset();
  EXPECT_EQ(r.try_receive(), 1);
  EXPECT_THROW(r.try_receive(), jay::channel_closed);
}

TEST_P(Broadcast, ReceiveWaitsForTheNext) {
  auto body = []() -> jay::task<> {
    jay::broadcast<int> b(4);
    auto sums = [](jay::broadcast_receiver<int> r) -> jay::task<int> {
      int sum = 0;
      try {
        for (;;) {
          int v = co_await r.receive();
          sum += v;
        }
      } catch (const jay::channel_closed&) {
      }
      co_return sum;
    };
    auto x = jay::create_task(sums(b.subscribe()));
    auto y = jay::create_task(sums(b.subscribe()));
    co_await yield();
    for (int i = 1; i <= 3; ++i) b.send(i);
    b.close();
    int a = co_await x;
    int c = co_await y;
    EXPECT_EQ(a, 6);
    EXPECT_EQ(c, 6);
  };
  run(body());
}

TEST_P(Broadcast, ACancelledReceiveLosesNothing) {
  auto body = []() -> jay::task<> {
    jay::broadcast<int> b(4);
    auto r = b.subscribe();
    auto receives = [](jay::broadcast_receiver<int>& x) -> jay::task<int> {
      int v = co_await x.receive();
      co_return v;
    };
    auto h = jay::create_task(receives(r));
    co_await yield();
    h.cancel();
    auto ended = co_await jay::settled(h);
    EXPECT_TRUE(ended.cancelled());
    b.send(5);
    int v = co_await r.receive();
    EXPECT_EQ(v, 5);
  };
  run(body());
}

TEST_P(Broadcast, WhatIsReceivedAndWhatIsMissedAddUp) {
  auto body = []() -> jay::task<> {
    constexpr int n = 2000;
    jay::broadcast<int> b(16);
    auto counts = [](jay::broadcast_receiver<int> r) -> jay::task<int> {
      int got = 0;
      int before = -1;
      try {
        for (;;) {
          try {
            int v = co_await r.receive();
            EXPECT_GT(v, before);
            before = v;
            ++got;
          } catch (const jay::lagged_error& e) {
            got += static_cast<int>(e.missed);
          }
        }
      } catch (const jay::channel_closed&) {
      }
      co_return got;
    };
    std::vector<jay::task_handle<int>> all;
    for (int i = 0; i < 4; ++i) all.push_back(jay::create_task(counts(b.subscribe())));
    std::thread other([&] {
      for (int i = 0; i < n; ++i) b.send(i);
    });
    other.join();
    b.close();
    for (auto& h : all) {
      int got = co_await h;
      EXPECT_EQ(got, n);
    }
  };
  run(body());
}

TEST_P(Broadcast, SendersAndReceiversOfManyWorkers) {
  auto body = []() -> jay::task<> {
    constexpr int n = 300;
    jay::broadcast<std::string> b(n * 4);
    auto sends = [&]() -> jay::task<> {
      for (int i = 0; i < n; ++i) {
        b.send(std::to_string(i));
        if (i % 32 == 0) co_await yield();
      }
    };
    auto counts = [](jay::broadcast_receiver<std::string> r) -> jay::task<> {
      for (int i = 0; i < n * 3; ++i) {
        std::string s = co_await r.receive();
        EXPECT_FALSE(s.empty());
      }
    };
    auto first = b.subscribe();
    co_await jay::gather(counts(b.subscribe()), sends(), counts(first), sends(), counts(first), sends());
    EXPECT_EQ(b.receivers(), 1u);
  };
  run(body());
}

}  // namespace
