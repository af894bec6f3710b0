// SPDX-License-Identifier: MIT
#include <jay/condition.hpp>

#include <vector>

#include <jay/gather.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

jay::task<> note_when_notified(jay::condition& c, std::vector<int>& order, int n) {
  auto g = co_await c.scoped();
  co_await c.wait();
  EXPECT_TRUE(c.locked());
  order.push_back(n);
}

jay::task<> start_waiters(jay::condition& c, std::vector<int>& order, int n, std::vector<jay::task_handle<>>& hs) {
  for (int i = 0; i < n; ++i) hs.push_back(jay::create_task(note_when_notified, std::ref(c), std::ref(order), i));
  for (int i = 0; i < n + 1; ++i) co_await yield();
}

TEST(Condition, WaitAndNotifyNeedTheLock) {
  jay::condition c;  // outside a runtime
  EXPECT_THROW(c.notify(), std::runtime_error);
  EXPECT_THROW(c.notify_all(), std::runtime_error);
  EXPECT_THROW(c.release(), std::runtime_error);
  run(workers(1), [](jay::condition& cond) -> jay::task<> {
    bool refused = false;
    try {
      co_await cond.wait();
    } catch (const std::runtime_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    co_await cond.acquire();
    EXPECT_TRUE(cond.locked());
    cond.notify_all();  // nobody waits
    cond.release();
  }(c));
  EXPECT_FALSE(c.locked());
}

TEST(Condition, WaitReleasesTheLockAndHasItAgainAfterTheNotify) {
  std::vector<int> order;
  run(in_asyncio_order(), [](std::vector<int>& o) -> jay::task<> {
    jay::condition c;
    auto h = jay::create_task(note_when_notified, std::ref(c), std::ref(o), 1);
    co_await yield();
    EXPECT_FALSE(c.locked());
    co_await c.acquire();
    c.notify();
    co_await yield();
    EXPECT_TRUE(o.empty());  // we still have the lock
    c.release();
    co_await h;
    EXPECT_FALSE(c.locked());
  }(order));
  EXPECT_EQ(order, std::vector<int>{1});
}

TEST(Condition, NotifyWakesAsManyAsAskedInTheOrderOfWaiting) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::condition c;
    std::vector<int> order;
    std::vector<jay::task_handle<>> hs;
    co_await start_waiters(c, order, 5, hs);
    {
      auto g = co_await c.scoped();
      c.notify(2);
    }
    co_await hs[0];
    co_await hs[1];
    EXPECT_EQ(order, (std::vector<int>{0, 1}));
    {
      auto g = co_await c.scoped();
      c.notify(0);
      c.notify();
    }
    co_await hs[2];
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
    {
      auto g = co_await c.scoped();
      c.notify_all();
    }
    for (auto& h : hs) co_await h;
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  }());
}

TEST(Condition, ANotifiedWaiterStandsInTheLocksLine) {
  std::vector<int> order;
  run(in_asyncio_order(), [](std::vector<int>& o) -> jay::task<> {
    jay::lock l;
    jay::condition c(l);
    auto waiter = jay::create_task(note_when_notified, std::ref(c), std::ref(o), 1);
    co_await yield();
    co_await l.acquire();
    auto early = jay::create_task(
        [](jay::lock& lk, std::vector<int>& out) -> jay::task<> {
          auto g = co_await lk.scoped();
          out.push_back(0);
        },
        std::ref(l), std::ref(o));
    co_await yield();
    c.notify();
    l.release();
    co_await waiter;
    co_await early;
  }(order));
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
}

TEST(Condition, WaitForReturnsAtOnceIfThePredicateHolds) {
  run(workers(1), []() -> jay::task<> {
    jay::condition c;
    co_await c.wait_for([] { return true; });  // not even the lock is looked at, as in asyncio
    EXPECT_FALSE(c.locked());
  }());
}

TEST(Condition, WaitForLooksAgainAfterEachNotify) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::condition c;
    int value = 0, looks = 0;
    auto h = jay::create_task([&]() -> jay::task<> {
      auto g = co_await c.scoped();
      co_await c.wait_for([&] { return ++looks, value >= 2; });
      EXPECT_TRUE(c.locked());
    });
    for (int i = 0; i < 3; ++i) {
      co_await yield();
      auto g = co_await c.scoped();
      value = i;
      c.notify_all();
    }
    co_await h;
    EXPECT_EQ(looks, 4);
  }());
}

