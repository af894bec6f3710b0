// SPDX-License-Identifier: MIT
#include <jay/call_graph.hpp>

#include <atomic>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <jay/event.hpp>
#include <jay/gather.hpp>
#include <jay/latch.hpp>
#include <jay/lock.hpp>
#include <jay/queue.hpp>
#include <jay/semaphore.hpp>
#include <jay/settled.hpp>
#include <jay/task_group.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::call_graph_state;
using jay::testing::yield;

class CallGraph : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(CallGraph);

/// The graph of a task that comes to stand where `there` says.
template <class F>
jay::task<jay::future_call_graph> when(jay::task_handle<> h, F there) {
  for (;;) {
    jay::future_call_graph g = h.call_graph();
    if (there(g)) co_return g;
    co_await yield();
  }
}
jay::task<jay::future_call_graph> when_suspended(jay::task_handle<> h) {
  return when(h, [](const jay::future_call_graph& g) { return g.state == call_graph_state::suspended; });
}
jay::task<jay::future_call_graph> when_it_waits_for(jay::task_handle<> h, std::string what) {
  return when(h, [what](const jay::future_call_graph& g) { return g.waits_for == what; });
}
bool stands_in(const jay::frame_call_graph_entry& e, const char* function) {
  return std::string(e.frame.function_name()).find(function) != std::string::npos;
}

jay::task<> innermost(jay::event& e) { co_await e.wait(); }
jay::task<> between(jay::event& e) { co_await innermost(e); }
jay::task<> outermost(jay::event& e) { co_await between(e); }
jay::task<> await_it(jay::task_handle<> h) { co_await h; }

TEST_P(CallGraph, TellsWhereASuspendedTaskStands) {
  auto body = []() -> jay::task<> {
    jay::event e;
    auto h = jay::create_task(jay::task_options().name("sleeper"), outermost(e));
    auto g = co_await when_suspended(h);
    EXPECT_EQ(g.future, jay::task_handle<>(h));
    EXPECT_EQ(g.name, "sleeper");
    EXPECT_EQ(g.waits_for, "event.wait");
    EXPECT_EQ(g.call_stack.size(), 3u);
    if (g.call_stack.size() == 3) {
      EXPECT_TRUE(stands_in(g.call_stack[0], "innermost"));
      EXPECT_TRUE(stands_in(g.call_stack[1], "between"));
      EXPECT_TRUE(stands_in(g.call_stack[2], "outermost"));
      EXPECT_EQ(g.call_stack[0].frame.line() + 1, g.call_stack[1].frame.line());
    }
    EXPECT_FALSE(g.shortened);
    EXPECT_TRUE(g.children.empty());
    EXPECT_TRUE(g.awaited_by.empty());
    e.set();
    co_await h;
    EXPECT_EQ(h.call_graph().state, call_graph_state::done);
    EXPECT_TRUE(h.call_graph().call_stack.empty());
  };
  run(body());
}

TEST_P(CallGraph, OfTheTaskThatAsksSaysThatItRuns) {
  auto body = []() -> jay::task<> {
    auto g = jay::current_task().call_graph();
    EXPECT_EQ(g.state, call_graph_state::running);
    EXPECT_EQ(g.name, "main");
    EXPECT_TRUE(g.call_stack.empty());
    co_return;
  };
  run(body());
}

TEST_P(CallGraph, TellsWhatIsWaitedFor) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::semaphore s(0);
    jay::queue<int> empty;
    jay::queue<int> full(1);
    jay::latch never(1);
    full.put_nowait(1);
    co_await l.acquire();
    auto [p, f] = jay::with_resolvers<int>();
    jay::task_handle<> other = jay::create_task(jay::task_options().name("other"), l.acquire());
    auto awaits = jay::create_task(await_it(other));
    auto acquires = jay::create_task(s.acquire());
    auto gets = jay::create_task(empty.get());
    auto puts = jay::create_task(full.put(2));
    auto waits = jay::create_task(never.wait());
    auto awaits_future = jay::create_task(f);
    co_await when_it_waits_for(other, "lock.acquire");
    auto g = co_await when_it_waits_for(awaits, "other");
    EXPECT_EQ(g.awaits, other);
    co_await when_it_waits_for(acquires, "semaphore.acquire");
    co_await when_it_waits_for(gets, "queue.get");
    co_await when_it_waits_for(puts, "queue.put");
    co_await when_it_waits_for(waits, "latch.wait");
    co_await when_it_waits_for(awaits_future, "future");
    EXPECT_FALSE(awaits_future.call_graph().awaits);
    std::vector<jay::task_handle<>> all{awaits, acquires, gets, puts, waits, awaits_future};
    for (auto& h : all) h.cancel();
    for (auto& h : all) (void)co_await jay::settled(h);
  };
  run(body());
}

