// SPDX-License-Identifier: MIT
#include <jay/async_exit_stack.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/aclosing.hpp>
#include <jay/async_generator.hpp>
#include <jay/lock.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;
using jay::testing::yield;

class AsyncExitStack : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(AsyncExitStack);
class Aclosing : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Aclosing);

using log_lines = std::vector<std::string>;

std::string text_of(const std::exception_ptr& e) {
  if (!e) return "nothing";
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& x) {
    return x.what();
  } catch (const jay::cancelled_error&) {
    return "cancelled";
  } catch (const jay::generator_exit&) {
    return "closed";
  }
}

struct place {
  place(log_lines& l, std::string n, bool swallows = false, std::string other = {})
      : log(l), name(std::move(n)), swallow(swallows), replacement(std::move(other)) {}
  log_lines& log;
  std::string name;
  bool swallow;
  std::string replacement;

  jay::task<place&> aenter() {
    co_await yield();
    log.push_back("enter " + name);
    co_return *this;
  }
  jay::task<bool> aexit(std::exception_ptr e) {
    co_await yield();
    log.push_back("exit " + name + ": " + text_of(e));
    if (!replacement.empty()) throw std::runtime_error(replacement);
    co_return swallow;
  }
};

TEST_P(AsyncExitStack, LeavesLastInFirstOut) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    for (std::string name : {"a", "b"}) {
      place& p = co_await stack.enter_async_context(place(l, name));
      EXPECT_EQ(p.name, name);
    }
    stack.callback([](log_lines& to, std::string what) { to.push_back(what); }, std::ref(l), "callback");
    stack.push_async_callback([](log_lines& to) -> jay::task<> {
      co_await yield();
      to.push_back("async callback");
    }, std::ref(l));
    l.push_back("body");
  }(log));
  EXPECT_EQ(log, (log_lines{"enter a", "enter b", "body", "async callback", "callback", "exit b: nothing", "exit a: nothing"}));
}

TEST_P(AsyncExitStack, AnExitMayReplaceOrSwallowTheException) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    co_await jay::with(jay::async_exit_stack(), [&](jay::async_exit_stack& stack) -> jay::task<> {
      co_await stack.enter_async_context(place(l, "a"));
      co_await stack.enter_async_context(place(l, "b", true));
      co_await stack.enter_async_context(place(l, "c", false, "from c"));
      throw std::runtime_error("body");
    });
    l.push_back("swallowed");
  }(log));
  EXPECT_EQ(log, (log_lines{"enter a", "enter b", "enter c", "exit c: body", "exit b: from c", "exit a: nothing",
                            "swallowed"}));
}

TEST_P(AsyncExitStack, AnErrorOfAnExitIsThrownWhenAllHaveRun) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    std::string text;
    try {
      co_await jay::with(jay::async_exit_stack(), [&](jay::async_exit_stack& stack) -> jay::task<> {
        co_await stack.enter_async_context(place(l, "a", false, "from a"));
        co_await stack.enter_async_context(place(l, "b", true));
        throw std::runtime_error("body");
      });
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(text, "from a");
  }(log));
  EXPECT_EQ(log, (log_lines{"enter a", "enter b", "exit b: body", "exit a: nothing"}));
}

TEST_P(AsyncExitStack, PushedExitsSeeAndSwallow) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    co_await jay::with(jay::async_exit_stack(), [&](jay::async_exit_stack& stack) -> jay::task<> {
      place entered(l, "m");
      stack.push_async_exit(entered);
      stack.push([&l](std::exception_ptr e) {
        l.push_back("push: " + text_of(e));
        return true;
      });
      stack.push_async_exit([&l](std::exception_ptr e) -> jay::task<bool> {
        co_await yield();
        l.push_back("push_async_exit: " + text_of(e));
        co_return false;
      });
      jay::async_exit_stack all = stack.pop_all();
      bool swallowed = co_await all.aexit(std::make_exception_ptr(std::runtime_error("error")));
      EXPECT_TRUE(swallowed);
    });
  }(log));
  EXPECT_EQ(log, (log_lines{"push_async_exit: error", "push: error", "exit m: nothing"}));
}

TEST_P(AsyncExitStack, PopAllTakesThemOut) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    jay::async_exit_stack first;
    co_await first.enter_async_context(place(l, "a"));
    jay::async_exit_stack second = first.pop_all();
    co_await first.aclose();
    l.push_back("first closed");
    co_await second.aclose();
    co_await second.aclose();
  }(log));
  EXPECT_EQ(log, (log_lines{"enter a", "first closed", "exit a: nothing"}));
}

