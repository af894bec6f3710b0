// SPDX-License-Identifier: MIT
// race, any and race_settled. What wins, and that errors and losers are dropped, is as node 18 says; that losers are
// cancelled and joined is jay's own.
#include <jay/race.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <jay/event.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::what_is_thrown;

class Race : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Race);
class Any : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Any);
class RaceSettled : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(RaceSettled);

jay::task<int> number(int v) { co_return v; }
jay::task<std::string> text(std::string s) { co_return s; }
jay::task<> nothing() { co_return; }
jay::task<int> failing(const char* what) {
  throw std::runtime_error(what);
  co_return 0;
}
/// Ends by a cancel only, and then takes its time.
jay::task<int> loser(std::atomic<int>& ended) {
  jay::event never;
  try {
    co_await never.wait();
  } catch (const jay::cancelled_error&) {
    ++ended;
    throw;
  }
  co_return 0;
}
jay::task<std::string> text_loser(std::atomic<int>& ended) {
  co_await loser(ended);
  co_return "";
}
/// Says that it waits, and when it is cancelled waits once more.
jay::task<int> slow_loser(jay::testing::gate& waits, jay::testing::gate& cleans) {
  try {
    co_await waits.pass();
  } catch (const jay::cancelled_error&) {
  }
  co_await cleans.pass();
  co_return 0;
}
jay::task<int> number_after(jay::future<> f, int v) {
  co_await f;
  co_return v;
}
jay::task<int> cancelled_itself() {
  throw jay::cancelled_error("by itself");
  co_return 0;
}
/// The first that `starts` is given wins. `starts` is race or any.
template <class Starts>
jay::task<> cancelled_while_losers_clean_up(Starts starts) {
  jay::testing::gate waits, cleans;
  auto races = [&]() -> jay::task<std::string> {
    int v = co_await starts(number_after(waits.arrived, 3), slow_loser(waits, cleans));
    EXPECT_EQ(3, v);
    jay::event never;
    std::string what = co_await what_is_thrown(never.wait());
    co_return what;
  };
  jay::task_handle<std::string> h = jay::create_task(races);
  co_await cleans.arrived;
  h.cancel("late");
  cleans.open();
  std::string what = co_await h;
  EXPECT_EQ("cancelled late", what);
}

// ---- race ----

TEST_P(Race, TheFirstValueWinsAndTheLosersAreCancelledAndJoined) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    int v = co_await jay::race(loser(ended), number(3), loser(ended));
    EXPECT_EQ(3, v);
    EXPECT_GE(2, ended);  // one that had not begun never does
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_await jay::testing::yield();
  };
  run(body());
}

TEST_P(Race, WaitsForTheCleanupOfTheLosers) {
  auto body = []() -> jay::task<> {
    jay::testing::gate waits, cleans;
    jay::task_handle<int> h = jay::create_task([&]() -> jay::task<int> {
      int v = co_await jay::race(number_after(waits.arrived, 3), slow_loser(waits, cleans));
      co_return v;
    });
    co_await cleans.arrived;
    EXPECT_FALSE(h.done());
    cleans.open();
    int v = co_await h;
    EXPECT_EQ(3, v);
  };
  run(body());
}

TEST_P(Race, AnErrorWinsToo) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    std::string what = co_await what_is_thrown(jay::race(loser(ended), failing("first")));
    EXPECT_EQ("first", what);
  };
  run(body());
}

TEST_P(Race, CancelsTasksAndFuturesToo) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    jay::testing::gate begun;
    auto slow = [&]() -> jay::task<int> {
      begun.arrived_promise.set_result();
      int v = co_await loser(ended);
      co_return v;
    };
    jay::task_handle<int> h = jay::create_task(slow);
    auto [p, f] = jay::with_resolvers<int>();
    co_await begun.arrived;
    int v = co_await jay::race(h, f, number(4));
    EXPECT_EQ(4, v);
    EXPECT_TRUE(h.cancelled());
    EXPECT_TRUE(f.cancelled());
    EXPECT_EQ(1, ended.load());
  };
  run(body());
}

// The winner ends before the others of the race have begun.
TEST_P(Race, CancelsTasksAndFuturesThatStandBehindTheWinner) {
  auto body = []() -> jay::task<> {
    for (const bool of_any : {false, true}) {
      std::atomic<int> ended = 0;
      jay::testing::gate begun, cleans;
      auto slow = [&]() -> jay::task<int> {
        begun.arrived_promise.set_result();
        try {
          int v = co_await loser(ended);
          co_return v;
        } catch (const jay::cancelled_error&) {
        }
        co_await cleans.pass();
        throw jay::cancelled_error();
      };
      jay::task_handle<int> h = jay::create_task(slow);
      auto [p, f] = jay::with_resolvers<int>();
      co_await begun.arrived;
      auto races = [&, f = f]() -> jay::task<int> {
        if (of_any) {
          int v = co_await jay::any(number(4), h, f);
          co_return v;
        }
        int v = co_await jay::race(number(4), h, f);
        co_return v;
      };
      auto r = jay::create_task(races());
      co_await cleans.arrived;
      EXPECT_FALSE(r.done()) << "it waits for them";
      cleans.open();
      int v = co_await r;
      EXPECT_EQ(4, v);
      EXPECT_TRUE(h.cancelled());
      EXPECT_TRUE(f.cancelled());
      EXPECT_EQ(1, ended.load());
    }
  };
  run(body());
}

