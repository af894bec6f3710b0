// SPDX-License-Identifier: MIT
#include <jay/event.hpp>

#include <memory>
#include <vector>

#include <jay/gather.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

jay::task<> note_when_set(jay::event& e, std::vector<int>& order, int n) {
  co_await e.wait();
  order.push_back(n);
}

TEST(Event, IsClearAtFirstAndCanBeSetAndCleared) {
  jay::event e;  // outside a runtime
  EXPECT_FALSE(e.is_set());
  e.set();
  EXPECT_TRUE(e.is_set());
  e.set();
  EXPECT_TRUE(e.is_set());
  e.clear();
  EXPECT_FALSE(e.is_set());
}

TEST(Event, WaitReturnsAtOnceWhileItIsSet) {
  jay::event e;
  e.set();
  std::vector<int> order;
  run(workers(1), [](jay::event& ev, std::vector<int>& o) -> jay::task<> {
    co_await ev.wait();
    co_await note_when_set(ev, o, 1);
  }(e, order));
  EXPECT_EQ(order, std::vector<int>{1});
}

TEST(Event, SetWakesAllThatWaitInTheirOrder) {
  std::vector<int> order;
  run(in_asyncio_order(), [](std::vector<int>& o) -> jay::task<> {
    jay::event e;
    std::vector<jay::task_handle<>> hs;
    for (int i = 0; i < 4; ++i) hs.push_back(jay::create_task(note_when_set, std::ref(e), std::ref(o), i));
    co_await yield();
    EXPECT_TRUE(o.empty());
    e.set();
    for (auto& h : hs) co_await h;
  }(order));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(Event, AClearRightAfterSetStillWakesThoseThatWaited) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::event e;
    std::vector<int> order;
    auto h = jay::create_task(note_when_set, std::ref(e), std::ref(order), 1);
    co_await yield();
    e.set();
    e.clear();
    auto later = jay::create_task(note_when_set, std::ref(e), std::ref(order), 2);
    co_await h;
    EXPECT_EQ(order, std::vector<int>{1});
    EXPECT_FALSE(later.done());
    e.set();
    co_await later;
  }());
}

TEST(Event, ACancelledWaiterIsNotWokenAndOthersAre) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::event e;
    std::vector<int> order;
    auto a = jay::create_task(note_when_set, std::ref(e), std::ref(order), 1);
    auto b = jay::create_task(note_when_set, std::ref(e), std::ref(order), 2);
    co_await yield();
    a.cancel();
    e.set();
    co_await b;
    co_await yield();
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(order, std::vector<int>{2});
  }());
}

TEST(Event, ACancelAfterSetButBeforeTheWaiterRunsStillCancels) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::event e;
    std::vector<int> order;
    auto a = jay::create_task(note_when_set, std::ref(e), std::ref(order), 1);
    co_await yield();
    e.set();
    a.cancel();
    bool cancelled = false;
    try {
      co_await a;
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(order.empty());
    EXPECT_TRUE(e.is_set());
  }());
}

TEST(Event, ACancelThatWasDueThrowsInWait) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::event e;
    jay::current_task().cancel("due");
    bool cancelled = false;
    try {
      co_await e.wait();
    } catch (const jay::cancelled_error& c) {
      cancelled = c.message() == "due";
    }
    EXPECT_TRUE(cancelled);
    e.set();
    co_await e.wait();
  }());
}

TEST(Event, GatheredWaitersAreAllWokenOrAllCancelled) {
  run(workers(2), []() -> jay::task<> {
    jay::event e;
    std::atomic<int> started = 0;
    auto body = [&started](jay::event& ev) -> jay::task<int> {
      ++started;
      co_await jay::gather(ev.wait(), ev.wait(), ev.wait());
      co_return 3;
    };
    auto a = jay::create_task(body, std::ref(e));
    auto b = jay::create_task(body, std::ref(e));
    while (started < 2) co_await yield();
    a.cancel();
    bool cancelled = false;
    try {
      co_await a;
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    e.set();
    int three = co_await b;
    EXPECT_EQ(three, 3);
  }());
}

TEST(Event, MayBeSetByAThreadOutsideTheRuntime) {
  jay::event e;
  jay::scheduler s(workers(1));
  auto ended = std::make_shared<std::binary_semaphore>(0);
  auto h = jay::detail::start(s, jay::task_options(), [](jay::event& ev) -> jay::task<int> {
    co_await ev.wait();
    co_return 7;
  }(e));
  h.add_done_callback([ended](const auto&) { ended->release(); });
  e.set();
  ended->acquire();
  EXPECT_EQ(h.result(), 7);
  EXPECT_TRUE(s.drain(std::chrono::seconds(10)));
}

TEST(Event, AWaiterThatNeverWaitsLetsOthersRunNowAndThen) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::event e;
    e.set();
    bool other_ran = false;
    auto h = jay::create_task([](bool& ran) -> jay::task<> { ran = true; co_return; }, std::ref(other_ran));
    while (!other_ran) co_await e.wait();
    EXPECT_TRUE(other_ran);
    co_await h;
  }());
}

TEST(Event, AWokenWaiterMayDestroyItAtOnce) {
  run(workers(2), []() -> jay::task<> {
    for (int round = 0; round < 2000; ++round) {
      auto e = std::make_unique<jay::event>();
      jay::event& ev = *e;
      auto h = jay::create_task(
          [](std::unique_ptr<jay::event> owner) -> jay::task<> {
            co_await owner->wait();
            owner.reset();
          },
          std::move(e));
      if (round % 2) co_await yield();
      ev.set();
      co_await h;
    }
  }());
}

}  // namespace
