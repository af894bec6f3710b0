// SPDX-License-Identifier: MIT
#include <jay/shield.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::gate;

class Shield : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Shield);
class Settled : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Settled);

jay::task<int> give(int v) { co_return v; }
jay::task<> nothing() { co_return; }
jay::task<std::unique_ptr<int>> boxed(int v) { co_return std::make_unique<int>(v); }
jay::task<int> fail(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}
jay::task<int> pass_then(gate& g, int v) {
  co_await g.pass();
  co_return v;
}

TEST_P(Shield, GivesTheValue) {
  auto body = []() -> jay::task<int> {
    int a = co_await jay::shield(give(1));
    co_await jay::shield(nothing());
    auto h = jay::create_task(give(2));
    int b = co_await jay::shield(h);
    int c = co_await jay::shield(jay::create_task(give(3)));
    auto [p, f] = jay::with_resolvers<int>();
    p.set_result(4);
    int d = co_await jay::shield(f);
    jay::task_handle<> erased = h;
    co_await jay::shield(erased);
    co_return 1000 * a + 100 * b + 10 * c + d;
  };
  EXPECT_EQ(1234, run(body()));
}

TEST_P(Shield, MovesMoveOnlyResults) {
  auto body = []() -> jay::task<int> {
    std::unique_ptr<int> a = co_await jay::shield(boxed(1));
    std::unique_ptr<int> b = co_await jay::shield(jay::create_task(boxed(2)));
    auto [p, f] = jay::with_resolvers<std::unique_ptr<int>>();
    p.set_result(std::make_unique<int>(3));
    std::unique_ptr<int> c = co_await jay::shield(std::move(f));
    co_return *a + *b + *c;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(Shield, RethrowsTheError) {
  auto body = []() -> jay::task<std::string> {
    std::string text;
    try {
      co_await jay::shield(fail("no"));
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_EQ("no", run(body()));
}

TEST_P(Shield, ACancelEndsTheWaitOnly) {
  auto body = []() -> jay::task<int> {
    gate g;
    auto inner = jay::create_task(pass_then(g, 5));
    auto wait = [](jay::task_handle<int> h) -> jay::task<int> {
      int v = co_await jay::shield(h);
      co_return v;
    };
    auto outer = jay::create_task(wait(inner));
    co_await g.arrived;
    outer.cancel("outer only");
    std::string text;
    try {
      co_await outer;
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    EXPECT_EQ("outer only", text);
    EXPECT_TRUE(outer.cancelled());
    EXPECT_FALSE(inner.done());
    g.open();
    co_return co_await inner;
  };
  EXPECT_EQ(5, run(body()));
}

TEST_P(Shield, ATaskByValueGoesOnByItself) {
  auto body = []() -> jay::task<int> {
    gate g;
    auto [result, seen] = jay::with_resolvers<int>();
    auto work = [](gate& at, jay::promise<int> to) -> jay::task<> {
      co_await at.pass();
      to.set_result(9);
    };
    auto wait = [](auto& f, gate& at, jay::promise<int> to) -> jay::task<> { co_await jay::shield(f(at, to)); };
    auto outer = jay::create_task(wait(work, g, result));
    co_await g.arrived;
    outer.cancel();
    bool thrown = false;
    try {
      co_await outer;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    g.open();
    co_return co_await seen;
  };
  EXPECT_EQ(9, run(body()));
}

TEST_P(Shield, WhatIsShieldedMayBeCancelledItself) {
  auto body = []() -> jay::task<bool> {
    gate g;
    auto inner = jay::create_task(pass_then(g, 5));
    auto cancel = [](jay::task_handle<int> h, gate& at) -> jay::task<> {
      co_await at.arrived;
      h.cancel();
    };
    auto c = jay::create_task(cancel(inner, g));
    bool thrown = false;
    try {
      co_await jay::shield(inner);
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    co_await c;
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_return thrown && inner.cancelled();
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Shield, IsAnOpLikeOthers) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(give(1));
    auto [a, b] = co_await jay::gather(jay::shield(h), jay::shield(give(2)));
    int c = co_await jay::create_task(jay::shield(give(3)));
    co_return a + b + c;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(Settled, GivesValueErrorOrCancelled) {
  auto body = []() -> jay::task<> {
    jay::result<int> a = co_await jay::settled(give(1));
    EXPECT_TRUE(a.has_value());
    EXPECT_EQ(1, a.value());
    EXPECT_FALSE(a.cancelled());

    jay::result<int> b = co_await jay::settled(fail("no"));
    EXPECT_FALSE(b.has_value());
    EXPECT_THROW(b.value(), std::runtime_error);

    jay::result<void> c = co_await jay::settled(nothing());
    EXPECT_TRUE(c.has_value());

    auto cancelled = []() -> jay::task<int> {
      throw jay::cancelled_error();
      co_return 0;
    };
    jay::result<int> d = co_await jay::settled(cancelled());
    EXPECT_TRUE(d.cancelled());

    jay::result<std::unique_ptr<int>> e = co_await jay::settled(boxed(6));
    std::unique_ptr<int> six = std::move(e).value();
    EXPECT_EQ(6, *six);
  };
  run(body());
}

TEST_P(Settled, OfHandlesAndFutures) {
  auto body = []() -> jay::task<> {
    auto good = jay::create_task(give(1));
    jay::result<int> a = co_await jay::settled(good);
    EXPECT_EQ(1, a.value());
    EXPECT_EQ(1, good.result());
    auto bad = jay::create_task(fail("no"));
    jay::result<int> b = co_await jay::settled(bad);
    EXPECT_THROW(b.value(), std::runtime_error);
    jay::task_handle<> erased = bad;
    jay::result<void> c = co_await jay::settled(erased);
    EXPECT_FALSE(c.has_value());
    jay::result<std::unique_ptr<int>> d = co_await jay::settled(jay::create_task(boxed(4)));
    EXPECT_EQ(4, *d.value());

    auto [p, f] = jay::with_resolvers<int>();
    auto set = [](jay::promise<int> to) -> jay::task<> {
      to.set_result(7);
      co_return;
    };
    auto setter = jay::create_task(set(p));
    jay::result<int> e = co_await jay::settled(f);
    EXPECT_EQ(7, e.value());
    co_await setter;

    auto [p2, f2] = jay::with_resolvers<int>();
    f2.cancel("gone");
    jay::result<int> g = co_await jay::settled(f2);
    EXPECT_TRUE(g.cancelled());
    std::string text;
    try {
      g.value();
    } catch (const jay::cancelled_error& x) {
      text = x.message();
    }
    EXPECT_EQ("gone", text);
  };
  run(body());
}

TEST_P(Settled, ACancelOfTheWaiterIsThrownWhenTheOpHasEnded) {
  auto body = []() -> jay::task<> {
    for (bool by_handle : {false, true}) {
      gate g;
      std::atomic<bool> told{false};
      auto inner = [](gate& at, std::atomic<bool>& t) -> jay::task<> {
        try {
          co_await at.pass();
        } catch (const jay::cancelled_error&) {
          t = true;
          throw;
        }
      };
      auto wait = [](auto& f, gate& at, std::atomic<bool>& t, bool handle) -> jay::task<> {
        if (handle) {
          auto h = jay::create_task(f(at, t));
          jay::result<void> r = co_await jay::settled(h);
          ADD_FAILURE() << "no cancel";
        } else {
          jay::result<void> r = co_await jay::settled(f(at, t));
          ADD_FAILURE() << "no cancel";
        }
      };
      auto h = jay::create_task(wait(inner, g, told, by_handle));
      co_await g.arrived;
      h.cancel("waiter");
      std::string text;
      try {
        co_await h;
      } catch (const jay::cancelled_error& e) {
        text = e.message();
      }
      EXPECT_EQ("waiter", text) << by_handle;
      EXPECT_TRUE(told.load()) << by_handle;
      EXPECT_TRUE(h.cancelled());
    }
  };
  run(body());
}

TEST_P(Settled, IsAnOpLikeOthers) {
  auto body = []() -> jay::task<int> {
    auto [a, b] = co_await jay::gather(jay::settled(give(1)), jay::settled(fail("x")));
    EXPECT_FALSE(b.has_value());
    auto h = jay::create_task(jay::settled(give(2)));
    const jay::result<int>& c = co_await h;
    co_return a.value() + c.value();
  };
  EXPECT_EQ(3, run(body()));
}

TEST_P(Settled, ManyErrorsInARow) {
  auto body = []() -> jay::task<int> {
    int errors = 0;
    for (int i = 0; i < 1000; ++i) {
      jay::task<int> child = i % 2 ? fail("x") : give(i);
      jay::result<int> r = co_await jay::settled(std::move(child));
      errors += !r.has_value();
    }
    co_return errors;
  };
  EXPECT_EQ(500, run(body()));
}

}  // namespace
