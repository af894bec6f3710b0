// SPDX-License-Identifier: MIT
#include <jay/as_completed.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/gather.hpp>
#include <jay/run.hpp>

#include "tests/support/configs.hpp"

namespace {

using namespace std::chrono_literals;

class AsCompleted : public testing::TestWithParam<unsigned> {
 protected:
  template <class T>
  T run(jay::task<T> t) {
    return jay::run(std::move(t), jay::testing::with_workers(GetParam()));
  }
};
INSTANTIATE_TEST_SUITE_P(Workers, AsCompleted, testing::Values(1u, 2u, 4u));

jay::task<int> give(int v) { co_return v; }

TEST_P(AsCompleted, GivesThemInTheOrderOfTheirEnds) {
  auto body = []() -> jay::task<> {
    constexpr std::size_t n = 20;
    std::vector<jay::promise<int>> promises(n);
    std::vector<jay::future<int>> futures;
    for (auto& p : promises) futures.push_back(p.get_future());
    auto it = jay::as_completed(futures);
    for (std::size_t i = 0; i < n; ++i) {
      std::size_t which = (i * 7) % n;
      promises[which].set_result(static_cast<int>(which));
      auto f = co_await it.next();
      EXPECT_TRUE(f.has_value());
      EXPECT_EQ(static_cast<int>(which), f->result());
    }
    auto end = co_await it.next();
    EXPECT_FALSE(end.has_value());
    auto still = co_await it.next();
    EXPECT_FALSE(still.has_value());
  };
  run(body());
}

TEST_P(AsCompleted, GivesEachOnce) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task_handle<int>> handles;
    auto work = [](int v) -> jay::task<int> {
      for (int i = 0; i < (v * 13) % 7; ++i) co_await jay::sleep(0s);
      co_return v;
    };
    for (int i = 0; i < 500; ++i) handles.push_back(jay::create_task(work(i)));
    auto it = jay::as_completed(handles);
    std::vector<int> seen;
    while (auto h = co_await it.next()) seen.push_back(co_await *h);
    EXPECT_EQ(500u, seen.size());
    std::sort(seen.begin(), seen.end());
    for (int i = 0; i < 500; ++i) EXPECT_EQ(i, seen[static_cast<std::size_t>(i)]);
  };
  run(body());
}

TEST_P(AsCompleted, OfNothingEndsAtOnce) {
  auto body = []() -> jay::task<bool> {
    auto it = jay::as_completed(std::vector<jay::task_handle<int>>());
    auto h = co_await it.next();
    co_return h.has_value();
  };
  EXPECT_FALSE(run(body()));
}

TEST_P(AsCompleted, GivesWhatHadEndedBefore) {
  auto body = []() -> jay::task<int> {
    auto a = jay::create_task(give(1));
    auto b = jay::create_task(give(2));
    co_await a;
    co_await b;
    auto it = jay::as_completed(std::vector{a, b, a});
    int digits = 0;
    while (auto h = co_await it.next()) digits = 10 * digits + h->result();
    co_return digits;
  };
  EXPECT_EQ(12, run(body()));
}

TEST_P(AsCompleted, ErrorsComeWithTheHandle) {
  auto body = []() -> jay::task<int> {
    auto fail = []() -> jay::task<int> {
      throw std::runtime_error("x");
      co_return 0;
    };
    auto it = jay::as_completed(std::vector{jay::create_task(fail()), jay::create_task(give(1))});
    int errors = 0, values = 0;
    while (auto h = co_await it.next()) {
      try {
        values += co_await *h;
      } catch (const std::runtime_error&) {
        ++errors;
      }
    }
    co_return 10 * errors + values;
  };
  EXPECT_EQ(11, run(body()));
}

TEST_P(AsCompleted, ThrowsWhenTheLimitHasPassed) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto [q, g] = jay::with_resolvers<int>();
    p.set_result(1);
    auto it = jay::as_completed(std::vector{f, g}, 2ms);
    auto first = co_await it.next();
    EXPECT_TRUE(first && *first == f);
    int timeouts = 0;
    for (int i = 0; i < 2; ++i) {
      try {
        co_await it.next();
      } catch (const jay::timeout_error&) {
        ++timeouts;
      }
    }
    EXPECT_EQ(2, timeouts);
    EXPECT_FALSE(g.done());
    q.set_result(2);
  };
  run(body());
}

TEST_P(AsCompleted, ACancelledNextLosesNothing) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto it = jay::as_completed(std::vector{f});
    auto take = [](auto& from) -> jay::task<bool> {
      auto h = co_await from.next();
      co_return h.has_value();
    };
    auto t = jay::create_task(jay::task_options().eager_start(), take(it));
    t.cancel();
    bool thrown = false;
    try {
      co_await t;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    p.set_result(1);
    auto h = co_await it.next();
    EXPECT_TRUE(h.has_value());
  };
  run(body());
}

TEST_P(AsCompleted, SeveralConsumersShareIt) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task_handle<int>> handles;
    auto work = [](int v) -> jay::task<int> {
      co_await jay::sleep(0s);
      co_return v;
    };
    for (int i = 0; i < 300; ++i) handles.push_back(jay::create_task(work(i)));
    auto it = jay::as_completed(handles);
    auto consume = [](auto& from) -> jay::task<int> {
      int n = 0;
      while (auto h = co_await from.next()) ++n;
      co_return n;
    };
    auto [a, b, c] = co_await jay::gather(consume(it), consume(it), consume(it));
    EXPECT_EQ(300, a + b + c);
  };
  run(body());
}

TEST_P(AsCompleted, MayBeLeftEarly) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 100; ++i) {
      auto work = [](int v) -> jay::task<int> {
        co_await jay::sleep(0s);
        co_return v;
      };
      std::vector<jay::task_handle<int>> handles;
      for (int k = 0; k < 5; ++k) handles.push_back(jay::create_task(work(k)));
      {
        auto it = jay::as_completed(handles, 1h);
        auto h = co_await it.next();
        EXPECT_TRUE(h.has_value());
      }
      co_await jay::gather(handles);
    }
  };
  run(body());
}

TEST(AsCompleted, MayBeMadeOutsideARuntime) {
  std::vector<jay::promise<int>> promises(3);
  std::vector<jay::future<int>> futures;
  for (auto& p : promises) futures.push_back(p.get_future());
  promises[1].set_result(1);
  auto it = jay::as_completed(futures);
  auto body = [](auto& from, auto& all) -> jay::task<int> {
    auto first = co_await from.next();
    EXPECT_EQ(1, first->result());
    all[2].set_result(2);
    all[0].set_result(3);
    int sum = 0;
    while (auto f = co_await from.next()) sum += f->result();
    co_return sum;
  };
  EXPECT_EQ(5, jay::run(body(it, promises)));
}

}  // namespace