TEST_P(CallGraph, OfAGatherHasTheChildrenThatWait) {
  auto body = []() -> jay::task<> {
    jay::event e;
    jay::queue<int> q;
    auto nested = [&]() -> jay::task<> { co_await jay::gather(innermost(e), q.get()); };
    auto parent = [&]() -> jay::task<> { co_await jay::gather(outermost(e), nested()); };
    auto h = jay::create_task(parent());
    auto g = co_await when(h, [](const jay::future_call_graph& x) { return x.children.size() == 3; });
    EXPECT_EQ(g.state, call_graph_state::suspended);
    EXPECT_EQ(g.waits_for, "gather");
    EXPECT_EQ(g.call_stack.size(), 1u);  // the parent
    std::size_t frames = 0, events = 0, gets = 0;
    for (auto& c : g.children) {
      frames += c.call_stack.size();
      events += c.waits_for == "event.wait";
      gets += c.waits_for == "queue.get";
    }
    EXPECT_EQ(events, 2u);
    EXPECT_EQ(gets, 1u);
    // An op as a child has a coroutine of its own; in asyncio's order that of its loop too.
    EXPECT_EQ(frames, GetParam() ? 3u + 2u + 2u : 3u + 2u + 4u);
    e.set();
    co_await q.put(1);
    co_await h;
  };
  run(body());
}

TEST_P(CallGraph, SaysHowManyChildrenAreLeftOut) {
  auto body = []() -> jay::task<> {
    jay::event e;
    auto parent = [&]() -> jay::task<> {
      std::vector<jay::task<>> many;
      for (int i = 0; i < 130; ++i) many.push_back(innermost(e));
      co_await jay::gather(std::move(many));
    };
    auto h = jay::create_task(parent());
    auto g = co_await when(h, [](const jay::future_call_graph& x) { return x.more_children == 30; });
    EXPECT_EQ(g.children.size(), 100u);
    e.set();
    co_await h;
  };
  run(body());
}

TEST_P(CallGraph, LooksIntoScopesInsideATask) {
  auto body = []() -> jay::task<> {
    jay::event e;
    auto in_groups = [&]() -> jay::task<> {
      co_await jay::with_task_group([&](jay::task_group&) -> jay::task<> {
        co_await jay::with_task_group([&](jay::task_group&) -> jay::task<> { co_await innermost(e); });
      });
    };
    auto h = jay::create_task(in_groups());
    auto g = co_await when_it_waits_for(h, "event.wait");
    EXPECT_TRUE(stands_in(g.call_stack.front(), "innermost"));
    auto parent = [&]() -> jay::task<> { co_await jay::gather(in_groups(), in_groups()); };
    auto forked = jay::create_task(parent());
    auto two = co_await when(forked, [](const jay::future_call_graph& x) { return x.children.size() == 2; });
    EXPECT_EQ(two.waits_for, "gather");
    for (auto& c : two.children) EXPECT_EQ(c.waits_for, "event.wait");
    e.set();
    co_await h;
    co_await forked;
  };
  run(body());
}

TEST_P(CallGraph, TellsWhoAwaits) {
  auto body = []() -> jay::task<> {
    jay::event e;
    jay::task_handle<> h = jay::create_task(outermost(e));
    auto first = jay::create_task(jay::task_options().name("first"), await_it(h));
    auto twice = [&]() -> jay::task<> { co_await jay::gather(await_it(h), await_it(h)); };
    auto second = jay::create_task(jay::task_options().name("second"), twice());
    co_await when_it_waits_for(first, h.name());
    co_await when(second, [](const jay::future_call_graph& x) { return x.children.size() == 2; });
    auto g = h.call_graph();
    EXPECT_EQ(g.awaited_by.size(), 2u);  // the second once
    for (auto& by : g.awaited_by) {
      if (by.name == "first") {
        EXPECT_EQ(by.future, jay::task_handle<>(first));
        EXPECT_EQ(by.awaits, h);
        EXPECT_TRUE(stands_in(by.call_stack.at(0), "await_it"));
      } else {
        EXPECT_EQ(by.name, "second");
        EXPECT_EQ(by.children.size(), 2u);
        EXPECT_EQ(by.children.at(0).awaits, h);
      }
    }
    e.set();
    co_await first;
    co_await second;
  };
  run(body());
}