TEST(Condition, APredicateThatThrowsEndsTheWaitWithTheLockHeld) {
  run(workers(1), []() -> jay::task<> {
    jay::condition c;
    auto g = co_await c.scoped();
    bool thrown = false;
    try {
      co_await c.wait_for([]() -> bool { throw std::logic_error("predicate"); });
    } catch (const std::logic_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_TRUE(c.locked());
  }());
}

jay::task<> wait_and_tell(jay::condition& c, bool& had_lock) {
  co_await c.acquire();
  try {
    co_await c.wait();
  } catch (const jay::cancelled_error&) {
    had_lock = c.locked();
    c.release();
    throw;
  }
  c.release();
}

TEST(Condition, ACancelledWaiterHasTheLockAgainBeforeItThrows) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::condition c;
    bool had_lock = false;
    auto h = jay::create_task(wait_and_tell, std::ref(c), std::ref(had_lock));
    co_await yield();
    co_await c.acquire();
    h.cancel();
    for (int i = 0; i < 5; ++i) co_await yield();
    EXPECT_FALSE(h.done());  // it waits for the lock, which is ours
    h.cancel("again");       // and cannot be kept from it
    for (int i = 0; i < 5; ++i) co_await yield();
    EXPECT_FALSE(h.done());
    c.release();
    bool cancelled = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(had_lock);
    EXPECT_FALSE(c.locked());
  }());
}

TEST(Condition, ACancelThatWasDueThrowsWithTheLockHeld) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::condition c;
    auto g = co_await c.scoped();
    jay::current_task().cancel();
    bool cancelled = false;
    try {
      co_await c.wait();
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(c.locked());
  }());
}

// when: before the notify; while it waits for the lock; when it has been given the lock but has not run
enum class when { before, waiting, given };

jay::task<> cancel_the_first_of_two(when w) {
  jay::condition c;
  std::vector<int> order;
  std::vector<jay::task_handle<>> hs;
  co_await start_waiters(c, order, 2, hs);
  co_await c.acquire();
  if (w == when::before) hs[0].cancel();
  c.notify();
  if (w == when::waiting) hs[0].cancel();
  c.release();
  if (w == when::given) hs[0].cancel();
  bool cancelled = false;
  try {
    co_await hs[0];
  } catch (const jay::cancelled_error&) {
    cancelled = true;
  }
  EXPECT_TRUE(cancelled);
  co_await hs[1];  // the notify was not lost
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_FALSE(c.locked());
}

TEST(Condition, AWaiterCancelledBeforeTheNotifyIsPassedOver) {
  run(in_asyncio_order(), cancel_the_first_of_two(when::before));
}
TEST(Condition, ANotifiedWaiterCancelledWhileItWaitsForTheLockPassesTheNotifyOn) {
  run(in_asyncio_order(), cancel_the_first_of_two(when::waiting));
}
TEST(Condition, ANotifiedWaiterCancelledBeforeItRunsPassesTheNotifyOn) {
  run(in_asyncio_order(), cancel_the_first_of_two(when::given));
}

TEST(Condition, CancellingAGatherEndsTheWaitsOfItsChildren) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::condition c;
    bool a = false, b = false;
    auto h = jay::create_task(
        [](jay::condition& cond, bool& x, bool& y) -> jay::task<> {
          co_await jay::gather(wait_and_tell(cond, x), wait_and_tell(cond, y));
        },
        std::ref(c), std::ref(a), std::ref(b));
    for (int i = 0; i < 4; ++i) co_await yield();
    EXPECT_FALSE(c.locked());
    h.cancel();
    bool cancelled = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(a && b);
    EXPECT_FALSE(c.locked());
  }());
}

TEST(Condition, SeveralMayShareALock) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lock l;
    jay::condition not_empty(l), not_full(l);
    std::vector<int> order;
    auto a = jay::create_task(note_when_notified, std::ref(not_empty), std::ref(order), 1);
    auto b = jay::create_task(note_when_notified, std::ref(not_full), std::ref(order), 2);
    co_await yield();
    co_await yield();
    {
      auto g = co_await l.scoped();
      not_full.notify_all();
    }
    co_await b;
    EXPECT_FALSE(a.done());
    {
      auto g = co_await not_empty.scoped();
      EXPECT_TRUE(l.locked());
      not_empty.notify();
    }
    co_await a;
    EXPECT_EQ(order, (std::vector<int>{2, 1}));
  }());
}

}  // namespace