TEST_P(AsyncExitStack, AManagerThatCannotBeEnteredIsNotLeft) {
  struct broken {
    jay::task<> aenter() { throw std::runtime_error("shut"); }
    jay::task<bool> aexit(std::exception_ptr) {
      ADD_FAILURE();
      co_return false;
    }
  };
  run([]() -> jay::task<> {
    jay::async_exit_stack stack;
    std::string text;
    try {
      co_await stack.enter_async_context(broken());
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(text, "shut");
    co_await stack.aclose();
  }());
}

TEST_P(AsyncExitStack, HoldsGuardsUntilTheirTurn) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    jay::lock lk;
    co_await jay::with(jay::async_exit_stack(), [&](jay::async_exit_stack& stack) -> jay::task<> {
      stack.callback([](log_lines& to, jay::lock& of) { to.push_back(of.locked() ? "held" : "free"); }, std::ref(l),
                     std::ref(lk));
      auto guard = co_await lk.scoped();
      stack.enter_context(std::move(guard));
      stack.callback([](log_lines& to, jay::lock& of) { to.push_back(of.locked() ? "held" : "free"); }, std::ref(l),
                     std::ref(lk));
    });
  }(log));
  EXPECT_EQ(log, (log_lines{"held", "free"}));
}

TEST_P(AsyncExitStack, OneThatIsDestroyedRunsNoExit) {
  int alive = 0;
  log_lines log;
  run([](log_lines& l, int& n) -> jay::task<> {
    jay::async_exit_stack stack;
    co_await stack.enter_async_context(place(l, "a"));
    for (int i = 0; i < 100'000; ++i) stack.enter_context(counted(n));
  }(log, alive));
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(log, log_lines{"enter a"});
}

// Each exit waits; a cancel comes while the k-th does.
TEST_P(AsyncExitStack, ACancelInAnExitReplacesTheExceptionAndTheOthersRun) {
  for (int k = 0; k < 3; ++k) {
    log_lines log;
    run([](log_lines& l, int where) -> jay::task<> {
      gate g;
      auto h = jay::create_task([](log_lines& to, gate& at, int at_which) -> jay::task<> {
        co_await jay::with(jay::async_exit_stack(), [&](jay::async_exit_stack& stack) -> jay::task<> {
          for (int i = 0; i < 3; ++i) {
            stack.push_async_exit([&to, &at, i, at_which](std::exception_ptr e) -> jay::task<bool> {
              to.push_back(std::to_string(i) + ": " + text_of(e));
              if (i == at_which) co_await at.pass();
              co_return false;
            });
          }
          throw std::runtime_error("body");
        });
      }, std::ref(l), std::ref(g), where);
      co_await g.arrived;
      h.cancel();
      auto ended = co_await jay::settled(h);
      EXPECT_TRUE(ended.cancelled());
      g.open();
    }(log, k));
    log_lines want;
    for (int i = 2; i >= 0; --i) want.push_back(std::to_string(i) + (i >= k ? ": body" : ": cancelled"));
    EXPECT_EQ(log, want);
  }
}

jay::async_generator<int> counting(log_lines& log) {
  co_await jay::enter(place(log, "generator"));
  for (int i = 0;; ++i) co_yield i;
}

TEST_P(Aclosing, ClosesTheGeneratorWhereTheBodyLeavesIt) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    co_await jay::with(jay::aclosing(counting(l)), [&](jay::async_generator<int>& gen) -> jay::task<> {
      while (auto v = co_await gen.next())
        if (*v == 2) co_return;
    });
    l.push_back("left");
  }(log));
  EXPECT_EQ(log, (log_lines{"enter generator", "exit generator: closed", "left"}));
}

TEST_P(Aclosing, RefersToAGeneratorWithAName) {
  log_lines log;
  run([](log_lines& l) -> jay::task<> {
    auto gen = counting(l);
    jay::async_exit_stack stack;
    auto& same = co_await stack.enter_async_context(jay::aclosing(gen));
    EXPECT_EQ(&same, &gen);
    co_await gen.next();
    co_await stack.aclose();
    auto v = co_await gen.next();
    EXPECT_FALSE(v.has_value());
  }(log));
  EXPECT_EQ(log, (log_lines{"enter generator", "exit generator: closed"}));
}

}  // namespace
