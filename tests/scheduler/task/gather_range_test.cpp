// SPDX-License-Identifier: MIT
#include <jay/gather.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/future.hpp>
#include <jay/gather_limited.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;

class GatherRange : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(GatherRange);
class GatherLimited : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(GatherLimited);

jay::task<int> give(int v) { co_return v; }
jay::task<> bump(std::atomic<int>& n) {
  ++n;
  co_return;
}
jay::task<int> fail_if(bool bad, int v) {
  if (bad) throw std::runtime_error(std::to_string(v));
  co_return v;
}

TEST_P(GatherRange, GivesResultsInOrder) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < 1000; ++i) tasks.push_back(give(i));
    std::vector<int> v = co_await jay::gather(std::move(tasks));
    std::vector<int> expected(1000);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(expected, v);
  };
  run(body());
}

TEST_P(GatherRange, OfNothingIsEmpty) {
  auto body = []() -> jay::task<std::size_t> {
    std::vector<int> v = co_await jay::gather(std::vector<jay::task<int>>());
    co_return v.size();
  };
  EXPECT_EQ(0u, run(body()));
}

TEST_P(GatherRange, OfVoidGivesUnits) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    std::vector<jay::task<>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(bump(n));
    std::vector<jay::unit> units = co_await jay::gather(std::move(tasks));
    EXPECT_EQ(100u, units.size());
    co_return n;
  };
  EXPECT_EQ(100, run(body()));
}

TEST_P(GatherRange, OfMoveOnlyResults) {
  auto body = []() -> jay::task<int> {
    auto boxed = [](int i) -> jay::task<std::unique_ptr<int>> { co_return std::make_unique<int>(i); };
    std::vector<jay::task<std::unique_ptr<int>>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(boxed(i));
    auto v = co_await jay::gather(std::move(tasks));
    int sum = 0;
    for (auto& p : v) sum += *p;
    co_return sum;
  };
  EXPECT_EQ(45, run(body()));
}

TEST_P(GatherRange, OfHandlesCopiesAnLvalue) {
  auto body = []() -> jay::task<int> {
    std::vector<jay::task_handle<int>> handles;
    for (int i = 0; i < 10; ++i) handles.push_back(jay::create_task(give(i)));
    std::vector<int> once = co_await jay::gather(handles);
    std::vector<int> twice = co_await jay::gather(handles);
    EXPECT_EQ(once, twice);
    EXPECT_EQ(10u, handles.size());
    co_return std::accumulate(once.begin(), once.end(), 0);
  };
  EXPECT_EQ(45, run(body()));
}

TEST_P(GatherRange, OfFutures) {
  auto body = []() -> jay::task<int> {
    std::vector<jay::promise<int>> promises(5);
    std::vector<jay::future<int>> futures;
    for (auto& p : promises) futures.push_back(p.get_future());
    auto setter = [](std::vector<jay::promise<int>>& all) -> jay::task<> {
      for (std::size_t i = all.size(); i-- > 0;) {
        all[i].set_result(static_cast<int>(i));
        co_await jay::testing::yield();
      }
    };
    auto h = jay::create_task(setter(promises));
    std::vector<int> v = co_await jay::gather(futures);
    co_await h;
    co_return v[0] + 10 * v[4];
  };
  EXPECT_EQ(40, run(body()));
}

TEST_P(GatherRange, RethrowsAnErrorWhenAllHaveEnded) {
  auto body = []() -> jay::task<std::string> {
    int alive = 0;
    auto held = [](counted, bool bad, int v) -> jay::task<int> { co_return co_await fail_if(bad, v); };
    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(held(counted(alive), i == 50, i));
    std::string text;
    try {
      co_await jay::gather(std::move(tasks));
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(0, alive);
    co_return text;
  };
  EXPECT_EQ("50", run(body()));
}

TEST_P(GatherRange, SettledGivesEveryOutcome) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(fail_if(i % 3 == 0, i));
    std::vector<jay::result<int>> v = co_await jay::gather_settled(std::move(tasks));
    EXPECT_EQ(100u, v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      EXPECT_EQ(i % 3 != 0, v[i].has_value());
      if (v[i]) {
        EXPECT_EQ(static_cast<int>(i), v[i].value());
      } else {
        EXPECT_THROW(v[i].value(), std::runtime_error);
      }
    }
  };
  run(body());
}

