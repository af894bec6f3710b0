// SPDX-License-Identifier: MIT
// What outlives its runtime and is still told of something.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/until_it_waits.hpp"

using namespace std::chrono_literals;

namespace {

TEST(Identity, AsCompletedGoesOnInTheNextRuntime) {
  jay::promise<int> a, b;
  std::vector<jay::future<int>> fs{a.get_future(), b.get_future()};
  using iterator = jay::as_completed_iterator<jay::future<int>>;
  auto begin = [&]() -> jay::task<std::unique_ptr<iterator>> {
    co_return std::make_unique<iterator>(jay::as_completed(fs));
  };
  auto each = jay::run(begin());
  a.set_result(1);  // its runtime is gone
  auto rest = [&]() -> jay::task<int> {
    auto second = jay::create_task([](jay::promise<int> p, jay::task_handle<> awaits) -> jay::task<> {
      co_await jay::testing::until_it_waits(awaits);
      p.set_result(2);
    }(b, jay::current_task()));
    int sum = 0;
    for (int i = 0; i < 2; ++i) {
      auto next = co_await each->next();
      if (!next) break;
      sum += next->result();
    }
    co_await second;
    co_return sum;
  };
  EXPECT_EQ(jay::run(rest()), 3);
}

}  // namespace
