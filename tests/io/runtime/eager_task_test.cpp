// SPDX-License-Identifier: MIT
#include <jay/eager_task.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/worker_counts.hpp"

using namespace std::chrono_literals;

namespace {

class EagerTask : public ::testing::TestWithParam<unsigned> {
 protected:
  template <class T>
  T run(jay::task<T> t) {
    return jay::run(std::move(t), jay::testing::with_workers_or_in_order(GetParam()));
  }
};
JAY_FOR_WORKER_COUNTS(EagerTask);

jay::eager_task<int> number(int v) { co_return v; }
jay::eager_task<int> number_at(jay::future<> f, int v) {
  co_await f;
  co_return v;
}
jay::eager_task<int> failing() {
  throw std::runtime_error("eager");
  co_return 0;
}

TEST_P(EagerTask, RunsUpToItsFirstSuspensionInsideTheCall) {
  auto body = []() -> jay::task<> {
    std::string steps;
    auto [p, f] = jay::with_resolvers<>();
    auto runs = [&steps](jay::future<> g) -> jay::eager_task<> {
      steps += "a";
      co_await g;
      steps += "c";
    };
    jay::eager_task<> e = runs(f);
    steps += "b";
    EXPECT_FALSE(e.done());
    p.set_result();
    co_await e;
    EXPECT_EQ("abc", steps);
    EXPECT_TRUE(number(1).done());
  };
  run(body());
}

TEST_P(EagerTask, GivesItsValueAsAHandleDoes) {
  auto body = []() -> jay::task<> {
    jay::eager_task<std::string> e = []() -> jay::eager_task<std::string> { co_return "twice"; }();
    jay::eager_task<std::string> same = e;
    EXPECT_TRUE(e == same);
    const std::string& a = co_await e;
    std::string b = co_await std::move(same);
    EXPECT_EQ("twice", b);
    EXPECT_EQ(&a, &e.result());
    static int there = 5;
    jay::eager_task<int&> r = []() -> jay::eager_task<int&> { co_return there; }();
    int& given = co_await r;
    EXPECT_EQ(&there, &given);
  };
  run(body());
}

TEST_P(EagerTask, AnErrorInsideTheCallIsThrownAtTheAwait) {
  auto body = []() -> jay::task<std::string> {
    std::string what;
    jay::eager_task<int> e = failing();
    try {
      co_await e;
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    co_return what;
  };
  EXPECT_EQ("eager", run(body()));
}

TEST_P(EagerTask, IsAnOpLikeAllOthers) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<>();
    jay::eager_task<int> late = number_at(f, 4);
    jay::task_handle<int> shielded = jay::create_task(jay::shield(late));
    p.set_result();
    auto [a, b] = co_await jay::gather(late, number(2));
    std::vector<jay::eager_task<int>> two(1, number(5));
    two.push_back(late);
    std::vector<int> many = co_await jay::all(two);
    int limited = co_await jay::wait_for(late, 24h);
    auto [unset, never] = jay::with_resolvers<>();
    int first = co_await jay::race(number_at(never, 0), number(7));
    jay::result<int> kept = co_await jay::settled(late);
    jay::task_handle<int> again = jay::create_task(late);
    auto [done, pending] = co_await jay::wait(two);
    int c = co_await again;
    int s = co_await shielded;
    EXPECT_EQ(4 + 2 + 5 + 4 + 4, a + b + many[0] + many[1] + limited);
    EXPECT_EQ(7, first);
    EXPECT_EQ(4, kept.value());
    EXPECT_EQ(2u, done.size() + pending.size());
    EXPECT_EQ(8, c + s);
  };
  run(body());
}

TEST_P(EagerTask, HasThenCatchAndFinally) {
  auto body = []() -> jay::task<> {
    int finals = 0;
    jay::future<int> a = number(3).then([](int v) { return number(2 * v); });
    jay::future<int> b = failing().catch_error([](std::exception_ptr) { return 5; });
    jay::future<int> c = failing().then([](int v) { return v; }, [](std::exception_ptr) { return 1; });
    jay::future<int> d = number(4).finally([&finals] { ++finals; });
    int sum = co_await a;
    sum += co_await b;
    sum += co_await c;
    sum += co_await d;
    EXPECT_EQ(6 + 5 + 1 + 4, sum);
    EXPECT_EQ(1, finals);
  };
  run(body());
}

TEST_P(EagerTask, AnErrorThatNobodyAsksForIsReported) {
  std::atomic<int> reports = 0;
  auto body = [&reports]() -> jay::task<> {
    jay::set_exception_handler([&reports](const jay::exception_context& c) {
      reports += c.message.find("never retrieved") != std::string::npos && !c.task_name.empty();
    });
    failing();
    while (reports == 0) co_await jay::sleep(0s);
  };
  run(body());
  EXPECT_EQ(1, reports);
}

