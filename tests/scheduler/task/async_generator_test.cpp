// SPDX-License-Identifier: MIT
#include <jay/async_generator.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/cancel.hpp>
#include <jay/create_task.hpp>
#include <jay/enter.hpp>
#include <jay/gather.hpp>
#include <jay/queue.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;
using jay::testing::yield;

class AsyncGenerator : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(AsyncGenerator);

using log_lines = std::vector<std::string>;

jay::async_generator<int> count(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}

template <class Gen>
jay::task<std::vector<typename Gen::value_type>> all_of(Gen& gen) {
  std::vector<typename Gen::value_type> all;
  while (auto v = co_await gen.next()) all.push_back(*v);
  co_return all;
}

TEST_P(AsyncGenerator, GivesItsValuesThenNothingForEver) {
  run([]() -> jay::task<> {
    auto gen = count(3);
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all, (std::vector<int>{0, 1, 2}));
    for (int i = 0; i < 3; ++i) {
      auto v = co_await gen.next();
      EXPECT_FALSE(v.has_value());
    }
  }());
}

jay::async_generator<int> logging(log_lines& log, int n) {
  log.push_back("begin");
  for (int i = 0; i < n; ++i) {
    co_yield i;
    log.push_back("after " + std::to_string(i));
  }
  log.push_back("end");
}

TEST_P(AsyncGenerator, RunsOnlyWhileItIsAsked) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = logging(l, 1);
    co_await yield();
    EXPECT_EQ(l, log_lines());
    auto v = co_await gen.next();
    EXPECT_EQ(v, 0);
    EXPECT_EQ(l, log_lines{"begin"});
    v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
  }(log));
  EXPECT_EQ(log, (log_lines{"begin", "after 0", "end"}));
}

TEST_P(AsyncGenerator, OneThatWasNeverAskedRunsNothing) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = logging(l, 1);
    co_return;
  }(log));
  EXPECT_EQ(log, log_lines());
}

jay::async_generator<int> waiting(jay::queue<int>& q) {
  for (;;) {
    int item = co_await q.get();
    if (item < 0) co_return;
    co_yield item;
  }
}

TEST_P(AsyncGenerator, AwaitsBetweenItsValues) {
  run([]() -> jay::task<> {
    jay::queue<int> q;
    auto gen = waiting(q);
    auto h = jay::create_task([](jay::queue<int>& to) -> jay::task<> {
      for (int i = 1; i <= 100; ++i) {
        co_await yield();
        to.put_nowait(i);
      }
      to.put_nowait(-1);
    }, std::ref(q));
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all.size(), 100u);
    EXPECT_EQ(all.back(), 100);
    co_await h;
  }());
}

jay::task<int> fib(int n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await jay::gather(fib(n - 1), fib(n - 2));
  co_return a + b;
}
jay::async_generator<int> fibs(int n) {
  for (int i = 0; i < n; ++i) {
    int f = co_await fib(i);
    co_yield f;
  }
}

TEST_P(AsyncGenerator, ForksBetweenItsValues) {
  run([]() -> jay::task<> {
    auto sum = [](int n) -> jay::task<int> {
      auto gen = fibs(n);
      int all = 0;
      while (auto v = co_await gen.next()) all += *v;
      co_return all;
    };
    std::vector<jay::task<int>> sums;
    for (int i = 0; i < 20; ++i) sums.push_back(sum(15));
    std::vector<int> got = co_await jay::gather(std::move(sums));
    for (int s : got) EXPECT_EQ(s, 986);
  }());
}