TEST_P(CallGraph, OfATaskInAGroupHasTheOwner) {
  auto body = []() -> jay::task<> {
    jay::event e;
    jay::task_handle<> child;
    auto owner = [&]() -> jay::task<> {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        child = tg.create_task(innermost(e));
        co_return;
      });
    };
    auto h = jay::create_task(owner());
    co_await when_it_waits_for(h, "task_group");
    auto g = child.call_graph();
    EXPECT_EQ(g.awaited_by.size(), 1u);
    EXPECT_EQ(g.awaited_by.at(0).future, jay::task_handle<>(h));
    e.set();
    co_await h;
  };
  run(body());
}

TEST_P(CallGraph, OfAFutureHasThoseThatAwaitIt) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto h = jay::create_task(jay::task_options().name("reader"), f);
    co_await when_it_waits_for(h, "future");
    auto g = jay::capture_call_graph(f);
    EXPECT_FALSE(g.future);
    EXPECT_EQ(g.state, call_graph_state::suspended);
    EXPECT_EQ(g.awaited_by.at(0).name, "reader");
    EXPECT_NE(jay::format_call_graph(f).find("* Future()"), std::string::npos);
    p.set_result(1);
    co_await h;
    EXPECT_EQ(jay::capture_call_graph(f).state, call_graph_state::done);
  };
  run(body());
}

TEST_P(CallGraph, OfTasksThatAwaitEachOtherEnds) {
  auto body = []() -> jay::task<> {
    jay::event begin;
    jay::task_handle<> a, b;
    auto awaits = [&](jay::task_handle<>& other) -> jay::task<> {
      co_await begin.wait();
      co_await other;
    };
    a = jay::create_task(jay::task_options().name("a"), awaits(b));
    b = jay::create_task(jay::task_options().name("b"), awaits(a));
    begin.set();
    co_await when_it_waits_for(a, "b");
    co_await when_it_waits_for(b, "a");
    auto g = a.call_graph();
    EXPECT_EQ(g.awaited_by.at(0).future, b);
    EXPECT_EQ(g.awaited_by.at(0).awaited_by.at(0).future, a);
    EXPECT_TRUE(g.awaited_by.at(0).awaited_by.at(0).awaited_by_left_out);
    a.cancel();
    (void)co_await jay::settled(a);
    (void)co_await jay::settled(b);
  };
  run(body());
}

TEST_P(CallGraph, HasAtMostAsManyFramesAsAreAskedFor) {
  auto body = []() -> jay::task<> {
    jay::event e;
    auto h = jay::create_task(outermost(e));
    co_await when_suspended(h);
    auto two = jay::capture_call_graph(h, 2);
    EXPECT_EQ(two.call_stack.size(), 2u);
    EXPECT_TRUE(two.shortened);
    EXPECT_TRUE(stands_in(two.call_stack[0], "innermost"));
    auto last = jay::capture_call_graph(h, -1);
    EXPECT_EQ(last.call_stack.size(), 1u);
    EXPECT_TRUE(stands_in(last.call_stack[0], "outermost"));
    EXPECT_TRUE(jay::capture_call_graph(h, 0).call_stack.empty());
    EXPECT_FALSE(jay::capture_call_graph(h, 3).shortened);
    e.set();
    co_await h;
  };
  run(body());
}

jay::task<> deep(int n, jay::event& e) {
  if (n == 0) co_await e.wait();
  else co_await deep(n - 1, e);
}

TEST_P(CallGraph, OfAVeryDeepTaskIsShortened) {
  auto body = []() -> jay::task<> {
    jay::event e;
    auto h = jay::create_task(deep(5000, e));
    auto g = co_await when_suspended(h);
    EXPECT_EQ(g.call_stack.size(), 1000u);
    EXPECT_TRUE(g.shortened);
    e.set();
    co_await h;
  };
  run(body());
}

TEST_P(CallGraph, IsWrittenAsPythonWritesIt) {
  auto body = []() -> jay::task<> {
    jay::event e;
    jay::task_handle<> h = jay::create_task(jay::task_options().name("child"), outermost(e));
    auto parent = jay::create_task(jay::task_options().name("parent"), await_it(h));
    co_await when_it_waits_for(h, "event.wait");
    co_await when_it_waits_for(parent, "child");
    std::ostringstream out;
    jay::print_call_graph(h, out);
    std::string text = out.str();
    EXPECT_EQ(text, jay::format_call_graph(h.call_graph()));
    EXPECT_EQ(text.rfind("* Task(name='child', id=0x", 0), 0u) << text;
    EXPECT_NE(text.find("\n  + Waits for: event.wait\n  + Call stack:\n  |   File '"), std::string::npos) << text;
    EXPECT_NE(text.find("call_graph_test.cpp', line "), std::string::npos) << text;
    EXPECT_NE(text.find("\n  + Awaited by:\n    * Task(name='parent'"), std::string::npos) << text;
    EXPECT_NE(text.find("\n      + Waits for: child\n      + Call stack:\n      |   File '"), std::string::npos) << text;
    e.set();
    co_await parent;
  };
  run(body());
}

