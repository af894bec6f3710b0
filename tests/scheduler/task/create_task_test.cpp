// SPDX-License-Identifier: MIT
#include <jay/create_task.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include <jay/future.hpp>
#include <jay/gather.hpp>

#include "tests/support/turn.hpp"
#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;

class CreateTask : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(CreateTask);

jay::task<int> give(int v) { co_return v; }
jay::task<int> add(int a, int b) { co_return a + b; }
jay::task<> nothing() { co_return; }
jay::task<std::unique_ptr<int>> boxed(int v) { co_return std::make_unique<int>(v); }
jay::task<int> fail(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}

TEST_P(CreateTask, TakesATask) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(give(4));
    co_return co_await h;
  };
  EXPECT_EQ(4, run(body()));
}

TEST_P(CreateTask, TakesACallableAndItsArguments) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(add, 4, 5);
    co_return co_await h;
  };
  EXPECT_EQ(9, run(body()));
}

TEST_P(CreateTask, TakesOptionsFirst) {
  auto body = []() -> jay::task<std::string> {
    auto a = jay::create_task(jay::task_options().name("first"), add, 1, 2);
    auto b = jay::create_task(jay::task_options().name("second").priority(jay::priority::high), give(3));
    auto c = jay::create_task(jay::task_options().priority(jay::priority::low), give(4));
    int sum = co_await a;
    sum += co_await b;
    sum += co_await c;
    EXPECT_EQ(10, sum);
    co_return a.name() + " " + b.name();
  };
  EXPECT_EQ("first second", run(body()));
}

TEST_P(CreateTask, TakesAHandleAFutureAndAGather) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(give(1));
    auto [p, f] = jay::with_resolvers<int>();
    auto by_handle = jay::create_task(h);
    auto by_future = jay::create_task(f);
    auto by_gather = jay::create_task(jay::gather(give(10), give(20)));
    p.set_result(100);
    int sum = co_await by_handle;
    sum += co_await by_future;
    const auto& [a, b] = co_await by_gather;
    co_return sum + a + b;
  };
  EXPECT_EQ(131, run(body()));
}

TEST_P(CreateTask, OwnsACapturingLambda) {
  int alive = 0;
  auto body = [](int& n) -> jay::task<int> {
    jay::promise<> go;
    jay::task_handle<int> h;
    {
      counted c(n);
      h = jay::create_task([c, f = go.get_future()]() -> jay::task<int> {
        co_await f;
        co_return c.alive.load();
      });
    }
    go.set_result();
    int seen = co_await h;
    co_return seen;
  };
  EXPECT_EQ(1, run(body(alive)));
  EXPECT_EQ(0, alive);
}

TEST_P(CreateTask, OwnsDecayedArguments) {
  auto body = []() -> jay::task<std::string> {
    jay::promise<> go;
    auto later = [](const std::string& text, jay::future<> f) -> jay::task<std::string> {
      co_await f;
      co_return text;  // refers to the task's own copy
    };
    jay::task_handle<std::string> h;
    {
      std::string text = "a text that is longer than the small buffer";
      h = jay::create_task(later, text, go.get_future());
      text.assign(text.size(), 'x');
    }
    go.set_result();
    co_return co_await h;
  };
  EXPECT_EQ("a text that is longer than the small buffer", run(body()));
}

TEST_P(CreateTask, PassesAReferenceOnlyByStdRef) {
  auto body = []() -> jay::task<int> {
    auto bump = [](int& n) -> jay::task<> {
      ++n;
      co_return;
    };
    int n = 1;
    co_await jay::create_task(bump, std::ref(n));
    co_return n;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(CreateTask, MovesMoveOnlyArguments) {
  auto body = []() -> jay::task<int> {
    auto take = [](std::unique_ptr<int> p) -> jay::task<int> { co_return *p; };
    co_return co_await jay::create_task(take, std::make_unique<int>(8));
  };
  EXPECT_EQ(8, run(body()));
}

TEST_P(CreateTask, GoesOnWhenItsHandleIsDropped) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    {
      auto set = [](jay::promise<int> to) -> jay::task<> {
        to.set_result(6);
        co_return;
      };
      auto dropped = jay::create_task(set, p);
    }
    co_return co_await f;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(CreateTask, IsAwaitedAnyNumberOfTimes) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(give(5));
    const int& a = co_await h;
    const int& b = co_await h;
    EXPECT_EQ(&a, &b);
    auto copy = h;
    int c = co_await std::move(copy);
    co_return a + b + c + h.result();
  };
  EXPECT_EQ(20, run(body()));
}