TEST_P(AsyncGenerator, AMillionValuesTakeNoStack) {
  run([]() -> jay::task<> {
    auto gen = count(1'000'000);
    long sum = 0;
    while (auto v = co_await gen.next()) sum += *v;
    EXPECT_EQ(sum, 499'999'500'000);
  }());
}

TEST_P(AsyncGenerator, MovesWhatCanOnlyBeMoved) {
  run([]() -> jay::task<> {
    auto gen = []() -> jay::async_generator<std::unique_ptr<int>> {
      for (int i = 0; i < 3; ++i) {
        auto p = std::make_unique<int>(i);
        co_yield std::move(p);
      }
    }();
    int sum = 0;
    while (auto v = co_await gen.next()) sum += **v;
    EXPECT_EQ(sum, 3);
  }());
}

TEST_P(AsyncGenerator, GivesReferencesAsPointers) {
  run([]() -> jay::task<> {
    std::vector<std::string> names{"a", "b"};
    auto gen = [](std::vector<std::string>& from) -> jay::async_generator<std::string&> {
      for (std::string& s : from) co_yield s;
    }(names);
    while (auto v = co_await gen.next()) *v += "!";
    EXPECT_EQ(names, (std::vector<std::string>{"a!", "b!"}));
  }());
}

TEST_P(AsyncGenerator, AnEmptyOneHasEnded) {
  run([]() -> jay::task<> {
    jay::async_generator<int> gen;
    auto v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
    co_await gen.aclose();
    gen = count(1);
    v = co_await gen.next();
    EXPECT_EQ(v, 0);
  }());
}

jay::async_generator<int> failing(int& alive) {
  counted c(alive);
  co_yield 1;
  throw std::runtime_error("broken");
}

TEST_P(AsyncGenerator, AnExceptionEndsIt) {
  int alive = 0;
  run([](int& n) -> jay::task<> {
    auto gen = failing(n);
    auto v = co_await gen.next();
    EXPECT_EQ(v, 1);
    std::string text;
    try {
      co_await gen.next();
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(text, "broken");
    EXPECT_EQ(n, 0);
    v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
  }(alive));
}

TEST_P(AsyncGenerator, ACancelOfTheAskingTaskReachesTheBodyAndEndsIt) {
  run([]() -> jay::task<> {
    gate g;
    int alive = 0;
    auto gen = [](gate& at, int& n) -> jay::async_generator<int> {
      counted c(n);
      co_yield 1;
      co_await at.pass();
      co_yield 2;
    }(g, alive);
    auto h = jay::create_task([](jay::async_generator<int>& from) -> jay::task<> {
      while (auto v = co_await from.next()) EXPECT_EQ(*v, 1);
    }, std::ref(gen));
    co_await g.arrived;
    h.cancel();
    auto ended = co_await jay::settled(h);
    EXPECT_TRUE(ended.cancelled());
    EXPECT_EQ(alive, 0);
    auto v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
    g.open();
  }());
}

TEST_P(AsyncGenerator, ABodyThatCatchesACancelGoesOn) {
  run([]() -> jay::task<> {
    gate g;
    auto gen = [](gate& at) -> jay::async_generator<int> {
      bool cancelled = false;
      try {
        co_await at.pass();
      } catch (const jay::cancelled_error&) {
        cancelled = true;
      }
      co_yield cancelled ? 1 : 0;
      co_yield 2;
    }(g);
    auto h = jay::create_task([](jay::async_generator<int>& from) -> jay::task<int> {
      auto v = co_await from.next();
      co_return *v;
    }, std::ref(gen));
    co_await g.arrived;
    h.cancel();
    int first = co_await h;
    EXPECT_EQ(first, 1);
    auto v = co_await gen.next();
    EXPECT_EQ(v, 2);
    g.open();
  }());
}

TEST_P(AsyncGenerator, ASecondNextWhileOneIsUnderWayIsAnError) {
  run([]() -> jay::task<> {
    gate g;
    auto gen = [](gate& at) -> jay::async_generator<int> {
      co_await at.pass();
      co_yield 1;
    }(g);
    auto h = jay::create_task([](jay::async_generator<int>& from) -> jay::task<int> {
      auto v = co_await from.next();
      co_return *v;
    }, std::ref(gen));
    co_await g.arrived;
    std::string next, close;
    try {
      co_await gen.next();
    } catch (const std::runtime_error& e) {
      next = e.what();
    }
    try {
      co_await gen.aclose();
    } catch (const std::runtime_error& e) {
      close = e.what();
    }
    EXPECT_NE(next.find("already running"), std::string::npos) << next;
    EXPECT_NE(close.find("already running"), std::string::npos) << close;
    g.open();
    int v = co_await h;
    EXPECT_EQ(v, 1);
    auto end = co_await gen.next();
    EXPECT_FALSE(end.has_value());
  }());
}

TEST_P(AsyncGenerator, MayBeAskedByOneTaskAfterAnother) {
  run([]() -> jay::task<> {
    auto gen = count(100);
    for (int i = 0; i < 100; ++i) {
      auto h = jay::create_task(gen.next());
      std::optional<int> v = co_await h;
      EXPECT_EQ(v, i);
    }
  }());
}

// ---- closing ----

struct room {
  explicit room(log_lines& l) : log(l) {}
  log_lines& log;
  jay::task<room&> aenter() {
    co_await yield();
    log.push_back("enter");
    co_return *this;
  }
  jay::task<bool> aexit(std::exception_ptr e) {
    co_await yield();
    log.push_back(jay::detail::is_generator_exit(e) ? "exit: closed" : e ? "exit: error" : "exit");
    co_return false;
  }
};

jay::async_generator<int> in_room(log_lines& log, int n) {
  co_await jay::enter(room(log));
  for (int i = 0; i < n; ++i) co_yield i;
  log.push_back("end");
}

TEST_P(AsyncGenerator, EntersManagersAndLeavesThemAtItsEnd) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = in_room(l, 2);
    while (auto v = co_await gen.next()) l.push_back(std::to_string(*v));
    l.push_back("nothing");
  }(log));
  EXPECT_EQ(log, (log_lines{"enter", "0", "1", "end", "exit", "nothing"}));
}

