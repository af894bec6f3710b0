// SPDX-License-Identifier: MIT
// A cancel that was accepted is told exactly once, wherever the task is at that moment.
#include <jay/cancel.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/event.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/settled.hpp>
#include <jay/task_group.hpp>

#include "tests/support/depth.hpp"
#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::deeper_than_the_stack;
using jay::testing::gate;
using jay::testing::yield;

class CancelOnce : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(CancelOnce);

jay::task<int> give(int v) { co_return v; }

jay::task<> for_ever() {
  jay::promise<> never;
  co_await never.get_future();
}
/// for_ever, that tells when it has begun and when it was cancelled.
jay::task<> watched(jay::promise<> begun, jay::promise<> cancelled) {
  begun.set_result();
  try {
    co_await for_ever();
  } catch (const jay::cancelled_error&) {
    cancelled.set_result();
    throw;
  }
}

// ---- a gather one of whose children has failed ----

jay::task<> fail_at(jay::future<> when) {
  co_await when.shielded();
  throw std::runtime_error("a child");
}
/// Cancelled by its sibling's failure, it cleans up until it may end.
jay::task<> clean_up(jay::promise<> begun, jay::promise<> cleaning, jay::future<> until) {
  bool cancelled = false;
  begun.set_result();
  try {
    co_await for_ever();
  } catch (const jay::cancelled_error&) {
    cancelled = true;
  }
  EXPECT_TRUE(cancelled);
  cleaning.set_result();
  for (;;) {
    try {
      auto wait = until.shielded();
      co_await std::move(wait);
      break;
    } catch (const jay::cancelled_error&) {
    }
  }
}

TEST_P(CancelOnce, OfAGatherWhoseChildHasFailedComesAfterItsError) {
  auto body = []() -> jay::task<> {
    jay::promise<> fail, begun, cleaning, end;
    std::string log;
    auto waiter = [](jay::future<> f, jay::promise<> b, jay::promise<> c, jay::future<> e, std::string& l) -> jay::task<> {
      try {
        co_await jay::gather(clean_up(b, c, e), fail_at(f));
      } catch (const std::runtime_error&) {
        l += "error,";
      }
      for (int i = 0; i < 2; ++i) {
        try {
          co_await jay::create_task(give(1)).shielded();
        } catch (const jay::cancelled_error&) {
          l += "cancel,";
        }
      }
    };
    auto h = jay::create_task(waiter(fail.get_future(), begun, cleaning, end.get_future(), log));
    co_await begun.get_future();
    fail.set_result();
    co_await cleaning.get_future();
    EXPECT_TRUE(h.cancel());
    end.set_result();
    co_await h;
    EXPECT_EQ("error,cancel,", log);
    EXPECT_EQ(1, h.cancelling());
  };
  if (GetParam() <= 1) run(body());  // elsewhere the second await may find its task done
}

TEST_P(CancelOnce, OfAGatherWhoseChildHasFailedEndsTheTaskThatGoesOnWaiting) {
  auto body = []() -> jay::task<> {
    jay::promise<> fail, begun, cleaning, end;
    auto waiter = [](jay::future<> f, jay::promise<> b, jay::promise<> c, jay::future<> e) -> jay::task<> {
      auto nested = [](jay::future<> g, jay::promise<> a, jay::promise<> d, jay::future<> k) -> jay::task<> {
        try {
          co_await jay::gather(clean_up(a, d, k), fail_at(g));
        } catch (const std::runtime_error&) {
        }
        co_await for_ever();
      };
      // in a forked strand too
      co_await jay::gather(nested(f, b, c, e), give(1));
    };
    auto h = jay::create_task(waiter(fail.get_future(), begun, cleaning, end.get_future()));
    co_await begun.get_future();
    fail.set_result();
    co_await cleaning.get_future();
    EXPECT_TRUE(h.cancel());
    end.set_result();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
  };
  run(body());
}

TEST_P(CancelOnce, OfAGatherDoesNotInterruptTheCleanupOfAChildThatItHasReached) {
  // One child ends by the cancel while the other still cleans up: that is no second cancel.
  auto body = []() -> jay::task<> {
    jay::promise<> a, b, a_cancelled;
    std::atomic<int> told{0};
    jay::promise<> let_go;
    auto slow = [](jay::promise<> begun, jay::future<> first, jay::future<> until, std::atomic<int>& n) -> jay::task<> {
      begun.set_result();
      bool cancelled = false;
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        ++n, cancelled = true;
      }
      EXPECT_TRUE(cancelled);
      try {
        co_await first.shielded();
        for (int i = 0; i < 20; ++i) co_await yield();  // by now the first has ended
        co_await until.shielded();
      } catch (const jay::cancelled_error&) {
        ++n;
      }
    };
    auto parent = [](auto f, jay::promise<> x, jay::promise<> xc, jay::promise<> y, jay::future<> until,
                     std::atomic<int>& n) -> jay::task<> {
      auto first = xc.get_future();
      co_await jay::gather(watched(x, xc), f(y, first, until, n));
    };
    auto h = jay::create_task(parent(slow, a, a_cancelled, b, let_go.get_future(), told));
    co_await a.get_future();
    co_await b.get_future();
    h.cancel();
    co_await a_cancelled.get_future();
    for (int i = 0; i < 100; ++i) co_await yield();
    let_go.set_result();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_EQ(1, told.load());
  };
  run(body());
}

