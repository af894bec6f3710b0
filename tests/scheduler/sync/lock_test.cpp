// SPDX-License-Identifier: MIT
#include <jay/lock.hpp>

#include <optional>
#include <string>
#include <vector>

#include <jay/gather.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

jay::task<> note_when_acquired(jay::lock& lk, std::vector<int>& order, int n) {
  co_await lk.acquire();
  order.push_back(n);
  co_await yield();
  lk.release();
}

TEST(Lock, IsFreeAtFirstAndLockedOnceAcquired) {
  jay::lock lk;  // outside a runtime
  EXPECT_FALSE(lk.locked());
  run(workers(1), [](jay::lock& l) -> jay::task<> {
    co_await l.acquire();
    EXPECT_TRUE(l.locked());
    l.release();
    EXPECT_FALSE(l.locked());
  }(lk));
}

TEST(Lock, ReleaseWhenNotLockedThrows) {
  jay::lock lk;
  EXPECT_THROW(lk.release(), std::runtime_error);
  EXPECT_FALSE(lk.locked());
}

TEST(Lock, GuardReleasesAtTheEndOfItsScope) {
  jay::lock lk;
  run(workers(1), [](jay::lock& l) -> jay::task<> {
    {
      auto g = co_await l.scoped();
      EXPECT_TRUE(l.locked());
      auto moved = std::move(g);
      EXPECT_FALSE(static_cast<bool>(g));
      EXPECT_TRUE(static_cast<bool>(moved));
      EXPECT_TRUE(l.locked());
    }
    EXPECT_FALSE(l.locked());
    auto g = co_await l.scoped();
    g.release();
    EXPECT_FALSE(l.locked());
    EXPECT_FALSE(static_cast<bool>(g));
  }(lk));
  EXPECT_FALSE(lk.locked());
}

TEST(Lock, GuardReleasesWhenTheBodyThrows) {
  jay::lock lk;
  EXPECT_THROW(run(workers(1), [](jay::lock& l) -> jay::task<> {
                 auto g = co_await l.scoped();
                 throw std::logic_error("body");
               }(lk)),
               std::logic_error);
  EXPECT_FALSE(lk.locked());
}

TEST(Lock, IsHandedOverInTheOrderOfWaiting) {
  jay::lock lk;
  std::vector<int> order;
  run(in_asyncio_order(), [](jay::lock& l, std::vector<int>& o) -> jay::task<> {
    co_await l.acquire();
    std::vector<jay::task_handle<>> hs;
    for (int i = 0; i < 5; ++i) hs.push_back(jay::create_task(note_when_acquired, std::ref(l), std::ref(o), i));
    co_await yield();
    l.release();
    for (auto& h : hs) co_await h;
  }(lk, order));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

// With order = "depth" what is waited for is handed over (in asyncio's it is not). One worker, and enough turns for all to wait.
jay::task<> yields() {
  for (int i = 0; i < 8; ++i) co_await yield();
}

TEST(Lock, ReleaseLeavesItLockedForTheFirstWaiterAndNobodyBarges) {
  jay::lock lk;
  std::vector<int> order;
  run(workers(1), [](jay::lock& l, std::vector<int>& o) -> jay::task<> {
    co_await l.acquire();
    auto h = jay::create_task(note_when_acquired, std::ref(l), std::ref(o), 1);
    co_await yields();
    l.release();
    EXPECT_TRUE(l.locked());  // h has it, though it has not run yet
    co_await l.acquire();
    o.push_back(2);
    l.release();
    co_await h;
  }(lk, order));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

// The two orders of a cancel and a release that come before the waiter can run.
enum class first { cancel, release };

jay::task<std::vector<int>> cancel_the_first_of_two(first what) {
  jay::lock lk;
  std::vector<int> order;
  co_await lk.acquire();
  auto a = jay::create_task(note_when_acquired, std::ref(lk), std::ref(order), 1);
  auto b = jay::create_task(note_when_acquired, std::ref(lk), std::ref(order), 2);
  co_await yield();
  if (what == first::cancel) a.cancel();
  lk.release();
  if (what == first::release) a.cancel("late");
  bool cancelled = false;
  try {
    co_await a;
  } catch (const jay::cancelled_error& e) {
    cancelled = true;
    EXPECT_EQ(e.message(), what == first::release ? "late" : "");
  }
  EXPECT_TRUE(cancelled);
  co_await b;
  EXPECT_FALSE(lk.locked());
  co_return order;
}

TEST(Lock, AWaiterCancelledBeforeTheReleaseIsPassedOver) {
  EXPECT_EQ(run(in_asyncio_order(), cancel_the_first_of_two(first::cancel)), (std::vector<int>{2}));
}

TEST(Lock, AWaiterCancelledAfterTheReleasePassesTheLockOn) {
  EXPECT_EQ(run(in_asyncio_order(), cancel_the_first_of_two(first::release)), (std::vector<int>{2}));
}

TEST(Lock, TheOnlyWaiterCancelledAfterTheReleaseLeavesItFree) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lock lk;
    std::vector<int> order;
    co_await lk.acquire();
    auto a = jay::create_task(note_when_acquired, std::ref(lk), std::ref(order), 1);
    co_await yield();
    lk.release();
    a.cancel();
    co_await yield();
    co_await yield();
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(order.empty());
    EXPECT_FALSE(lk.locked());
  }());
}