TEST_P(AsyncGenerator, AcloseThrowsAtTheYieldAndAwaitsTheExits) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = in_room(l, 2);
    auto v = co_await gen.next();
    EXPECT_EQ(v, 0);
    co_await gen.aclose();
    l.push_back("closed");
    v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
    co_await gen.aclose();
  }(log));
  EXPECT_EQ(log, (log_lines{"enter", "exit: closed", "closed"}));
}

TEST_P(AsyncGenerator, AcloseOfOneThatHasNotBegunRunsNothing) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = in_room(l, 2);
    co_await gen.aclose();
    auto v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
  }(log));
  EXPECT_EQ(log, log_lines());
}

TEST_P(AsyncGenerator, AcloseThrowsWhatTheBodyThrowsThen) {
  run([]() -> jay::task<> {
    auto gen = []() -> jay::async_generator<int> {
      try {
        co_yield 1;
      } catch (const jay::generator_exit&) {
        throw std::runtime_error("cannot close");
      }
    }();
    co_await gen.next();
    std::string text;
    try {
      co_await gen.aclose();
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(text, "cannot close");
  }());
}

jay::async_generator<int> stubborn(int& alive) {
  counted c(alive);
  for (int i = 0;; ++i) {
    try {
      co_yield i;
    } catch (const jay::generator_exit&) {
    }
  }
}

TEST_P(AsyncGenerator, YieldingAfterAcloseIsAnErrorOfAclose) {
  int alive = 0;
  sched().set_exception_handler([](const jay::exception_context&) {});  // left as it is, it does so again
  run([](int& n) -> jay::task<> {
    auto gen = stubborn(n);
    co_await gen.next();
    std::string text;
    try {
      co_await gen.aclose();
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_NE(text.find("ignored generator_exit"), std::string::npos) << text;
    auto v = co_await gen.next();
    EXPECT_EQ(v, 2);
  }(alive));
  EXPECT_EQ(alive, 0);
}

TEST_P(AsyncGenerator, OneThatIsLeftUnfinishedIsClosedByATaskOfTheRuntime) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    {
      auto gen = in_room(l, 2);
      co_await gen.next();
    }
    l.push_back("left");  // no exit has run inside the destructor
  }(log));
  EXPECT_EQ(log, (log_lines{"enter", "left", "exit: closed"}));
}