TEST_P(CreateTask, GivesAMoveOnlyResultByTakeOrRvalue) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(boxed(3));
    const std::unique_ptr<int>& seen = co_await h;
    EXPECT_EQ(3, *seen);
    std::unique_ptr<int> taken = h.take();
    std::unique_ptr<int> second = co_await jay::create_task(boxed(4));
    co_return *taken + *second;
  };
  EXPECT_EQ(7, run(body()));
}

TEST_P(CreateTask, RethrowsAtEveryAwait) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(fail, "no");
    int caught = 0;
    for (int i = 0; i < 2; ++i) {
      try {
        co_await h;
      } catch (const std::runtime_error& e) {
        caught += std::string(e.what()) == "no";
      }
    }
    EXPECT_TRUE(h.done());
    EXPECT_FALSE(h.cancelled());
    EXPECT_NE(nullptr, h.exception());
    EXPECT_THROW(h.result(), std::runtime_error);
    co_return caught;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(CreateTask, IsNotDoneBeforeItEnds) {
  auto body = []() -> jay::task<> {
    gate g;
    auto h = jay::create_task(g.pass());
    co_await g.arrived;
    EXPECT_FALSE(h.done());
    EXPECT_THROW(h.result(), jay::invalid_state_error);
    EXPECT_THROW(h.exception(), jay::invalid_state_error);
    g.open();
    co_await h;
    EXPECT_TRUE(h.done());
    EXPECT_EQ(nullptr, h.exception());
  };
  run(body());
}

TEST_P(CreateTask, RunsBesideItsCreator) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    auto note = [](std::string& l) -> jay::task<> {
      l += "task ";
      co_return;
    };
    auto h = jay::create_task(note, std::ref(log));
    co_await h;
    log += "creator";
    co_return log;
  };
  EXPECT_EQ("task creator", run(body()));
}

TEST_P(CreateTask, StartedEagerlyRunsInPlaceUntilItSuspends) {
  auto body = []() -> jay::task<std::string> {
    gate g;
    std::string log;
    auto note = [](std::string& l, gate& at) -> jay::task<int> {
      l += "a";
      co_await at.pass();
      l += "c";
      co_return 1;
    };
    auto h = jay::create_task(jay::task_options().eager_start(), note, std::ref(log), std::ref(g));
    EXPECT_EQ("a", log);
    EXPECT_FALSE(h.done());
    log += "b";
    g.open();
    co_await h;
    co_return log;
  };
  EXPECT_EQ("abc", run(body()));
}

TEST_P(CreateTask, StartedEagerlyMayEndInPlace) {
  auto body = []() -> jay::task<int> {
    auto h = jay::create_task(jay::task_options().eager_start().name("e"), give(7));
    EXPECT_TRUE(h.done());
    EXPECT_EQ("main", jay::get_name());
    co_return h.result();
  };
  EXPECT_EQ(7, run(body()));
}

