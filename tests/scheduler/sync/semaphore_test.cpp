// SPDX-License-Identifier: MIT
#include <jay/semaphore.hpp>

#include <vector>

#include <jay/gather.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

jay::task<> note_when_acquired(jay::semaphore& s, std::vector<int>& order, int n) {
  co_await s.acquire();
  order.push_back(n);
}

TEST(Semaphore, HasOnePermitByDefault) {
  jay::semaphore s;
  EXPECT_FALSE(s.locked());
  run(workers(1), [](jay::semaphore& sem) -> jay::task<> {
    co_await sem.acquire();
    EXPECT_TRUE(sem.locked());
    sem.release();
    EXPECT_FALSE(sem.locked());
  }(s));
}

TEST(Semaphore, ANegativeValueIsRefused) {
  EXPECT_THROW(jay::semaphore(-1), std::invalid_argument);
  EXPECT_THROW(jay::bounded_semaphore(-1), std::invalid_argument);
}

TEST(Semaphore, WithNoPermitIsLockedUntilItIsReleased) {
  jay::semaphore s(0);
  EXPECT_TRUE(s.locked());
  s.release();
  EXPECT_FALSE(s.locked());
}

TEST(Semaphore, MayBeReleasedMoreOftenThanAcquired) {
  jay::semaphore s(1);
  s.release();
  s.release();
  run(workers(1), [](jay::semaphore& sem) -> jay::task<> {
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(sem.locked());
      co_await sem.acquire();
    }
    EXPECT_TRUE(sem.locked());
  }(s));
}

TEST(Semaphore, BoundedRefusesAReleaseTooMany) {
  jay::bounded_semaphore s(2);
  EXPECT_THROW(s.release(), std::invalid_argument);
  run(workers(1), [](jay::bounded_semaphore& sem) -> jay::task<> {
    co_await sem.acquire();
    co_await sem.acquire();
    EXPECT_TRUE(sem.locked());
    sem.release();
    sem.release();
    EXPECT_THROW(sem.release(), std::invalid_argument);
    {
      auto g = co_await sem.scoped();
      auto h = co_await sem.scoped();
      EXPECT_TRUE(sem.locked());
    }
    EXPECT_THROW(sem.release(), std::invalid_argument);
  }(s));
}

TEST(Semaphore, PermitsGoToThoseWhoWaitInTheirOrder) {
  std::vector<int> order;
  run(in_asyncio_order(), [](std::vector<int>& o) -> jay::task<> {
    jay::semaphore s(0);
    std::vector<jay::task_handle<>> hs;
    for (int i = 0; i < 4; ++i) hs.push_back(jay::create_task(note_when_acquired, std::ref(s), std::ref(o), i));
    co_await yield();
    s.release();
    s.release();
    EXPECT_TRUE(s.locked());  // both are handed over
    auto late = jay::create_task(note_when_acquired, std::ref(s), std::ref(o), 9);
    co_await yield();
    co_await yield();
    EXPECT_EQ(o, (std::vector<int>{0, 1}));
    for (int i = 0; i < 3; ++i) s.release();
    for (auto& h : hs) co_await h;
    co_await late;
    EXPECT_TRUE(s.locked());
  }(order));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 9}));
}

enum class first { cancel, release };

jay::task<> cancel_one_of_two(first what) {
  jay::bounded_semaphore s(1);
  std::vector<int> order;
  co_await s.acquire();
  auto a = jay::create_task(note_when_acquired, std::ref<jay::semaphore>(s), std::ref(order), 1);
  auto b = jay::create_task(note_when_acquired, std::ref<jay::semaphore>(s), std::ref(order), 2);
  co_await yield();
  if (what == first::cancel) a.cancel();
  s.release();
  if (what == first::release) a.cancel();
  co_await b;
  co_await yield();
  EXPECT_TRUE(a.cancelled());
  EXPECT_EQ(order, std::vector<int>{2});
  EXPECT_TRUE(s.locked());
  s.release();
  EXPECT_THROW(s.release(), std::invalid_argument);  // the count is exact
}

TEST(Semaphore, AWaiterCancelledBeforeTheReleaseIsPassedOver) { run(in_asyncio_order(), cancel_one_of_two(first::cancel)); }
TEST(Semaphore, AWaiterCancelledAfterTheReleasePassesThePermitOn) {
  run(in_asyncio_order(), cancel_one_of_two(first::release));
}

TEST(Semaphore, BoundsHowManyRunAtATime) {
  jay::bounded_semaphore s(3);
  std::atomic<int> inside = 0, most = 0, done = 0;
  auto body = [&]() -> jay::task<> {
    auto g = co_await s.scoped();
    int now = inside.fetch_add(1) + 1;
    int seen = most.load();
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    co_await yield();
    inside.fetch_sub(1);
    done.fetch_add(1);
  };
  run(workers(3), [](decltype(body)& b) -> jay::task<> {
    std::vector<jay::task<>> ts;
    for (int i = 0; i < 200; ++i) ts.push_back(b());
    co_await jay::gather(std::move(ts));
  }(body));
  EXPECT_EQ(done.load(), 200);
  EXPECT_LE(most.load(), 3);
  EXPECT_GE(most.load(), 1);
  EXPECT_FALSE(s.locked());
}

}  // namespace