TEST_P(AsyncGenerator, WhereTheTaskThatClosesItIsCancelledBeforeItBeginsTheRuntimesEndDoes) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    {
      auto gen = in_room(l, 2);
      co_await gen.next();
    }
    for (auto& t : jay::all_tasks())
      if (t.name() == "aclose") t.cancel();
  }(log));
  EXPECT_EQ(log.size(), 2u);
}

TEST_P(AsyncGenerator, OneThatOutlivesTheRuntimesTasksIsClosedAtTheRuntimesEnd) {
  log_lines log;
  jay::async_generator<int> gen;
  run([](log_lines& l, jay::async_generator<int>& to) -> jay::task<> {
    to = in_room(l, 2);
    co_await to.next();
  }(log, gen));
  EXPECT_EQ(log, (log_lines{"enter", "exit: closed"}));
  auto rest = run([](jay::async_generator<int>& from) -> jay::task<std::vector<int>> { return all_of(from); }(gen));
  EXPECT_TRUE(rest.empty());
}

TEST_P(AsyncGenerator, ErrorsOfSuchAnEndGoToTheExceptionHandler) {
  std::vector<std::string> reports;
  jay::detail::spin_mutex mutex;
  sched().set_exception_handler([&](const jay::exception_context& c) {
    jay::detail::spin_guard g(mutex);
    try {
      std::rethrow_exception(c.exception);
    } catch (const std::exception& e) {
      reports.push_back(c.message + ": " + e.what());
    }
  });
  int alive = 0;
  run([](int& n) -> jay::task<> {
    auto gen = stubborn(n);
    co_await gen.next();
  }(alive));
  EXPECT_EQ(alive, 0);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_NE(reports[0].find("ignored generator_exit"), std::string::npos) << reports[0];
}

TEST_P(AsyncGenerator, TheRuntimesEndDoesNotCancelTheExits) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = [](log_lines& to) -> jay::async_generator<int> {
      co_await jay::defer([](log_lines& out) -> jay::task<> {
        for (int i = 0; i < 10; ++i) co_await jay::checkpoint();
        out.push_back("all of it");
      }, std::ref(to));
      co_yield 1;
    }(l);
    co_await gen.next();
  }(log));
  EXPECT_EQ(log, log_lines{"all of it"});
}

TEST_P(AsyncGenerator, AManagerMaySwallowAnError) {
  struct swallowing {
    jay::task<> aenter() { co_return; }
    jay::task<bool> aexit(std::exception_ptr) { co_return true; }
  };
  run([]() -> jay::task<> {
    auto gen = []() -> jay::async_generator<int> {
      co_await jay::enter(swallowing());
      co_yield 1;
      throw std::runtime_error("not seen");
    }();
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all, std::vector<int>{1});
  }());
}

// ---- elements_of ----

struct tree {
  int value;
  std::vector<tree> below;
};
jay::async_generator<int> in_order(const tree& t) {
  co_yield t.value;
  for (const tree& b : t.below) co_yield jay::elements_of(in_order(b));
}

TEST_P(AsyncGenerator, ElementsOfGivesThoseOfAnother) {
  run([]() -> jay::task<> {
    tree t{1, {{2, {{3, {}}, {4, {}}}}, {5, {}}}};
    auto gen = in_order(t);
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all, (std::vector<int>{1, 2, 3, 4, 5}));
  }());
}