TEST(Lock, ACancelThatWasDueEndsAContendedAcquireButNotAFreeOne) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lock lk;
    jay::current_task().cancel();
    co_await lk.acquire();  // does not suspend, so nothing is thrown
    bool cancelled = false;
    try {
      co_await lk.acquire();
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(jay::current_task().uncancel(), 0);
    EXPECT_TRUE(lk.locked());
    lk.release();
    EXPECT_FALSE(lk.locked());
  }());
}

TEST(Lock, CancellingAGatherEndsTheWaitOfItsChildren) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lock lk;
    std::vector<int> order;
    co_await lk.acquire();
    auto h = jay::create_task(
        [](jay::lock& l, std::vector<int>& o) -> jay::task<> {
          co_await jay::gather(note_when_acquired(l, o, 1), note_when_acquired(l, o, 2));
        },
        std::ref(lk), std::ref(order));
    co_await yield();
    h.cancel();
    bool cancelled = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(order.empty());
    lk.release();
    EXPECT_FALSE(lk.locked());
  }());
}

TEST(Lock, AFailingSiblingMakesAGatherChildGiveTheLockBack) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lock lk;
    std::vector<int> order;
    co_await lk.acquire();
    auto fail = [](jay::lock& l) -> jay::task<> {
      co_await yield();
      l.release();  // handed to the sibling, which is then cancelled
      throw std::logic_error("sibling");
    };
    bool failed = false;
    try {
      co_await jay::gather(note_when_acquired(lk, order, 1), fail(lk));
    } catch (const std::logic_error&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
    EXPECT_TRUE(order.empty());
    EXPECT_FALSE(lk.locked());
  }());
}

TEST(Lock, AcquireIsAnOpLikeAnyOther) {
  run(workers(2), []() -> jay::task<> {
    jay::lock lk;
    auto h = jay::create_task(lk.acquire());
    co_await h;
    EXPECT_TRUE(lk.locked());
    lk.release();
    jay::lock other;
    {
      auto [a, b] = co_await jay::gather(lk.scoped(), other.scoped());
      EXPECT_TRUE(static_cast<bool>(a) && static_cast<bool>(b));
      EXPECT_TRUE(lk.locked() && other.locked());
    }
    EXPECT_FALSE(lk.locked() || other.locked());
  }());
}

TEST(Lock, MayBeReleasedByAThreadOutsideTheRuntime) {
  jay::lock lk;
  jay::scheduler s(workers(1));
  jay::testing::run_on(s, [](jay::lock& l) -> jay::task<> { co_await l.acquire(); }(lk));
  auto h = jay::detail::start(s, jay::task_options(), [](jay::lock& l) -> jay::task<> {
    co_await l.acquire();
    l.release();
  }(lk));
  auto ended = std::make_shared<std::binary_semaphore>(0);
  h.add_done_callback([ended](const auto&) { ended->release(); });
  lk.release();
  ended->acquire();
  h.result();
  EXPECT_TRUE(s.drain(std::chrono::seconds(10)));
  EXPECT_FALSE(lk.locked());
}

TEST(Lock, AHolderThatNeverWaitsLetsOthersRunNowAndThen) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lock lk;
    bool other_ran = false;
    auto h = jay::create_task([](bool& ran) -> jay::task<> { ran = true; co_return; }, std::ref(other_ran));
    while (!other_ran) {
      co_await lk.acquire();
      lk.release();
    }
    EXPECT_TRUE(other_ran);
    co_await h;
  }());
}

TEST(Lock, WhoAcquiresLastMayDestroyIt) {
  run(workers(2), []() -> jay::task<> {
    for (int round = 0; round < 2000; ++round) {
      auto lk = std::make_unique<std::optional<jay::lock>>();
      lk->emplace();
      co_await (*lk)->acquire();
      auto h = jay::create_task(
          [](std::unique_ptr<std::optional<jay::lock>>& owner) -> jay::task<> {
            co_await (*owner)->acquire();
            (*owner)->release();
            owner.reset();
          },
          std::ref(lk));
      if (round % 2) co_await yield();
      jay::lock& l = **lk;
      l.release();
      co_await h;
      EXPECT_EQ(lk, nullptr);
    }
  }());
}

}  // namespace