// The next is two milliseconds away, and is given: a task that never suspends does not keep others waiting for ever.
TEST_P(CreateTask, StartedEagerlyIsNotSuspendedByTheFirstTurnThatIsAskedFor) {
  auto body = [&]() -> jay::task<> {
    auto done = jay::create_task(jay::task_options().eager_start(), give(1));
    const auto maker = std::this_thread::get_id();
    std::atomic<bool> in_the_call{true}, ended_there{false};  // on another worker it may end meanwhile
    auto f = [&]() -> jay::task<int> {
      jay::testing::ask_for_a_turn();
      int a = co_await add(1, 2);
      jay::testing::ask_for_a_turn();
      int b = co_await add(a, 4);
      ended_there = in_the_call && std::this_thread::get_id() == maker;
      co_return b;
    };
    auto awaits_a_result = [&]() -> jay::task<int> {
      jay::testing::ask_for_a_turn();
      int a = co_await done;
      co_return a;
    };
    auto two = jay::create_task(jay::task_options().eager_start(), f());
    in_the_call = false;
    auto one = jay::create_task(jay::task_options().eager_start(), awaits_a_result());
    EXPECT_TRUE(one.done());
    int sum = co_await two;
    EXPECT_EQ(sum, 7);
    EXPECT_FALSE(ended_there) << "the second turn is given";
  };
  run(body());
}

TEST_P(CreateTask, SeesItselfAsTheCurrentTask) {
  auto body = []() -> jay::task<> {
    EXPECT_EQ("main", jay::get_name());
    auto inner = []() -> jay::task<std::string> {
      jay::current_task().set_name("renamed");
      co_await nothing();
      co_return jay::get_name();
    };
    auto h = jay::create_task(jay::task_options().name("named"), inner);
    const std::string& seen = co_await h;
    EXPECT_EQ("renamed", seen);
    EXPECT_EQ("main", jay::get_name());
  };
  run(body());
}

TEST_P(CreateTask, HasANumberedNameByDefault) {
  auto body = []() -> jay::task<> {
    auto a = jay::create_task(nothing);
    auto b = jay::create_task(nothing);
    EXPECT_EQ(0u, a.name().find("Task-"));
    EXPECT_NE(a.name(), b.name());
    co_await a;
    co_await b;
  };
  run(body());
}

TEST_P(CreateTask, StandsInAllTasksUntilItEnds) {
  auto body = []() -> jay::task<> {
    gate g;
    auto h = jay::create_task(g.pass());
    jay::task_handle<> erased = h;
    auto listed = [&] {
      for (auto& t : jay::all_tasks())
        if (t == erased) return true;
      return false;
    };
    EXPECT_TRUE(listed());
    EXPECT_EQ(2u, jay::all_tasks().size());
    g.open();
    co_await h;
    EXPECT_FALSE(listed());
  };
  run(body());
}

TEST_P(CreateTask, HandlesCompareHashAndErase) {
  auto body = []() -> jay::task<> {
    auto a = jay::create_task(give(1));
    auto b = jay::create_task(give(1));
    auto c = a;
    EXPECT_TRUE(a == c);
    EXPECT_FALSE(a == b);
    std::unordered_set<jay::task_handle<int>> set{a, b, c};
    EXPECT_EQ(2u, set.size());
    jay::task_handle<> erased = a;
    co_await erased;
    EXPECT_TRUE(erased.done());
    EXPECT_FALSE(static_cast<bool>(jay::task_handle<int>()));
    EXPECT_TRUE(static_cast<bool>(a));
    co_await b;
  };
  run(body());
}

TEST_P(CreateTask, CallsDoneCallbacksNeverInline) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto h = jay::create_task(give(3));
    co_await h;
    std::atomic<bool> inside{true};
    bool was_inline = false;
    h.add_done_callback([&, p = p](const jay::task_handle<int>& t) {
      was_inline = inside.load();
      p.set_result(t.result());
    });
    inside = false;
    int v = co_await f;
    EXPECT_EQ(3, v);
    // with one worker it can only have run after the await began
    EXPECT_FALSE(was_inline);
  };
  if (GetParam() <= 1) run(body());
}

