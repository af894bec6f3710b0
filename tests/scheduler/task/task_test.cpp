// SPDX-License-Identifier: MIT
#include <jay/task.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/gather.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;

class Task : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Task);

jay::task<int> give(int v) { co_return v; }
jay::task<> nothing() { co_return; }
jay::task<std::unique_ptr<int>> boxed(int v) { co_return std::make_unique<int>(v); }
jay::task<int> fail(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}

TEST_P(Task, GivesItsValue) {
  EXPECT_EQ(7, run([]() -> jay::task<int> {
              int a = co_await give(3);
              int b = co_await give(4);
              co_return a + b;
            }()));
}

TEST_P(Task, OfVoidIsAwaitedForItsEffect) {
  int ran = 0;
  auto body = [](int& n) -> jay::task<> {
    co_await nothing();
    ++n;
  };
  run(body(ran));
  EXPECT_EQ(1, ran);
}

TEST_P(Task, RunsNothingUntilItIsAwaited) {
  bool ran = false;
  auto mark = [](bool& r) -> jay::task<int> {
    r = true;
    co_return 1;
  };
  auto body = [](auto& make, bool& r) -> jay::task<bool> {
    auto t = make(r);
    bool before = r;
    int v = co_await std::move(t);
    co_return !before && r && v == 1;
  };
  EXPECT_TRUE(run(body(mark, ran)));
}

TEST_P(Task, MovesAMoveOnlyResultOut) {
  auto body = []() -> jay::task<int> {
    std::unique_ptr<int> p = co_await boxed(5);
    auto t = boxed(6);
    jay::task<std::unique_ptr<int>> moved = std::move(t);
    EXPECT_FALSE(t.valid());
    EXPECT_TRUE(moved.valid());
    std::unique_ptr<int> q = co_await std::move(moved);
    co_return *p + *q;
  };
  EXPECT_EQ(11, run(body()));
}

TEST_P(Task, GivesAReference) {
  auto pick = [](std::vector<int>& v, std::size_t i) -> jay::task<int&> { co_return v[i]; };
  auto body = [](auto& f) -> jay::task<int> {
    std::vector<int> v{1, 2, 3};
    int& second = co_await f(v, 1);
    second = 20;
    co_return v[1];
  };
  EXPECT_EQ(20, run(body(pick)));
}