TEST_P(GatherRange, KeepRunningRunsAllAndThrows) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    auto count = [](std::atomic<int>& c, bool bad) -> jay::task<> {
      ++c;
      if (bad) throw std::runtime_error("x");
      co_return;
    };
    std::vector<jay::task<>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(count(n, i % 7 == 0));
    bool thrown = false;
    try {
      co_await jay::gather(jay::keep_running, std::move(tasks));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return n;
  };
  EXPECT_EQ(50, run(body()));
}

TEST_P(GatherRange, OfManyTasksThatSuspend) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<>();
    std::atomic<int> n{0};
    auto wait = [](jay::future<> until, std::atomic<int>& c) -> jay::task<> {
      co_await until;
      ++c;
    };
    auto release = [](jay::promise<> to) -> jay::task<> {
      to.set_result();
      co_return;
    };
    std::vector<jay::task<>> tasks;
    for (int i = 0; i < 10'000; ++i) tasks.push_back(wait(f, n));
    tasks.push_back(release(p));
    co_await jay::gather(std::move(tasks));
    co_return n;
  };
  EXPECT_EQ(10'000, run(body()));
}

TEST_P(GatherLimited, RunsAtMostThatManyAtATime) {
  auto body = []() -> jay::task<> {
    std::atomic<int> running{0}, most{0};
    auto work = [](std::atomic<int>& now, std::atomic<int>& peak, int v) -> jay::task<int> {
      int n = ++now;
      for (int p = peak; n > p && !peak.compare_exchange_weak(p, n);) {
      }
      for (int i = 0; i < 3; ++i) co_await jay::testing::yield();
      --now;
      co_return v;
    };
    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < 200; ++i) tasks.push_back(work(running, most, i));
    std::vector<int> v = co_await jay::gather_limited(3, std::move(tasks));
    EXPECT_EQ(200u, v.size());
    for (int i = 0; i < 200; ++i) EXPECT_EQ(i, v[static_cast<std::size_t>(i)]);
    EXPECT_LE(most.load(), 3);
    EXPECT_GE(most.load(), 1);
  };
  run(body());
}

TEST_P(GatherLimited, StartsNoMoreAfterAnError) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> started{0};
    auto work = [](std::atomic<int>& n, int i) -> jay::task<> {
      ++n;
      if (i == 2) throw std::runtime_error("x");
      co_return;
    };
    std::size_t unawaited = jay::detail::unawaited_count();
    std::vector<jay::task<>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(work(started, i));
    bool thrown = false;
    try {
      co_await jay::gather_limited(1, std::move(tasks));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(unawaited, jay::detail::unawaited_count());
    co_return started;
  };
  EXPECT_EQ(3, run(body()));
}

TEST_P(GatherLimited, TakesALimitAboveTheNumber) {
  auto body = []() -> jay::task<std::size_t> {
    std::vector<jay::task<int>> tasks;
    tasks.push_back(give(1));
    std::vector<int> v = co_await jay::gather_limited(100, std::move(tasks));
    std::vector<int> none = co_await jay::gather_limited(100, std::vector<jay::task<int>>());
    co_return v.size() * 10 + none.size();
  };
  EXPECT_EQ(10u, run(body()));
}

TEST_P(GatherLimited, RefusesZero) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task<int>> tasks;
    tasks.push_back(give(1));
    co_await jay::gather_limited(0, std::move(tasks));
  };
  EXPECT_THROW(run(body()), std::invalid_argument);
}

TEST_P(GatherLimited, TakesHandles) {
  auto body = []() -> jay::task<int> {
    std::vector<jay::task_handle<int>> handles;
    for (int i = 0; i < 10; ++i) handles.push_back(jay::create_task(give(i)));
    std::vector<int> v = co_await jay::gather_limited(2, handles);
    co_return std::accumulate(v.begin(), v.end(), 0);
  };
  EXPECT_EQ(45, run(body()));
}

struct alignas(64) line {
  int value;
};
jay::task<line> give_line(int v) { co_return line{v}; }

TEST_P(GatherRange, ResultsStandAtTheirAlignment) {
  auto body = []() -> jay::task<int> {
    std::vector<jay::task<line>> children;
    for (int i = 0; i < 5; ++i) children.push_back(give_line(i));
    std::vector<line> lines = co_await jay::gather(std::move(children));
    int sum = 0;
    for (const line& l : lines) sum += l.value;
    co_return sum;
  };
  EXPECT_EQ(10, run(body()));
}

}  // namespace
