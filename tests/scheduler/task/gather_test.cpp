// SPDX-License-Identifier: MIT
#include <jay/gather.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>

#include <jay/future.hpp>

#include "tests/support/turn.hpp"
#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;

class Gather : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Gather);

jay::task<int> give(int v) { co_return v; }
jay::task<> nothing() { co_return; }
jay::task<std::unique_ptr<int>> boxed(int v) { co_return std::make_unique<int>(v); }
jay::task<int> fail(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}
jay::task<int> fail_after(jay::future<> when, std::string text) {
  co_await when;
  throw std::runtime_error(text);
  co_return 0;
}
/// Waits for ever; notes that it was cancelled, and that it has ended.
jay::task<int> wait_for_cancel(jay::promise<> started, std::atomic<int>& cancelled) {
  jay::promise<> never;
  auto f = never.get_future();
  started.set_result();
  try {
    co_await f;
  } catch (const jay::cancelled_error&) {
    ++cancelled;
    throw;
  }
  co_return 0;
}

TEST_P(Gather, GivesATuple) {
  auto body = []() -> jay::task<int> {
    auto [a, b, c] = co_await jay::gather(give(1), give(20), give(300));
    static_assert(std::is_same_v<decltype(a), int>);
    co_return a + b + c;
  };
  EXPECT_EQ(321, run(body()));
}