TEST_P(CallGraph, OfAllThatIsPendingNamesCircles) {
  auto body = [&]() -> jay::task<> {
    jay::lock l;
    co_await l.acquire();
    auto locks = [&]() -> jay::task<> { co_await l.acquire(); };
    auto forks = [&]() -> jay::task<> { co_await jay::gather(locks(), locks()); };
    auto f = jay::create_task(jay::task_options().name("forks"), forks());
    jay::event begin;
    jay::task_handle<> a, b, c;
    auto awaits = [&](jay::task_handle<>& other) -> jay::task<> {
      co_await begin.wait();
      co_await other;
    };
    a = jay::create_task(jay::task_options().name("a"), awaits(b));
    b = jay::create_task(jay::task_options().name("b"), awaits(c));
    c = jay::create_task(jay::task_options().name("c"), awaits(a));
    begin.set();
    co_await when_it_waits_for(a, "b");
    co_await when_it_waits_for(b, "c");
    co_await when_it_waits_for(c, "a");
    co_await when(f, [](const jay::future_call_graph& x) { return x.children.size() == 2; });
    const std::string text = sched().pending_tasks();
    EXPECT_NE(text.find("  main"), std::string::npos) << text;  // it runs: whether it has ever waited depends
    const std::size_t fork = text.find("  forks waits in ");
    EXPECT_NE(fork, std::string::npos) << text;
    EXPECT_NE(text.find(" for a gather of\n    a child that waits in ", fork), std::string::npos) << text;
    EXPECT_NE(text.find(") for lock.acquire\n    a child that waits in ", fork), std::string::npos) << text;
    const std::size_t circle = text.find("  a circle: ");
    EXPECT_NE(circle, std::string::npos) << text;
    EXPECT_NE(text.find("a awaits b", circle), std::string::npos) << text;
    EXPECT_EQ(text.find("  a circle: ", circle + 1), std::string::npos) << text;
    a.cancel();
    for (auto& h : {a, b, c}) (void)co_await jay::settled(h);
    f.cancel();
    (void)co_await jay::settled(f);
  };
  run(body());
}

TEST(CallGraphOfNothing, IsAnError) { EXPECT_THROW(jay::task_handle<>().call_graph(), jay::invalid_state_error); }

// Fails under a sanitizer, or by a wait that nobody ends.
TEST_P(CallGraph, MayBeAskedForWhileTasksComeAndGo) {
  std::atomic<bool> over{false};
  std::atomic<std::size_t> asked{0};
  jay::scheduler& s = sched();
  std::vector<jay::task_handle<>> some;
  jay::detail::spin_mutex mutex;
  auto ask = [&] {
    do {
      std::vector<jay::task_handle<>> now;
      {
        jay::detail::spin_guard g(mutex);
        now = some;
      }
      for (auto& h : now) asked += jay::format_call_graph(h).size();
    } while (!over);
  };
  auto body = [&]() -> jay::task<> {
    for (int round = 0; round < 60; ++round) {
      jay::lock l;
      jay::queue<int> q(1);
      jay::event e;
      auto passes = [&]() -> jay::task<> {
        auto held = co_await l.scoped();
        co_await yield();
      };
      auto gives = [&]() -> jay::task<> {
        for (int i = 0; i < 8; ++i) co_await q.put(i);
      };
      auto takes = [&]() -> jay::task<> {
        for (int i = 0; i < 8; ++i) (void)co_await q.get();
      };
      auto forks = [&]() -> jay::task<> { co_await jay::gather(passes(), gives(), takes(), passes()); };
      auto grouped = [&]() -> jay::task<> {
        co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
          tg.create_task(passes());
          co_await passes();
        });
      };
      auto stays = [&]() -> jay::task<> { co_await jay::gather(outermost(e), grouped()); };
      std::vector<jay::task_handle<>> all;
      for (int i = 0; i < 4; ++i) {
        all.push_back(jay::create_task(forks()));
        all.push_back(jay::create_task(grouped()));
        all.push_back(jay::create_task(stays()));
        all.push_back(jay::create_task(await_it(all.front())));
      }
      {
        jay::detail::spin_guard g(mutex);
        some = all;
      }
      for (std::size_t i = 0; i < all.size(); ++i)
        if (i % 4 == 2) all[i].cancel();
        else co_await all[i];
      for (auto& h : all) (void)co_await jay::settled(h);
    }
  };
  std::thread first(ask), second(ask);
  jay::testing::run_on(s, body());
  over = true;
  first.join();
  second.join();
  some.clear();
  EXPECT_GT(asked.load(), 0u);
}

}  // namespace