jay::async_generator<int> nested(int depth, int& alive) {
  counted c(alive);
  if (depth == 0) {
    for (int i = 0; i < 3; ++i) {
      co_await yield();
      co_yield i;
    }
    co_return;
  }
  co_yield jay::elements_of(nested(depth - 1, alive));
  co_yield 100 + depth;
}

TEST_P(AsyncGenerator, ElementsOfMayBeDeep) {
  int alive = 0;
  run([](int& n) -> jay::task<> {
    auto gen = nested(1000, n);
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all.size(), 1003u);
    EXPECT_EQ(all.back(), 1100);
    EXPECT_EQ(n, 0);
  }(alive));
}

TEST_P(AsyncGenerator, AcloseClosesTheInnermostFirst) {
  log_lines log;
  int alive = 0;
  run([](log_lines& l, int& n) -> jay::task<> {
    auto outer = [](log_lines& to, int&) -> jay::async_generator<int> {
      try {
        co_yield jay::elements_of(in_room(to, 5));
      } catch (const jay::generator_exit&) {
        to.push_back("outer closed");
        throw;
      }
    };
    auto gen = outer(l, n);
    co_await gen.next();
    co_await gen.aclose();
  }(log, alive));
  EXPECT_EQ(log, (log_lines{"enter", "exit: closed", "outer closed"}));
}

TEST_P(AsyncGenerator, ADeepOneThatIsLeftIsClosedAsAWhole) {
  int alive = 0;
  run([](int& n) -> jay::task<> {
    auto gen = nested(50, n);
    co_await gen.next();
    EXPECT_EQ(n, 51);
  }(alive));
  EXPECT_EQ(alive, 0);
}

TEST_P(AsyncGenerator, AnErrorOfTheInnerOneIsThrownInTheOuter) {
  int alive = 0;
  run([](int& n) -> jay::task<> {
    auto gen = [](int& k) -> jay::async_generator<int> {
      std::string text;
      try {
        co_yield jay::elements_of(failing(k));
      } catch (const std::runtime_error& e) {
        text = e.what();
      }
      co_yield static_cast<int>(text.size());
    }(n);
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all, (std::vector<int>{1, 6}));
  }(alive));
}

TEST_P(AsyncGenerator, ElementsOfGoesOnWithOneThatHasBegun) {
  run([]() -> jay::task<> {
    auto inner = count(4);
    co_await inner.next();
    auto gen = [](jay::async_generator<int>& from) -> jay::async_generator<int> {
      co_yield jay::elements_of(from);
      co_yield jay::elements_of(from);  // it has ended
      co_yield 9;
    }(inner);
    std::vector<int> all = co_await all_of(gen);
    EXPECT_EQ(all, (std::vector<int>{1, 2, 3, 9}));
    auto v = co_await inner.next();
    EXPECT_FALSE(v.has_value());
  }());
}

TEST_P(AsyncGenerator, ElementsOfTakesARange) {
  run([]() -> jay::task<> {
    auto gen = []() -> jay::async_generator<std::string> {
      std::vector<std::string> names{"a", "b"};
      co_yield jay::elements_of(names);
      co_yield names[1];
    }();
    std::vector<std::string> all = co_await all_of(gen);
    EXPECT_EQ(all, (std::vector<std::string>{"a", "b", "b"}));
  }());
}

// ---- fairness and cancels ----

TEST_P(AsyncGenerator, OneThatNeverWaitsCanBeCancelled) {
  run([]() -> jay::task<> {
    std::atomic<bool> begun = false;
    auto h = jay::create_task([](std::atomic<bool>& b) -> jay::task<> {
      auto gen = []() -> jay::async_generator<int> {
        for (int i = 0;; ++i) co_yield i;
      }();
      while (auto v = co_await gen.next()) b = true;
    }, std::ref(begun));
    while (!begun) co_await yield();
    h.cancel();
    auto ended = co_await jay::settled(h);
    EXPECT_TRUE(ended.cancelled());
  }());
}

}  // namespace