TEST_P(Race, ACancelWhileItWaitsForWhoWasOvertakenIsToldBehindIt) {
  auto body = []() -> jay::task<> {
    jay::testing::gate begun, cleans;
    auto slow = [&]() -> jay::task<int> {
      try {
        co_await begun.pass();
      } catch (const jay::cancelled_error&) {
      }
      try {
        co_await cleans.pass();
      } catch (const jay::cancelled_error&) {
      }
      co_return 0;
    };
    jay::task_handle<int> h = jay::create_task(slow);
    co_await begun.arrived;
    bool told = false;
    auto races = [&]() -> jay::task<> {
      jay::event never;
      try {
        (void)co_await jay::race(number(4), h);
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
        told = true;
      }
    };
    auto r = jay::create_task(races());
    co_await cleans.arrived;
    r.cancel();
    cleans.open();
    co_await r;
    EXPECT_TRUE(told);
    EXPECT_TRUE(h.done());
  };
  run(body());
}

TEST_P(Race, CopiesTheValueOfAHandle) {
  auto body = []() -> jay::task<> {
    jay::task_handle<std::string> h = jay::create_task(text("kept by the handle, not moved out of it"));
    co_await h;
    std::string s = co_await jay::race(h);
    EXPECT_EQ(s, h.result());
  };
  run(body());
}

TEST_P(Race, OfSeveralTypesGivesAVariantThatTellsWhoWon) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    std::variant<std::string, int, jay::unit> v = co_await jay::race(text_loser(ended), number(3), nothing());
    EXPECT_NE(0u, v.index());
    std::variant<std::string, int> w = co_await jay::race(text("two"), loser(ended));
    EXPECT_EQ(0u, w.index());
    EXPECT_EQ("two", std::get<std::string>(w));
  };
  run(body());
}

TEST_P(Race, OfVoidGivesNothingAndMayBeMoveOnly) {
  auto body = []() -> jay::task<> {
    static_assert(std::is_void_v<decltype(jay::race(nothing(), nothing()))::value_type>);
    co_await jay::race(nothing(), nothing());
    auto make = []() -> jay::task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    std::unique_ptr<int> p = co_await jay::race(make(), make());
    EXPECT_EQ(7, *p);
  };
  run(body());
}

TEST_P(Race, OfAVector) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    std::vector<jay::task<int>> tasks;
    tasks.push_back(loser(ended));
    tasks.push_back(number(5));
    int v = co_await jay::race(std::move(tasks));
    EXPECT_EQ(5, v);
    std::string what = co_await what_is_thrown(jay::race(std::vector<jay::task<int>>()));
    EXPECT_EQ(0u, what.find("race: the vector is empty")) << what;
  };
  run(body());
}

TEST_P(Race, AnOperationThatWasCancelledByOthersWins) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    std::string what = co_await what_is_thrown(jay::race(loser(ended), cancelled_itself()));
    EXPECT_EQ("cancelled by itself", what);
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_await jay::testing::yield();
  };
  run(body());
}

TEST_P(Race, CancelledWhileAllWaitItCancelsAllAndJoinsThem) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    auto [p, f] = jay::with_resolvers<int>();
    jay::testing::gate begun;
    auto waits = [&](jay::future<int> g) -> jay::task<std::string> {
      std::string what = co_await what_is_thrown(jay::race(loser(ended), g, [&]() -> jay::task<int> {
        begun.arrived_promise.set_result();
        int v = co_await loser(ended);
        co_return v;
      }()));
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(waits, f);
    co_await begun.arrived;
    h.cancel("stop");
    std::string what = co_await h;
    EXPECT_EQ("cancelled stop", what);
    EXPECT_TRUE(f.cancelled());
    EXPECT_LE(1, ended);
  };
  run(body());
}

TEST_P(Race, CancelledWhileTheLosersCleanUpItGivesTheValueAndTheCancelIsNotLost) {
  run(cancelled_while_losers_clean_up([](auto... ops) { return jay::race(std::move(ops)...); }));
}

TEST_P(Race, ACancelThatIsDueIsToldAndNothingGoesOn) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    auto races = [&]() -> jay::task<std::string> {
      jay::current_task().cancel("due");
      std::string what = co_await what_is_thrown(jay::race(loser(ended), loser(ended)));
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(races);
    std::string what = co_await h;
    EXPECT_EQ("cancelled due", what);
  };
  run(body());
}

// ---- any ----

