// SPDX-License-Identifier: MIT
#include <jay/context_var.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::gate;

class ContextVar : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(ContextVar);

jay::context_var<std::string> user("user", "nobody");
jay::context_var<int> depth("depth");

jay::task<std::string> read_user() { co_return user.get(); }
jay::task<> set_user(std::string name) {
  user.set(std::move(name));
  co_return;
}

TEST(ContextVar, HasADefaultAndAName) {
  EXPECT_EQ("nobody", user.get());
  EXPECT_EQ(0, depth.get());
  EXPECT_EQ("someone", user.get("someone"));
  EXPECT_EQ("user", user.name());
}

TEST(ContextVar, SetAndResetOutsideATask) {
  auto before = user.set("ada");
  EXPECT_FALSE(before.old_value().has_value());
  auto inner = user.set("bob");
  EXPECT_EQ("ada", inner.old_value().value());
  EXPECT_EQ("bob", user.get());
  EXPECT_EQ("bob", user.get("someone"));
  user.reset(inner);
  EXPECT_EQ("ada", user.get());
  user.reset(before);
  EXPECT_EQ("nobody", user.get());
}

TEST(ContextVar, EachThreadHasItsOwn) {
  auto before = depth.set(1);
  int seen = -1;
  std::thread([&] {
    seen = depth.get();
    depth.set(5);
  }).join();
  EXPECT_EQ(0, seen);
  EXPECT_EQ(1, depth.get());
  depth.reset(before);
}

TEST(ContextVar, ATokenResetsOnceAndItsOwnVariable) {
  jay::context_var<int> a("a"), b("b");
  auto t = a.set(1);
  EXPECT_THROW(b.reset(t), std::invalid_argument);
  a.reset(t);
  EXPECT_THROW(a.reset(t), std::runtime_error);
}

TEST(ContextVar, VariablesDoNotMix) {
  std::vector<std::unique_ptr<jay::context_var<int>>> vars;
  for (int i = 0; i < 20; ++i) vars.push_back(std::make_unique<jay::context_var<int>>("v", -1));
  std::vector<jay::context_var<int>::token> tokens;
  for (int i = 0; i < 20; i += 2) tokens.push_back(vars[static_cast<std::size_t>(i)]->set(i));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(i % 2 ? -1 : i, vars[static_cast<std::size_t>(i)]->get());
  for (int i = 0; i < 20; i += 4) vars[static_cast<std::size_t>(i)]->reset(tokens[static_cast<std::size_t>(i / 2)]);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(i % 4 == 2 ? i : -1, vars[static_cast<std::size_t>(i)]->get());
}

TEST_P(ContextVar, IsSharedByWhatATaskAwaits) {
  auto body = []() -> jay::task<> {
    user.set("ada");
    std::string below = co_await read_user();
    EXPECT_EQ("ada", below);
    co_await set_user("bob");
    EXPECT_EQ("bob", user.get());
  };
  run(body());
  EXPECT_EQ("nobody", user.get());
}

TEST_P(ContextVar, IsCopiedByCreateTask) {
  auto body = []() -> jay::task<> {
    user.set("ada");
    gate g;
    auto child = [](gate& at) -> jay::task<std::string> {
      co_await at.pass();
      std::string seen = user.get();
      user.set("child");
      co_return seen + " " + user.get();
    };
    auto h = jay::create_task(child(g));
    user.set("later");  // after the copy
    co_await g.arrived;
    g.open();
    const std::string& seen = co_await h;
    EXPECT_EQ("ada child", seen);
    EXPECT_EQ("later", user.get());
  };
  run(body());
}

TEST_P(ContextVar, FollowsATaskFromWorkerToWorker) {
  auto body = []() -> jay::task<> {
    auto child = [](int i) -> jay::task<bool> {
      depth.set(i);
      bool right = true;
      for (int k = 0; k < 20; ++k) {
        co_await jay::testing::yield();
        right = right && depth.get() == i;
      }
      co_return right;
    };
    std::vector<jay::task_handle<bool>> all;
    for (int i = 1; i <= 50; ++i) all.push_back(jay::create_task(child(i)));
    for (auto& h : all) {
      bool right = co_await h;
      EXPECT_TRUE(right);
    }
    EXPECT_EQ(0, depth.get());
  };
  run(body());
}

TEST_P(ContextVar, IsSharedByTheChildrenOfAGather) {
  auto body = []() -> jay::task<> {
    std::vector<std::unique_ptr<jay::context_var<int>>> vars;
    for (int i = 0; i < 16; ++i) vars.push_back(std::make_unique<jay::context_var<int>>("v"));
    auto setter = [](jay::context_var<int>& v, int value) -> jay::task<> {
      for (int i = 1; i <= value; ++i) v.set(i);
      co_return;
    };
    std::vector<jay::task<>> children;
    for (auto& v : vars) children.push_back(setter(*v, 50));
    co_await jay::gather(std::move(children));
    for (auto& v : vars) EXPECT_EQ(50, v->get());  // no set is lost, though they ran at the same time
  };
  run(body());
}