TEST_P(CreateTask, CallsDoneCallbacksOnceUnlessRemoved) {
  auto body = []() -> jay::task<> {
    gate g;
    std::atomic<int> first{0}, removed{0};
    auto [p, f] = jay::with_resolvers<>();
    auto h = jay::create_task(g.pass());
    h.add_done_callback([&](const jay::task_handle<>&) { ++first; });
    auto id = h.add_done_callback([&](const jay::task_handle<>&) { ++removed; });
    h.add_done_callback([&, p = p](const jay::task_handle<>&) { p.set_result(); });
    EXPECT_TRUE(h.remove_done_callback(id));
    EXPECT_FALSE(h.remove_done_callback(id));
    g.open();
    co_await f;
    co_await h;
    EXPECT_EQ(0, removed.load());
    while (first.load() == 0) co_await jay::testing::yield();
    EXPECT_EQ(1, first.load());
  };
  run(body());
}

TEST_P(CreateTask, ReportsADoneCallbackThatThrows) {
  std::atomic<int> reports{0};
  sched().set_exception_handler([&](const jay::exception_context& c) {
    reports += c.exception != nullptr && c.message.find("callback") != std::string::npos;
  });
  auto body = []() -> jay::task<> {
    auto h = jay::create_task(nothing);
    h.add_done_callback([](const jay::task_handle<>&) { throw std::runtime_error("in a callback"); });
    co_await h;
  };
  run(body());
  while (reports == 0) std::this_thread::yield();
  EXPECT_EQ(1, reports.load());
}

TEST_P(CreateTask, AnErrorThatNobodyTakesIsReportedOnce) {
  std::vector<std::string> messages;
  std::vector<std::string> names;
  {
    std::mutex m;
    sched().set_exception_handler([&](const jay::exception_context& c) {
      std::lock_guard g(m);
      messages.push_back(c.message);
      names.push_back(c.task_name);
    });
    auto body = []() -> jay::task<> {
      gate g;
      { auto dropped = jay::create_task(jay::task_options().name("lost"), fail, "unseen"); }
      auto taken = jay::create_task(fail, "seen");
      try {
        co_await taken;
      } catch (const std::runtime_error&) {
      }
      while (jay::all_tasks().size() > 1) co_await jay::testing::yield();  // else the end of the run might cancel it before it begins
    };
    run(body());
  }
  ASSERT_EQ(1u, messages.size());
  EXPECT_NE(std::string::npos, messages[0].find("never retrieved"));
  EXPECT_EQ("lost", names[0]);
}

TEST_P(CreateTask, AwaitingItselfIsAnError) {
  auto body = []() -> jay::task<std::string> {
    auto [p, f] = jay::with_resolvers<jay::task_handle<>>();
    auto inner = [](jay::future<jay::task_handle<>> self) -> jay::task<> {
      jay::task_handle<> h = co_await self;
      co_await h;
    };
    auto h = jay::create_task(inner, f);
    p.set_result(h);
    std::string text;
    try {
      co_await h;
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_NE(std::string::npos, run(body()).find("await on itself"));
}

TEST(CreateTask, NeedsARuntime) {
  try {
    jay::create_task(nothing);
    FAIL() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string::npos, std::string(e.what()).find("create_task")) << e.what();
  }
}

TEST(CreateTask, AnEmptyHandleSaysSo) {
  jay::task_handle<int> h;
  EXPECT_THROW(h.cancel(), jay::invalid_state_error);
  EXPECT_THROW((void)h.done(), jay::invalid_state_error);
  EXPECT_THROW((void)h.name(), jay::invalid_state_error);
}

TEST(CreateTask, AHandleOutlivesItsScheduler) {
  jay::task_handle<int> h;
  jay::task_handle<int> failed;
  {
    jay::scheduler s(jay::testing::workers(2));
    auto body = [](jay::task_handle<int>& out, jay::task_handle<int>& bad) -> jay::task<> {
      out = jay::create_task(give(12));
      bad = jay::create_task(fail, "late");
      co_await out;
    };
    jay::testing::run_on(s, body(h, failed));
  }
  EXPECT_TRUE(h.done());
  EXPECT_EQ(12, h.result());
  EXPECT_THROW(failed.result(), std::runtime_error);
}

TEST_P(CreateTask, ManyTasksAllRun) {
  auto body = []() -> jay::task<long> {
    constexpr int n = 20'000;
    std::vector<jay::task_handle<int>> handles;
    handles.reserve(n);
    for (int i = 0; i < n; ++i) handles.push_back(jay::create_task(give, i));
    long sum = 0;
    for (auto& h : handles) sum += co_await h;
    co_return sum;
  };
  EXPECT_EQ(20'000L * 19'999 / 2, run(body()));
}

TEST_P(CreateTask, TasksCreateTasks) {
  auto tree = [](auto& self, int depth) -> jay::task<int> {
    if (depth == 0) co_return 1;
    auto a = jay::create_task(self(self, depth - 1));
    auto b = jay::create_task(self(self, depth - 1));
    int x = co_await a;
    int y = co_await b;
    co_return x + y;
  };
  EXPECT_EQ(1 << 12, run(tree(tree, 12)));
}

TEST(CreateTask, StartsInOrderInAsynciosOrder) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    auto note = [](std::string& l, char c) -> jay::task<> {
      l += c;
      co_return;
    };
    std::vector<jay::task_handle<>> h;
    for (char c = 'a'; c < 'k'; ++c) h.push_back(jay::create_task(note, std::ref(log), c));
    EXPECT_EQ("", log);
    for (auto& x : h) co_await x;
    co_return log;
  };
  EXPECT_EQ("abcdefghij", jay::testing::run(jay::testing::in_asyncio_order(), body()));
}