TEST_P(Any, TheFirstValueWinsOverEarlierErrors) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    int v = co_await jay::any(failing("a"), number(2), loser(ended));
    EXPECT_EQ(2, v);
    std::vector<jay::task<int>> tasks;
    tasks.push_back(failing("a"));
    tasks.push_back(number(5));
    int w = co_await jay::any(std::move(tasks));
    EXPECT_EQ(5, w);
  };
  run(body());
}

TEST_P(Any, ThrowsAGroupOfAllErrorsInArgumentOrder) {
  auto body = []() -> jay::task<std::string> {
    std::string all;
    try {
      co_await jay::any(failing("a"), cancelled_itself(), failing("c"));
    } catch (const jay::exception_group& g) {
      for (const std::exception_ptr& e : g.exceptions()) {
        try {
          std::rethrow_exception(e);
        } catch (const std::exception& one) {
          all += one.what();
        } catch (const jay::cancelled_error&) {
          all += "b";
        }
      }
    }
    co_return all;
  };
  EXPECT_EQ("abc", run(body()));
}

TEST_P(Any, OfNothingThrowsAGroup) {
  auto body = []() -> jay::task<bool> {
    bool thrown = false;
    try {
      co_await jay::any(std::vector<jay::task<int>>());
    } catch (const jay::exception_group& g) {
      thrown = g.split<std::invalid_argument>().first.has_value();
    }
    co_return thrown;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Any, CancelledWhileAllWaitItCancelsAllAndJoinsThem) {
  auto body = []() -> jay::task<> {
    std::atomic<int> ended = 0;
    jay::testing::gate begun;
    auto second = [&]() -> jay::task<int> {
      begun.arrived_promise.set_result();
      int v = co_await loser(ended);
      co_return v;
    };
    auto waits = [&]() -> jay::task<std::string> {
      std::string what = co_await what_is_thrown(jay::any(failing("before"), loser(ended), second()));
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(waits);
    co_await begun.arrived;
    h.cancel("stop");
    std::string what = co_await h;
    EXPECT_EQ("cancelled stop", what);
    EXPECT_LE(1, ended);
  };
  run(body());
}

TEST_P(Any, CancelledWhileTheLosersCleanUpItGivesTheValueAndTheCancelIsNotLost) {
  run(cancelled_while_losers_clean_up([](auto... ops) { return jay::any(std::move(ops)...); }));
}

// ---- race_settled ----

TEST_P(RaceSettled, LeavesTheOthersRunning) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    jay::result<int> r = co_await jay::race_settled(f, number(3));
    EXPECT_EQ(3, r.value());
    EXPECT_FALSE(f.done());
    p.set_result(8);
    std::vector<jay::future<int>> one(1, f);
    jay::result<int> again = co_await jay::race_settled(one);
    EXPECT_EQ(8, again.value());
    EXPECT_EQ(8, f.result());
  };
  run(body());
}

TEST_P(RaceSettled, GivesTheFirstErrorWithoutAThrow) {
  auto body = []() -> jay::task<bool> {
    auto [p, f] = jay::with_resolvers<int>();
    jay::result<int> r = co_await jay::race_settled(f, failing("first"));
    auto [q, g] = jay::with_resolvers<int>();
    g.cancel();
    jay::result<int> c = co_await jay::race_settled(f, g);
    co_return !r.has_value() && !r.cancelled() && c.cancelled();
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(RaceSettled, TheErrorOfALoserIsHeard) {
  std::atomic<int> reports = 0;
  sched().set_exception_handler([&](const jay::exception_context&) { ++reports; });
  auto body = []() -> jay::task<> {
    jay::testing::gate g;
    auto fails_late = [&]() -> jay::task<int> {
      co_await g.pass();
      throw std::runtime_error("late");
    };
    jay::result<int> r = co_await jay::race_settled(fails_late(), number_after(g.arrived, 1));
    EXPECT_EQ(1, r.value());
    g.open();
    while (jay::all_tasks().size() > 1) co_await jay::testing::yield();
  };
  run(body());
  EXPECT_EQ(0, reports);
}

TEST_P(RaceSettled, CancelledItEndsTheWaitOnly) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    jay::testing::gate begun;
    auto waits = [&](jay::future<int> g) -> jay::task<std::string> {
      begun.arrived_promise.set_result();
      std::string what = co_await what_is_thrown(jay::race_settled(g, g));
      co_return what;
    };
    jay::task_handle<std::string> h = jay::create_task(waits, f);
    co_await begun.arrived;
    co_await jay::testing::yield();
    h.cancel("stop");
    std::string what = co_await h;
    EXPECT_EQ("cancelled stop", what);
    EXPECT_FALSE(f.done());
    p.set_result(1);
  };
  run(body());
}

TEST_P(RaceSettled, OfSeveralTypesGivesAVariantThatTellsWhoWon) {
  auto body = []() -> jay::task<bool> {
    auto [p, f] = jay::with_resolvers<std::string>();
    auto r = co_await jay::race_settled(f, number(3));
    co_return r.value().index() == 1 && std::get<1>(r.value()) == 3;
  };
  EXPECT_TRUE(run(body()));
}

}  // namespace