TEST_P(Gather, GivesUnitForVoid) {
  auto body = []() -> jay::task<int> {
    auto [a, u] = co_await jay::gather(give(1), nothing());
    static_assert(std::is_same_v<decltype(u), jay::unit>);
    co_return a;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(Gather, OfNothingIsAnEmptyTuple) {
  auto body = []() -> jay::task<bool> {
    auto t = co_await jay::gather();
    co_return std::is_same_v<decltype(t), std::tuple<>>;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Gather, OfOne) {
  auto body = []() -> jay::task<int> {
    auto [a] = co_await jay::gather(give(5));
    co_return a;
  };
  EXPECT_EQ(5, run(body()));
}

TEST_P(Gather, MovesMoveOnlyResults) {
  auto body = []() -> jay::task<int> {
    auto [a, b] = co_await jay::gather(boxed(1), boxed(2));
    co_return *a + *b;
  };
  EXPECT_EQ(3, run(body()));
}

TEST_P(Gather, KeepsReferences) {
  auto body = []() -> jay::task<int> {
    int x = 1, y = 2;
    auto pick = [](int& v) -> jay::task<int&> { co_return v; };
    auto t = co_await jay::gather(pick(x), pick(y));
    std::get<0>(t) = 10;
    std::get<1>(t) = 20;
    co_return x + y;
  };
  EXPECT_EQ(30, run(body()));
}

TEST_P(Gather, RunsNothingUntilItIsAwaited) {
  auto body = []() -> jay::task<bool> {
    bool ran = false;
    auto mark = [](bool& r) -> jay::task<> {
      r = true;
      co_return;
    };
    auto g = jay::gather(mark(ran), nothing());
    bool before = ran;
    co_await std::move(g);
    co_return ran && !before;
  };
  EXPECT_TRUE(run(body()));
}

TEST(Gather, ThatIsNeverAwaitedDropsItsTasks) {
  std::size_t before = jay::detail::unawaited_count();
  int alive = 0;
  auto hold = [](counted) -> jay::task<> { co_return; };
  {
    [[maybe_unused]] auto g = jay::gather(hold(counted(alive)), give(1));
    EXPECT_EQ(1, alive);
  }
  EXPECT_EQ(0, alive);
  EXPECT_EQ(before + 2, jay::detail::unawaited_count());
}

/// In which order the children of a gather begin; `ask`: a turn is asked for at the fork.
jay::task<std::string> order_of_children(bool ask) {
  std::string log;
  auto note = [](std::string& l, char ch) -> jay::task<> {
    l += ch;
    co_return;
  };
  if (ask) jay::testing::ask_for_a_turn();
  co_await jay::gather(note(log, 'a'), note(log, 'b'), note(log, 'c'), note(log, 'd'));
  co_return log;
}

// A child that has stood for a whole tick, in which the worker had no processor, may begin before its turn. Not each time.
TEST(Gather, StartsItsChildrenInOrderOnOneWorker) {
  for (const auto& c : {jay::testing::workers(1), jay::testing::in_asyncio_order()})
    for (const bool ask : {false, true}) {
      std::string order;
      for (int i = 0; i < 10 && order != "abcd"; ++i) order = jay::testing::run(c, order_of_children(ask));
      EXPECT_EQ("abcd", order) << (ask ? "in a turn" : "");
    }
}

TEST_P(Gather, Nests) {
  auto tree = [](auto& self, int depth) -> jay::task<long> {
    if (depth == 0) co_return 1;
    auto [a, b, c] = co_await jay::gather(self(self, depth - 1), self(self, depth - 1), self(self, depth - 1));
    co_return a + b + c;
  };
  EXPECT_EQ(59049, run(tree(tree, 10)));
}

TEST_P(Gather, GoesOnWhenChildrenReallySuspend) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    auto get = [](jay::future<int> from) -> jay::task<int> { co_return co_await from; };
    auto set = [](jay::promise<int> to) -> jay::task<int> {
      to.set_result(40);
      co_return 2;
    };
    auto [a, b, c] = co_await jay::gather(get(f), get(f), set(p));
    co_return a + b + c;
  };
  EXPECT_EQ(82, run(body()));
}

TEST_P(Gather, TakesHandlesAndFuturesByCopy) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(give(1));
    auto [p, f] = jay::with_resolvers<int>();
    p.set_result(2);
    auto [a, b, c] = co_await jay::gather(h, f, give(3));
    EXPECT_EQ(1, h.result());
    co_return a + b + c;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(Gather, TakesAGather) {
  auto body = []() -> jay::task<int> {
    auto [pair, c] = co_await jay::gather(jay::gather(give(1), give(2)), give(3));
    auto [a, b] = pair;
    co_return 100 * a + 10 * b + c;
  };
  EXPECT_EQ(123, run(body()));
}

TEST_P(Gather, RethrowsTheFirstError) {
  auto body = []() -> jay::task<std::string> {
    std::string text;
    try {
      co_await jay::gather(give(1), fail("first"), give(2));
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_EQ("first", run(body()));
}

TEST_P(Gather, AnErrorCancelsAndJoinsSuspendedSiblings) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    auto [p, f] = jay::with_resolvers<>();
    auto [p2, f2] = jay::with_resolvers<>();
    bool thrown = false;
    try {
      co_await jay::gather(wait_for_cancel(p2, cancelled), wait_for_cancel(p, cancelled), fail_after(f, "x"));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_TRUE(f2.done());
    co_return cancelled;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(Gather, AnErrorDropsSiblingsThatHaveNotStarted) {
  // On one worker the first child runs to its error before any other starts.
  auto body = []() -> jay::task<int> {
    int ran = 0;
    int alive = 0;
    auto mark = [](int& n, counted) -> jay::task<> {
      ++n;
      co_return;
    };
    bool thrown = false;
    try {
      co_await jay::gather(fail("x"), mark(ran, counted(alive)), mark(ran, counted(alive)));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(0, alive);
    co_return ran;
  };
  int least = 2;
  for (int i = 0; i < 10 && least > 0; ++i) least = std::min(least, run(body()));  // one that has stood for a tick may begin
  if (GetParam() == 1) {
    EXPECT_EQ(0, least);
  }
}

TEST_P(Gather, AnErrorReachesARunningSiblingAtItsNextSuspension) {
  auto body = []() -> jay::task<bool> {
    std::atomic<bool> failed{false};
    std::atomic<int> cancelled{0};
    auto [started, is_running] = jay::with_resolvers<>();
    auto busy = [](jay::promise<> s, std::atomic<bool>& f, std::atomic<int>& c) -> jay::task<> {
      s.set_result();
      while (!f) co_await jay::testing::yield();
      try {
        jay::promise<> never;
        auto never_set = never.get_future();
        co_await never_set;
      } catch (const jay::cancelled_error&) {
        ++c;
        throw;
      }
    };
    auto failing = [](jay::future<> when, std::atomic<bool>& f) -> jay::task<> {
      struct note {
        std::atomic<bool>& flag;
        ~note() { flag = true; }
      } at_the_end{f};
      co_await when;
      throw std::runtime_error("x");
    };
    bool thrown = false;
    try {
      co_await jay::gather(busy(started, failed, cancelled), failing(is_running, failed));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    co_return thrown && cancelled == 1;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Gather, AChildMaySwallowTheCancelOfItsSiblingsError) {
  auto body = []() -> jay::task<std::string> {
    auto stubborn = [](jay::promise<> s) -> jay::task<int> {
      jay::promise<> never;
      auto f = never.get_future();
      s.set_result();
      try {
        co_await f;
      } catch (const jay::cancelled_error&) {
      }
      co_await nothing();
      auto h = jay::create_task(give(1));  // it may suspend again, once told
      co_return co_await h;
    };
    auto [p, f] = jay::with_resolvers<>();
    std::string text;
    try {
      co_await jay::gather(stubborn(p), fail_after(f, "the error"));
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    // and the parent is not cancelled
    co_await jay::create_task(give(1));
    co_return text;
  };
  EXPECT_EQ("the error", run(body()));
}

TEST_P(Gather, AChildMayReplaceTheCancelByAnErrorAndTheFirstOneWins) {
  auto body = []() -> jay::task<std::string> {
    auto other = [](jay::promise<> s) -> jay::task<int> {
      jay::promise<> never;
      auto f = never.get_future();
      s.set_result();
      try {
        co_await f;
      } catch (const jay::cancelled_error&) {
        throw std::logic_error("second");
      }
      co_return 1;
    };
    auto [p, f] = jay::with_resolvers<>();
    std::string text;
    try {
      co_await jay::gather(other(p), fail_after(f, "first"));
    } catch (const std::exception& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_EQ("first", run(body()));
}

TEST_P(Gather, AnErrorCancelsNestedGathersOfASibling) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> a, b, c;
    auto nested = [](jay::promise<> x, jay::promise<> y, std::atomic<int>& n) -> jay::task<> {
      co_await jay::gather(wait_for_cancel(x, n), wait_for_cancel(y, n));
    };
    auto failing = [](jay::future<> x, jay::future<> y, jay::future<> z) -> jay::task<> {
      co_await x;
      co_await y;
      co_await z;
      throw std::runtime_error("x");
    };
    bool thrown = false;
    try {
      co_await jay::gather(nested(a, b, cancelled), wait_for_cancel(c, cancelled),
                           failing(a.get_future(), b.get_future(), c.get_future()));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return cancelled;
  };
  EXPECT_EQ(3, run(body()));
}

TEST_P(Gather, AnErrorOfANestedGatherCancelsOnlyItsOwnSiblings) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    gate outer;
    jay::promise<> a;
    auto inner = [](jay::promise<> started, gate& g, std::atomic<int>& n) -> jay::task<int> {
      co_await g.arrived;
      int caught = 0;
      try {
        co_await jay::gather(wait_for_cancel(started, n), fail_after(started.get_future(), "x"));
      } catch (const std::runtime_error&) {
        caught = 1;
      }
      g.open();
      co_return caught;
    };
    auto [caught, u] = co_await jay::gather(inner(a, outer, cancelled), outer.pass());
    (void)u;
    EXPECT_EQ(1, cancelled.load());
    co_return caught;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(Gather, AnErrorEndsOnlyTheWaitForHandles) {
  auto body = []() -> jay::task<int> {
    gate g;
    auto pass = [](gate& at) -> jay::task<int> {
      co_await at.pass();
      co_return 5;
    };
    auto h = jay::create_task(pass(g));
    bool thrown = false;
    try {
      co_await jay::gather(h, fail_after(g.arrived, "x"));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_FALSE(h.done());
    g.open();
    co_return co_await h;
  };
  EXPECT_EQ(5, run(body()));
}

TEST_P(Gather, KeepRunningLetsTheOthersEndAndThrowsTheFirstError) {
  auto body = []() -> jay::task<std::string> {
    std::atomic<int> ended{0};
    auto [p, f] = jay::with_resolvers<>();
    auto slow = [](jay::future<> until, std::atomic<int>& n) -> jay::task<> {
      co_await until;
      ++n;
    };
    auto release = [](jay::promise<> to) -> jay::task<> {
      to.set_result();
      co_return;
    };
    std::string text;
    try {
      co_await jay::gather(jay::keep_running, fail("first"), slow(f, ended), slow(f, ended), release(p));
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(2, ended.load());
    co_return text;
  };
  EXPECT_EQ("first", run(body()));
}

TEST_P(Gather, SettledGivesEveryOutcome) {
  auto body = []() -> jay::task<> {
    auto cancelled = []() -> jay::task<int> {
      throw jay::cancelled_error("of itself");
      co_return 0;
    };
    auto [a, b, c, d] = co_await jay::gather_settled(give(1), fail("no"), nothing(), cancelled());
    static_assert(std::is_same_v<decltype(a), jay::result<int>>);
    static_assert(std::is_same_v<decltype(c), jay::result<void>>);
    EXPECT_TRUE(a.has_value());
    EXPECT_EQ(1, a.value());
    EXPECT_FALSE(b.has_value());
    EXPECT_NE(nullptr, b.error());
    EXPECT_FALSE(b.cancelled());
    EXPECT_THROW(b.value(), std::runtime_error);
    EXPECT_TRUE(c.has_value());
    EXPECT_EQ(nullptr, c.error());
    EXPECT_TRUE(d.cancelled());
    EXPECT_THROW(d.value(), jay::cancelled_error);
  };
  run(body());
}

TEST_P(Gather, SettledDoesNotCancelSiblings) {
  auto body = []() -> jay::task<int> {
    gate g;
    auto pass = [](gate& at) -> jay::task<int> {
      co_await at.pass();
      co_return 7;
    };
    auto failing = [](gate& at) -> jay::task<int> {
      co_await at.arrived;
      at.open();
      throw std::runtime_error("x");
      co_return 0;
    };
    auto [a, b] = co_await jay::gather_settled(pass(g), failing(g));
    EXPECT_FALSE(b.has_value());
    co_return a.value();
  };
  EXPECT_EQ(7, run(body()));
}

TEST_P(Gather, DestroysResultsThatNobodyGets) {
  int alive = 0;
  auto body = [](int& n) -> jay::task<> {
    auto make = [](int& m) -> jay::task<counted> { co_return counted(m); };
    for (int i = 0; i < 20; ++i) {
      bool thrown = false;
      try {
        co_await jay::gather(make(n), fail("x"), make(n));
      } catch (const std::runtime_error&) {
        thrown = true;
      }
      EXPECT_TRUE(thrown);
      EXPECT_EQ(0, n);
    }
    {
      auto [a, b] = co_await jay::gather(make(n), make(n));
      EXPECT_EQ(2, n);
    }
    EXPECT_EQ(0, n);
  };
  run(body(alive));
  EXPECT_EQ(0, alive);
}

TEST_P(Gather, InARowGivesManyErrors) {
  auto body = []() -> jay::task<int> {
    int caught = 0;
    for (int i = 0; i < 500; ++i) {
      try {
        co_await jay::gather(give(i), fail("x"), give(i));
      } catch (const std::runtime_error&) {
        ++caught;
      }
      auto [a, b] = co_await jay::gather(give(1), give(2));
      EXPECT_EQ(3, a + b);
    }
    co_return caught;
  };
  EXPECT_EQ(500, run(body()));
}

TEST_P(Gather, ErrorsOutOfADeepTreeComeOutOnce) {
  auto tree = [](auto& self, int depth, int bad) -> jay::task<int> {
    if (depth == 0) {
      if (bad == 0) throw std::runtime_error("waiter");
      co_return 1;
    }
    int half = 1 << (depth - 1);
    auto [a, b] = co_await jay::gather(self(self, depth - 1, bad < half ? bad : -1),
                                       self(self, depth - 1, bad >= half ? bad - half : -1));
    co_return a + b;
  };
  for (int bad : {0, 1, 511, 1023}) EXPECT_THROW(run(tree(tree, 10, bad)), std::runtime_error) << bad;
  EXPECT_EQ(1024, run(tree(tree, 10, -1)));
}

}  // namespace
