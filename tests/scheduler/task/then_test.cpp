// SPDX-License-Identifier: MIT
#include <jay/then.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/worker_counts.hpp"

namespace {

class Then : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Then);

jay::task<int> doubled(int v) { co_return 2 * v; }
jay::task<> failing() {
  throw std::runtime_error("finally");
  co_return;
}

TEST_P(Then, GivesAFutureOfWhatTheReactionReturns) {
  auto body = []() -> jay::task<std::string> {
    jay::future<std::string> f = jay::resolve(3).then([](const int& v) { return std::to_string(v); });
    std::string s = co_await f;
    co_return s;
  };
  EXPECT_EQ("3", run(body()));
}

// Another worker may run it before the call has returned: inline means inside the call.
thread_local bool inside_a_call = false;
template <class F>
auto from_inside(F f) {
  inside_a_call = true;
  auto given = f();
  inside_a_call = false;
  return given;
}

TEST_P(Then, NeverRunsInline) {
  auto body = []() -> jay::task<bool> {
    std::atomic<bool> inline_run = false;
    auto look = [&] { inline_run = inline_run || inside_a_call; };
    auto [p, f] = jay::with_resolvers<>();
    jay::future<> early = f.then(look);
    from_inside([&] { return p.set_result(), 0; });
    jay::future<> late = from_inside([&] { return f.then(look); });
    co_await early;
    co_await late;
    co_return !inline_run;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Then, FlattensTasksHandlesAndFutures) {
  auto body = []() -> jay::task<int> {
    jay::future<int> a = jay::resolve(1).then([](int v) { return doubled(v); });
    jay::future<int> b = a.then([](int v) { return jay::create_task(doubled, v); });
    jay::future<int> c = b.then([](int v) { return jay::resolve(v + 1); });
    int v = co_await c;
    co_return v;
  };
  EXPECT_EQ(5, run(body()));
}

TEST_P(Then, PassesAnErrorToTheFirstCatch) {
  auto body = []() -> jay::task<int> {
    jay::future<int> f = jay::resolve(1)
                             .then([](int) -> int { throw std::runtime_error("first"); })
                             .then([](int v) { return v + 100; })
                             .catch_error([](std::exception_ptr) { return 7; });
    int v = co_await f;
    jay::future<int> g = jay::reject<int>(std::runtime_error("x")).then([](int) { return 1; }, [](std::exception_ptr) { return 2; });
    int w = co_await g;
    co_return 10 * v + w;
  };
  EXPECT_EQ(72, run(body()));
}

TEST_P(Then, FinallyPassesOnTheValueUnlessItFails) {
  auto body = []() -> jay::task<int> {
    jay::future<int> f = jay::resolve(4).finally([] {});
    int v = co_await f;
    jay::future<int> g = jay::resolve(4).finally([] { return failing(); });
    try {
      co_await g;
    } catch (const std::runtime_error&) {
      v += 10;
    }
    co_return v;
  };
  EXPECT_EQ(14, run(body()));
}

TEST_P(Then, ACancelIsNoErrorToCatchButRunsFinally) {
  auto body = []() -> jay::task<bool> {
    auto [p, f] = jay::with_resolvers<int>();
    bool caught = false;
    bool ran = false;
    jay::future<int> g = f.catch_error([&](std::exception_ptr) {
                            caught = true;
                            return 0;
                          }).finally([&] { ran = true; });
    f.cancel();
    try {
      co_await g;
    } catch (const jay::cancelled_error&) {
    }
    co_return g.cancelled() && ran && !caught;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Then, ReactionsRunInTheOrderOfRegistration) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    std::vector<jay::future<int>> all;
    std::atomic<int> next = 0;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 20; ++i)
      all.push_back(f.then([&, i](int) {
        if (next++ != i) ++wrong;
        return i;
      }));
    p.set_result(0);
    for (jay::future<int>& g : all) co_await g;
    co_return wrong.load();
  };
  EXPECT_EQ(0, run(body()));
}

/// How many reports there were while body(reports) ran.
template <class Body>
int reports_of(jay::scheduler& s, Body body) {
  std::atomic<int> reports = 0;
  s.set_exception_handler([&](const jay::exception_context&) { ++reports; });
  jay::testing::run_on(s, body(reports));
  s.set_exception_handler({});
  return reports;
}

TEST_P(Then, AnErrorIsReportedOnceAtTheEndOfAChainThatNobodyCatches) {
  EXPECT_EQ(1, reports_of(sched(), [](std::atomic<int>& reports) -> jay::task<> {
              std::atomic<bool> finally = false;
              jay::reject<int>(std::runtime_error("lost")).then([](int v) { return v; }).finally([&] { finally = true; });
              while (reports == 0) co_await jay::testing::yield();
              EXPECT_TRUE(finally);
            }));
}

TEST_P(Then, AnErrorThatIsCaughtIsNotReported) {
  EXPECT_EQ(0, reports_of(sched(), [](std::atomic<int>&) -> jay::task<> {
              jay::future<int> f = jay::reject<int>(std::runtime_error("caught")).then([](int v) { return v; });
              jay::future<int> g = f.catch_error([](std::exception_ptr) { return 0; });
              co_await g;
            }));
}

TEST_P(Then, AnErrorOfFinallyTakesThePlaceOfTheFirst) {
  EXPECT_EQ(0, reports_of(sched(), [](std::atomic<int>&) -> jay::task<> {
              bool second = false;  // told by its type: ThreadSanitizer does not see how libstdc++ counts an exception
              try {
                co_await jay::reject<int>(std::logic_error("first")).finally([] { return failing(); });
              } catch (const std::runtime_error&) {
                second = true;
              }
              EXPECT_TRUE(second);
            }));
}

TEST(ThenOutsideARuntime, OfAFutureThatBelongsToNoneIsDroppedAndSaysSo) {
  bool called = false;
  ::testing::internal::CaptureStderr();
  jay::future<int> f = jay::resolve(1).then([&called](int v) {
    called = true;
    return v;
  });
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("a done callback is dropped: its future was set outside a runtime"), std::string::npos) << said;
  EXPECT_FALSE(called);
  EXPECT_THROW(f.result(), std::runtime_error);
}

TEST(ThenOutsideARuntime, OfAFutureThatIsSetInsideOneIsCalledThere) {
  auto [p, f] = jay::with_resolvers<int>();
  jay::future<int> g = f.then([](int v) { return v + 1; });
  jay::scheduler_config c;
  c.workers = 1;
  jay::scheduler s(c);
  auto sets = [&g, p = p]() -> jay::task<int> {
    p.set_result(1);
    int v = co_await g;
    co_return v;
  };
  EXPECT_EQ(jay::testing::run_on(s, sets()), 2);
}

}  // namespace