TEST_P(Task, GivesAConstReference) {
  static const std::string text = "text";
  auto body = []() -> jay::task<bool> {
    auto get = []() -> jay::task<const std::string&> { co_return text; };
    const std::string& t = co_await get();
    co_return &t == &text;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Task, RethrowsAtTheAwaitWithTheOriginalType) {
  struct odd {
    int n;
  };
  auto thrower = []() -> jay::task<int> {
    throw odd{9};
    co_return 0;
  };
  auto body = [](auto& f) -> jay::task<int> {
    int got = 0;
    try {
      co_await f();
    } catch (const odd& e) {
      got = e.n;
    }
    co_return got;
  };
  EXPECT_EQ(9, run(body(thrower)));
}

TEST_P(Task, PassesAnErrorThroughEveryLevel) {
  auto body = [](auto& self, int depth) -> jay::task<int> {
    if (depth == 0) {
      int v = co_await fail("at the bottom");
      co_return v;
    }
    auto below = self(self, depth - 1);
    int v = co_await std::move(below);
    co_return v;
  };
  try {
    run(body(body, 20));
    FAIL() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ("at the bottom", e.what());
  }
}

TEST_P(Task, DestroysLocalsAndArgumentsOnce) {
  int alive = 0;
  auto inner = [](counted c, bool throws) -> jay::task<int> {
    counted local(c);
    if (throws) throw std::runtime_error("x");
    co_return local.alive.load();
  };
  auto body = [](auto& f, int& n) -> jay::task<int> {
    int most = co_await f(counted(n), false);
    try {
      co_await f(counted(n), true);
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(0, n);
    co_return most;
  };
  EXPECT_LE(2, run(body(inner, alive)));
  EXPECT_EQ(0, alive);
}

TEST_P(Task, KeepsAReferenceArgumentAReference) {
  int alive = 0;
  auto inner = [](const counted& c) -> jay::task<int> { co_return c.alive.load(); };
  auto body = [](auto& f, int& n) -> jay::task<int> {
    counted c(n);
    int seen = co_await f(c);
    co_return seen;
  };
  EXPECT_EQ(1, run(body(inner, alive)));
}

TEST_P(Task, SwapsWhenAssigned) {
  auto body = []() -> jay::task<int> {
    auto a = give(1);
    auto b = give(2);
    a = std::move(b);  // b now holds what a held
    int x = co_await std::move(a);
    int y = co_await std::move(b);
    co_return 10 * x + y;
  };
  EXPECT_EQ(21, run(body()));
}

// Each use of a task that is empty, one by one; what it throws.
template <class Use>
jay::task<std::string> error_of(Use use) {
  auto used = give(1);
  co_await std::move(used);
  try {
    auto running = use(std::move(used));
    co_await std::move(running);
  } catch (const std::runtime_error& e) {
    co_return e.what();
  }
  co_return "nothing";
}

TEST_P(Task, RunsOnceAndWhoeverIsGivenItAgainIsTold) {
  const std::string told =
      "this task is empty: it was awaited or moved from before, or never had a coroutine; a task runs once";
  auto awaits = [](jay::task<int> t) -> jay::task<> { co_await std::move(t); };
  auto gathers = [](jay::task<int> t) -> jay::task<> { co_await jay::gather(give(1), std::move(t)); };
  auto gathers_many = [](jay::task<int> t) -> jay::task<> {
    std::vector<jay::task<int>> tasks;
    tasks.push_back(give(1));
    tasks.push_back(std::move(t));
    co_await jay::gather(std::move(tasks));
  };
  auto creates = [](jay::task<int> t) -> jay::task<> { co_await jay::create_task(std::move(t)); };
  EXPECT_EQ(told, run(error_of(awaits)));
  EXPECT_EQ(told, run(error_of(gathers)));
  EXPECT_EQ(told, run(error_of(gathers_many)));
  EXPECT_EQ(told, run(error_of(creates)));
}

TEST(Task, ThatIsNeverAwaitedIsCounted) {
  std::size_t before = jay::detail::unawaited_count();
  {
    auto t = give(1);
    EXPECT_TRUE(t.valid());
  }
  EXPECT_EQ(before + 1, jay::detail::unawaited_count());
}

TEST(Task, ThatIsNeverAwaitedDestroysItsArguments) {
  int alive = 0;
  auto hold = [](counted) -> jay::task<> { co_return; };
  {
    auto t = hold(counted(alive));
    EXPECT_EQ(1, alive);
  }
  EXPECT_EQ(0, alive);
}

TEST(Task, ThatIsNeverAwaitedIsReportedInDebugMode) {
  jay::debug_config debug;
  debug.enabled = true;
  jay::scheduler s(jay::testing::workers(1), debug);
  std::vector<std::string> messages;
  s.set_exception_handler([&](const jay::exception_context& c) { messages.push_back(c.message); });
  auto body = []() -> jay::task<> {
    { [[maybe_unused]] auto dropped = give(1); }
    co_return;
  };
  jay::testing::run_on(s, body());
  ASSERT_EQ(1u, messages.size());
  EXPECT_NE(std::string::npos, messages[0].find("never awaited")) << messages[0];
  EXPECT_NE(std::string::npos, messages[0].find("give")) << messages[0];
  EXPECT_NE(std::string::npos, messages[0].find("task_test.cpp")) << messages[0];
}

void fail() { throw std::runtime_error("from a destructor"); }
struct throws_when_destroyed {
  throws_when_destroyed() {}
  ~throws_when_destroyed() { fail(); }
};
jay::task<> with_a_bad_local() {
  jay::current_task().set_name("doomed");
  throws_when_destroyed local;
  co_return;
}

TEST(TaskDeathTest, ADestructorThatThrowsEndsTheProcessAndNamesTheTask) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(jay::testing::run(jay::testing::workers(1), with_a_bad_local()), "std::terminate in task 'doomed'");
}

}  // namespace