jay::task<int> down(int n) {
  if (n == 0) co_return 0;
  auto h = jay::create_task(jay::task_options().eager_start(), down, n - 1);
  int v = co_await h;
  co_return v + 1;
}

TEST_P(CreateTask, EagerTasksThatStartEagerTasksDoNotUseUpTheStack) { EXPECT_EQ(100'000, run(down(100'000))); }

TEST_P(CreateTask, AnEagerTaskRunsInPlaceAfterADeepOneToo) {
  auto body = []() -> jay::task<bool> {
    co_await down(5'000);
    auto h = jay::create_task(jay::task_options().eager_start(), nothing);
    bool done = h.done();
    co_await h;
    co_return done;
  };
  EXPECT_TRUE(run(body()));
}

jay::task<int&> refer(int& i) { co_return i; }

TEST_P(CreateTask, AHandleOfATaskThatReturnsAReferenceGivesIt) {
  auto body = []() -> jay::task<> {
    int x = 1;
    auto h = jay::create_task(refer, std::ref(x));
    int& awaited = co_await h;
    EXPECT_EQ(&x, &awaited);
    EXPECT_EQ(&x, &h.result());
    EXPECT_EQ(&x, &h.take());
    int& shielded = co_await h.shielded();
    EXPECT_EQ(&x, &shielded);
    auto [a, b] = co_await jay::gather(h, refer(x));
    EXPECT_EQ(&x, &a);
    EXPECT_EQ(&x, &b);
    auto again = jay::create_task(h);
    int& moved = co_await std::move(again);
    EXPECT_EQ(&x, &moved);
    jay::task_handle<> erased = h;
    co_await erased;
  };
  run(body());
}

TEST_P(CreateTask, AnErrorAfterTheFirstOfAGatherOfHandlesIsNoReport) {
  std::atomic<int> reports{0};
  sched().set_exception_handler([&](const jay::exception_context& c) {
    ++reports;
    ADD_FAILURE() << c.message << " " << c.task_name;
  });
  auto body = []() -> jay::task<> {
    jay::promise<> go;
    auto late = [](jay::future<> f) -> jay::task<> {
      co_await f;
      throw std::runtime_error("second");
    };
    auto first = jay::create_task(fail, "first");
    auto second = jay::create_task(late, go.get_future());
    bool thrown = false;
    try {
      co_await jay::gather(first, second);
    } catch (const std::runtime_error& e) {
      thrown = std::string(e.what()) == "first";
    }
    EXPECT_TRUE(thrown);
    go.set_result();
    while (!second.done()) co_await jay::testing::yield();
  };
  run(body());
  EXPECT_EQ(0, reports);
}

}  // namespace