// ---- settled ----

TEST(CancelOnce, OfSettledWhoseTaskHasEndedMeanwhile) {
  auto body = []() -> jay::task<> {
    jay::event go;
    auto child = [](jay::event& e) -> jay::task<int> {
      co_await e.wait();
      co_return 1;
    };
    auto waiter = [](auto f, jay::event& e) -> jay::task<int> {
      auto h = jay::create_task(f(e));
      auto r = co_await jay::settled(h);
      EXPECT_EQ(1, r.value());
      int told = 0;
      for (int i = 0; i < 2; ++i) {
        try {
          auto t = jay::create_task(give(1));
          co_await t.shielded();
        } catch (const jay::cancelled_error&) {
          ++told;
        }
      }
      co_return told;
    };
    auto t = jay::create_task(waiter(child, go));
    for (int i = 0; i < 5; ++i) co_await yield();
    go.set();
    EXPECT_TRUE(t.cancel());
    int told = co_await t;
    EXPECT_EQ(1, told);
  };
  jay::testing::run(jay::testing::in_asyncio_order(), body());
}

// ---- several at once ----

TEST(CancelOnce, TwiceBeforeTheTaskGoesOnIsToldOnce) {
  auto body = []() -> jay::task<> {
    for (int kind = 0; kind < 3; ++kind) {
      std::atomic<int> told{0};
      auto sleeper = [](std::atomic<int>& n) -> jay::task<> {
        for (int i = 0; i < 3; ++i) {
          try {
            co_await jay::create_task(give(1)).shielded();
          } catch (const jay::cancelled_error&) {
            ++n;
          }
        }
      };
      auto in_gather = [](auto f, std::atomic<int>& n) -> jay::task<> { co_await jay::gather(f(n), give(1)); };
      auto awaits = [](auto f, std::atomic<int>& n) -> jay::task<> {
        auto h = jay::create_task(f(n));
        co_await h;
      };
      jay::task_handle<> t;
      if (kind == 0) t = jay::create_task(sleeper(told));
      else if (kind == 1) t = jay::create_task(in_gather(sleeper, told));
      else t = jay::create_task(awaits(sleeper, told));
      co_await yield();
      if (kind == 2) co_await yield();
      EXPECT_TRUE(t.cancel());
      EXPECT_TRUE(t.cancel());
      (void)co_await jay::settled(t);
      EXPECT_EQ(1, told.load()) << kind;
      EXPECT_EQ(2, t.cancelling());
    }
  };
  jay::testing::run(jay::testing::in_asyncio_order(), body());
}

// ---- a task that ends without another suspension ----

TEST_P(CancelOnce, OfATaskInItsLastStepMakesItCancelled) {
  auto body = []() -> jay::task<> {
    int alive = 0;
    auto self = [](int& n) -> jay::task<std::vector<jay::testing::counted>> {
      std::vector<jay::testing::counted> v;
      v.emplace_back(n);
      EXPECT_TRUE(jay::current_task().cancel("enough"));
      co_return v;
    };
    auto h = jay::create_task(self(alive));
    std::string text;
    try {
      co_await h.shielded();
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    EXPECT_EQ("enough", text);
    EXPECT_TRUE(h.cancelled());
    EXPECT_EQ(0, alive) << "the value goes, as nobody can have it";
  };
  run(body());
}

TEST_P(CancelOnce, OfATaskThatFailsInItsLastStepLeavesItsError) {
  auto body = []() -> jay::task<> {
    auto self = []() -> jay::task<int> {
      jay::current_task().cancel();
      throw std::runtime_error("mine");
      co_return 0;
    };
    auto h = jay::create_task(self());
    auto r = co_await jay::settled(h);
    EXPECT_FALSE(r.has_value());
    EXPECT_FALSE(r.cancelled());
    EXPECT_EQ(1, h.cancelling());
  };
  run(body());
}

TEST_P(CancelOnce, ByAChildCancelsTheTaskThatGathers) {
  auto body = []() -> jay::task<> {
    auto parent = []() -> jay::task<int> {
      auto child = []() -> jay::task<int> {
        EXPECT_TRUE(jay::current_task().cancel());
        co_return 1;
      };
      auto [a, b] = co_await jay::gather(child(), give(2));
      co_return a + b;
    };
    auto h = jay::create_task(parent());
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
  };
  run(body());
}

TEST_P(CancelOnce, FromOutsideAtTheEndOfATaskTakesNoResultAway) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 500; ++i) {
      auto ends = []() -> jay::task<int> {
        co_await yield();
        co_return 1;
      };
      auto h = jay::create_task(ends());
      auto c = jay::create_task([](jay::task_handle<int> t) -> jay::task<bool> { co_return t.cancel(); }, h);
      auto r = co_await jay::settled(h);
      bool accepted = co_await c;
      EXPECT_TRUE(r.has_value() || accepted) << "cancelled, though nobody's cancel was accepted";
      EXPECT_EQ(accepted ? 1 : 0, h.cancelling());
    }
  };
  run(body());
}