TEST_P(ContextVar, ATokenOfAnotherTaskIsRefused) {
  auto body = []() -> jay::task<> {
    auto t = user.set("ada");
    auto child = [](const jay::context_var<std::string>::token& token) -> jay::task<> {
      EXPECT_THROW(user.reset(token), std::invalid_argument);
      co_return;
    };
    co_await jay::create_task(child(t));
    user.reset(t);
    EXPECT_EQ("nobody", user.get());
  };
  run(body());
}

TEST_P(ContextVar, AnEagerTaskHasItsOwn) {
  auto body = []() -> jay::task<> {
    user.set("ada");
    auto child = []() -> jay::task<> {
      EXPECT_EQ("ada", user.get());
      user.set("eager");
      co_return;
    };
    auto h = jay::create_task(jay::task_options().eager_start(), child());
    EXPECT_EQ("ada", user.get());
    co_await h;
  };
  run(body());
}

TEST_P(ContextVar, ACopyIsRunWithoutTouchingTheOriginal) {
  auto body = []() -> jay::task<> {
    user.set("ada");
    jay::context c = jay::copy_context();
    user.set("bob");
    std::string inside = c.run([] {
      std::string seen = user.get();
      user.set("inside");
      return seen;
    });
    EXPECT_EQ("ada", inside);
    EXPECT_EQ("bob", user.get());
    EXPECT_EQ("inside", c.get(user).value());
    EXPECT_TRUE(c.contains(user));
    EXPECT_FALSE(c.contains(depth));
    EXPECT_EQ(std::nullopt, c.get(depth));
    jay::context copy = c.copy();
    copy.run([] { user.set("copy"); });
    EXPECT_EQ("inside", c.get(user).value());
    co_return;
  };
  run(body());
}

TEST_P(ContextVar, TasksCreatedInARunStartFromThatContext) {
  auto body = []() -> jay::task<std::string> {
    jay::context c;
    c.run([] { user.set("in the context"); });
    auto h = c.run([] { return jay::create_task(read_user()); });
    co_return co_await h;
  };
  EXPECT_EQ("in the context", run(body()));
}

TEST(ContextVar, AContextIsEnteredOnceAtATime) {
  jay::context c;
  c.run([&] { EXPECT_THROW(c.run([] {}), std::runtime_error); });
  int v = c.run([](int x) { return x; }, 4);
  EXPECT_EQ(4, v);
}

TEST_P(ContextVar, ATaskStartedFromOutsideGetsTheThreadsContext) {
  auto before = user.set("main thread");
  EXPECT_EQ("main thread", run(read_user()));
  user.reset(before);
}

TEST_P(ContextVar, KeepsValuesAliveAsLongAsTheyAreSeen) {
  auto value = std::make_shared<int>(7);
  std::weak_ptr<int> watch = value;
  {
    jay::context_var<std::shared_ptr<int>> var("shared");
    auto body = [](jay::context_var<std::shared_ptr<int>>& v, std::shared_ptr<int> p) -> jay::task<> {
      v.set(std::move(p));
      auto child = [](jay::context_var<std::shared_ptr<int>>& x) -> jay::task<int> { co_return *x.get(); };
      int seen = co_await jay::create_task(child(v));
      EXPECT_EQ(7, seen);
    };
    run(body(var, std::move(value)));
  }
  while (!watch.expired()) std::this_thread::yield();  // the worker lets go of the task after its end was seen
  SUCCEED();
}

TEST_P(ContextVar, ChildrenOfAGatherShareTheContextOfTheirTask) {
  auto body = []() -> jay::task<std::string> {
    co_await jay::gather(set_user("child"), read_user());
    std::string after = co_await read_user();
    co_return after;
  };
  EXPECT_EQ("child", run(body()));
}

TEST_P(ContextVar, ADoneCallbackRunsInACopyOfTheContextInWhichItWasAdded) {
  auto body = []() -> jay::task<std::string> {
    user.set("ada");
    auto [p, f] = jay::with_resolvers<int>();
    auto h = jay::create_task(read_user());
    std::string seen;
    auto [seen_by_task, told] = jay::with_resolvers<>();
    h.add_done_callback([&seen, told_by = seen_by_task](const jay::task_handle<std::string>&) {
      seen = user.get();
      user.set("the callback's own");
      told_by.set_result();
    });
    user.set("grace");  // later than the callback
    co_await told;
    auto [also, told_too] = jay::with_resolvers<>();
    f.add_done_callback([&seen, told_by = also](const jay::future<int>&) {
      seen += " " + user.get();
      told_by.set_result();
    });
    p.set_result(1);
    co_await told_too;
    co_return seen + " " + user.get();
  };
  EXPECT_EQ("ada grace grace", run(body()));
}

TEST_P(ContextVar, ATaskThatADoneCallbackStartsHasTheCallbacksContext) {
  auto body = []() -> jay::task<std::string> {
    user.set("ada");
    auto [p, f] = jay::with_resolvers<int>();
    jay::task_handle<std::string> started;
    auto [ready, told] = jay::with_resolvers<>();
    f.add_done_callback([&started, told_by = ready](const jay::future<int>&) {
      started = jay::create_task(read_user());
      told_by.set_result();
    });
    user.set("grace");
    p.set_result(1);
    co_await told;
    std::string seen = co_await started;
    co_return seen;
  };
  EXPECT_EQ("ada", run(body()));
}

}  // namespace