TEST_P(EagerTask, GoesOnWhenItIsDropped) {
  auto body = []() -> jay::task<bool> {
    auto [p, f] = jay::with_resolvers<>();
    auto [ended, end] = jay::with_resolvers<>();
    [](jay::future<> g, jay::promise<> q) -> jay::eager_task<> {
      co_await g;
      q.set_result();
    }(f, ended);
    p.set_result();
    co_await end;
    co_return true;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(EagerTask, LeavesWhatItHasEnteredBeforeItIsDone) {
  auto body = []() -> jay::task<> {
    std::string steps;
    auto leaves = [&steps]() -> jay::task<> {
      co_await jay::sleep(0s);
      steps += "left";
    };
    auto enters = [&]() -> jay::eager_task<int> {
      co_await jay::defer(leaves);
      co_await jay::sleep(0s);
      steps += "body ";
      co_return 3;
    };
    int v = co_await enters();
    EXPECT_EQ(3, v);
    EXPECT_EQ("body left", steps);
  };
  run(body());
}

TEST_P(EagerTask, CancelledAtItsSuspensionItThrowsThere) {
  auto body = []() -> jay::task<> {
    jay::event never;
    bool told = false;
    auto waits = [&]() -> jay::eager_task<> {
      try {
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
        told = true;
        throw;
      }
    };
    jay::eager_task<> e = waits();
    jay::task_handle<> awaiting = jay::create_task([](jay::eager_task<> one) -> jay::task<> { co_await one; }, e);
    co_await jay::sleep(0s);
    awaiting.cancel();  // is passed on, as by every handle
    jay::result<void> r = co_await jay::settled(e);
    EXPECT_TRUE(r.cancelled());
    EXPECT_TRUE(told);
  };
  run(body());
}

// ---- the default runtime ----

class DefaultRuntime : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using ::testing::ExitedWithCode;

void say(const char* text) { std::fputs(text, stderr); }

std::atomic<bool> may_end = false;

jay::eager_task<> stays() {
  say("begun");
  do {
    co_await jay::sleep(0s);
  } while (!may_end);
  say(", ended");
}

TEST_F(DefaultRuntime, BeginsInTheCallAndEndsWithTheProcessWhenNoTaskIsLeft) {
  ::setenv("JAY_SCHEDULER_ORDER", "depth", 1);  // in asyncio's order only the one worker runs tasks
  auto program = [] {
    stays();
    say(", back");
    std::atexit([] { may_end = true; });  // goes before the runtime's own
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^begun, back, ended");
}

TEST_F(DefaultRuntime, WaitsForReactionsAndForTasksOfTasks) {
  auto program = [] {
    may_end = true;
    stays().then([] { return stays(); }).finally([] { say(", finally"); });
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^begun, endedbegun, ended, finally");
}

TEST_F(DefaultRuntime, CancelsInTheEndWhatCanNeverGoOn) {
  auto program = [] {
    static jay::event never;
    []() -> jay::eager_task<> {
      try {
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
        say("cancelled");
        throw;
      }
    }();
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^cancelled");
}

TEST_F(DefaultRuntime, ReportsAnErrorThatNobodyAsksFor) {
  auto program = [] {
    failing();
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "never retrieved.*eager");
}

TEST_F(DefaultRuntime, HasAnEventLoop) {
  auto program = [] {
    []() -> jay::eager_task<> {
      jay::event_loop& loop = jay::get_event_loop();
      auto [p, f] = jay::with_resolvers<>();
      loop.call_soon([] { say("soon"); });
      loop.call_later(1ms, [p = p] { p.set_result(); });
      co_await f;
      say(loop.is_running() && &loop == &jay::get_event_loop() ? ", later" : ", no");
      loop.call_later(1ms, [] { say(", and last"); });
    }();
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^soon, later, and last$");
}

TEST_F(DefaultRuntime, HasALoopThatRunsUpToTheEnd) {
  auto program = [] {
    static jay::event_loop* loop = nullptr;
    static std::atomic<bool> known = false;
    []() -> jay::eager_task<> {
      loop = &jay::get_event_loop();
      known = true;
      loop->stop();
      co_await jay::sleep(0s);
      loop->call_soon([] { say("stop does nothing"); });
    }();
    while (!known) std::this_thread::yield();
    for (auto ends : {+[] { loop->run_forever(); }, +[] { loop->close(); }}) {
      try {
        ends();
        std::_Exit(2);
      } catch (const std::runtime_error&) {
      }
    }
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^stop does nothing$");
}

TEST_F(DefaultRuntime, IsNotWaitedForWhereATaskCallsExit) {
  auto program = [] {
    []() -> jay::eager_task<> {
      co_await jay::sleep(0s);
      say("exits");
      std::exit(3);
    }();
    for (;;) ::pause();
  };
  EXPECT_EXIT(program(), ExitedWithCode(3), "^exits");
}

TEST_F(DefaultRuntime, StandsBesideARun) {
  auto program = [] {
    may_end = true;
    jay::eager_task<> e = stays();
    jay::run([](jay::eager_task<> one) -> jay::task<> { co_await one; }(e));
    say(", run has ended");
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^begun, ended, run has ended");
}

#if !JAY_TSAN  // it lets the child of a process with several threads start none
TEST_F(DefaultRuntime, ThereIsAnotherInTheChildOfAFork) {
  auto program = [] {
    number(1);  // it runs from here on
    const pid_t child = ::fork();
    if (child == 0) {
      // After the end of its runtime, and before LeakSanitizer looks: it takes the threads that stayed in the parent for lost.
      std::atexit([] { ::_exit(5); });
      may_end = true;
      stays();
      std::exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    say(WIFEXITED(status) && WEXITSTATUS(status) == 5 ? ", child has ended" : ", child has failed");
    std::exit(0);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "^begun, ended, child has ended");
}
#endif

TEST_F(DefaultRuntime, StartsNoThreadBeforeItIsUsed) {
  auto program = [] {
    std::filesystem::directory_iterator threads("/proc/self/task");
    const auto before = std::distance(begin(threads), end(threads));
    number(1);
    std::filesystem::directory_iterator more("/proc/self/task");
    std::exit(before == 1 && std::distance(begin(more), end(more)) > 1 ? 0 : 1);
  };
  EXPECT_EXIT(program(), ExitedWithCode(0), "");
}

}  // namespace