// ---- depth ----

jay::task<> nested_gather(int n, gate& at) {
  if (n == 0) co_await at.pass();
  else co_await jay::gather(nested_gather(n - 1, at), for_ever());
}

TEST_P(CancelOnce, OfDeeplyNestedGathers) {
  auto body = []() -> jay::task<> {
    gate bottom;
    auto h = jay::create_task(nested_gather(deeper_than_the_stack(20'000), bottom));
    co_await bottom.arrived;
    EXPECT_TRUE(h.cancel());
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
  };
  run(body());
}

constexpr int long_chain = deeper_than_the_stack(100'000);

TEST_P(CancelOnce, OfALongChainOfTasks) {
  auto body = []() -> jay::task<> {
    gate first;
    auto after = [](jay::task_handle<> previous) -> jay::task<> { co_await previous; };
    jay::task_handle<> h = jay::create_task(first.pass());
    auto bottom = h;
    for (int i = 0; i < long_chain; ++i) h = jay::create_task(jay::task_options().eager_start(), after(h));
    EXPECT_TRUE(h.cancel());
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_TRUE(bottom.cancelled());
  };
  run(body());
}

TEST_P(CancelOnce, OfALongChainAtTheEndOfTheRun) {
  auto body = []() -> jay::task<> {
    auto after = [](jay::task_handle<> previous) -> jay::task<> { co_await previous; };
    jay::task_handle<> h = jay::create_task(for_ever());
    for (int i = 0; i < long_chain; ++i) h = jay::create_task(jay::task_options().eager_start(), after(h));
    co_return;
  };
  run(body());  // drained by run
}

TEST_P(CancelOnce, OfTasksThatAwaitEachOtherEndsThem) {
  auto body = []() -> jay::task<> {
    for (std::size_t n : {2u, 3u, 17u}) {
      std::vector<jay::task_handle<>> ring(n);
      std::atomic<bool> complete{false};
      auto awaits = [](std::vector<jay::task_handle<>>& all, std::size_t next, std::atomic<bool>& go) -> jay::task<> {
        while (!go) co_await yield();
        co_await all[next];
      };
      for (std::size_t i = 0; i < n; ++i) ring[i] = jay::create_task(awaits(ring, (i + 1) % n, complete));
      complete = true;
      for (int i = 0; i < 50; ++i) co_await yield();
      EXPECT_TRUE(ring[n / 2].cancel());
      for (auto& h : ring) {
        auto r = co_await jay::settled(h);
        EXPECT_TRUE(r.cancelled());
      }
      ring.clear();
    }
  };
  run(body());
}

TEST_P(CancelOnce, OfTasksThatAwaitEachOtherAtTheEndOfTheRun) {
  std::vector<jay::task_handle<>> ring(3);
  auto body = [](std::vector<jay::task_handle<>>& all) -> jay::task<> {
    auto awaits = [](std::vector<jay::task_handle<>>& ring, std::size_t next) -> jay::task<> {
      co_await yield();
      co_await ring[next];
    };
    for (std::size_t i = 0; i < 3; ++i) all[i] = jay::create_task(awaits(all, (i + 1) % 3));
    for (int i = 0; i < 20; ++i) co_await yield();
  };
  if (GetParam() <= 1) run(body(ring));  // elsewhere the handles may be read while they are written
}

TEST_P(CancelOnce, GoesRoundACycleThatTheTaskIsAboutToClose) {
  auto body = []() -> jay::task<> {
    jay::task_handle<> a;
    auto awaits = [](jay::task_handle<>& h) -> jay::task<> { co_await h; };
    auto closes = [](auto f, jay::task_handle<>& me) -> jay::task<> {
      auto other = jay::create_task(jay::task_options().eager_start(), f(me));
      jay::current_task().cancel();
      co_await other;
    };
    gate g;
    auto start = [](auto c, auto f, jay::task_handle<>& me, gate& at) -> jay::task<> {
      co_await at.pass();
      co_await c(f, me);
    };
    a = jay::create_task(start(closes, awaits, a, g));
    co_await g.arrived;
    g.open();
    auto r = co_await jay::settled(a);
    EXPECT_TRUE(r.cancelled());
  };
  run(body());
}

}  // namespace
