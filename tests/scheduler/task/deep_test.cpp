// SPDX-License-Identifier: MIT
// Long sequences and deep chains: neither may use the stack.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <vector>

#include <jay/cancel.hpp>
#include <jay/create_task.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/task.hpp>

#include "tests/support/depth.hpp"
#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::deeper_than_the_stack;

constexpr int million = 1'000'000;

class Deep : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Deep);

jay::task<int> one() { co_return 1; }

TEST_P(Deep, AMillionSequentialAwaits) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    for (int i = 0; i < million; ++i) sum += co_await one();
    co_return sum;
  };
  EXPECT_EQ(million, run(body()));
}

TEST_P(Deep, AMillionSequentialGathers) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    for (int i = 0; i < million / 2; ++i) {
      auto [a, b] = co_await jay::gather(one(), one());
      sum += a + b;
    }
    co_return sum;
  };
  EXPECT_EQ(million, run(body()));
}

TEST_P(Deep, AMillionAwaitsOfWhatIsReady) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    p.set_result(1);
    auto h = jay::create_task(one());
    co_await h;
    int sum = 0;
    for (int i = 0; i < million / 2; ++i) {
      sum += co_await f;
      sum += co_await h;
    }
    co_return sum;
  };
  EXPECT_EQ(million, run(body()));
}

jay::task<int> chain(int depth) {
  if (depth == 0) co_return 0;
  int below = co_await chain(depth - 1);
  co_return below + 1;
}

TEST_P(Deep, AMillionDeepAwaits) { EXPECT_EQ(million, run(chain(million))); }

jay::task<int> throwing_chain(int depth) {
  if (depth == 0) throw std::runtime_error("bottom");
  int below = co_await throwing_chain(depth - 1);
  co_return below + 1;
}

TEST_P(Deep, AnErrorThroughALongChain) { EXPECT_THROW(run(throwing_chain(deeper_than_the_stack(20'000))), std::runtime_error); }

jay::task<int> waiting_chain(int depth, jay::promise<> arrived, jay::future<> until) {
  if (depth == 0) {
    arrived.set_result();
    co_await until;
    co_return 0;
  }
  int below = co_await waiting_chain(depth - 1, arrived, until);
  co_return below + 1;
}

TEST_P(Deep, AMillionDeepChainThatSuspends) {
  auto body = []() -> jay::task<int> {
    jay::promise<> arrived;
    auto [p, f] = jay::with_resolvers<>();
    auto h = jay::create_task(waiting_chain(million, arrived, f));
    co_await arrived.get_future();
    p.set_result();
    co_return co_await h;
  };
  EXPECT_EQ(million, run(body()));
}

TEST_P(Deep, CancellingALongSuspendedChainUnwindsIt) {
  auto body = []() -> jay::task<bool> {
    jay::promise<> arrived;
    auto [p, f] = jay::with_resolvers<>();
    auto h = jay::create_task(waiting_chain(deeper_than_the_stack(20'000), arrived, f));
    co_await arrived.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    co_return thrown;
  };
  EXPECT_TRUE(run(body()));
}

jay::task<int> gather_chain(int depth) {
  if (depth == 0) co_return 0;
  auto [below, u] = co_await jay::gather(gather_chain(depth - 1), one());
  co_return below + u;
}

TEST_P(Deep, AMillionDeepGathers) { EXPECT_EQ(million, run(gather_chain(million))); }

jay::task<int> late_gather_chain(int depth, jay::promise<> arrived, jay::future<> until) {
  if (depth == 0) {
    arrived.set_result();
    co_await until;
    co_return 0;
  }
  auto [below, u] = co_await jay::gather(late_gather_chain(depth - 1, arrived, until), one());
  co_return below + u;
}

TEST_P(Deep, ADeepChainOfGathersThatSuspends) {
  constexpr int depth = 100'000;
  auto body = []() -> jay::task<int> {
    jay::promise<> arrived;
    auto [p, f] = jay::with_resolvers<>();
    auto h = jay::create_task(late_gather_chain(depth, arrived, f));
    co_await arrived.get_future();
    p.set_result();
    co_return co_await h;
  };
  EXPECT_EQ(depth, run(body()));
}

TEST_P(Deep, CancellingADeepChainOfGathers) {
  constexpr int depth = 5'000;
  auto body = []() -> jay::task<bool> {
    jay::promise<> arrived;
    auto [p, f] = jay::with_resolvers<>();
    auto h = jay::create_task(late_gather_chain(depth, arrived, f));
    co_await arrived.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    co_return thrown;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Deep, AChainOfAHundredThousandTasks) {
  // Each task awaits the next one's handle: their ends follow each other through the queue.
  auto body = []() -> jay::task<int> {
    auto link = [](auto& self, int depth) -> jay::task<int> {
      if (depth == 0) co_return 0;
      auto h = jay::create_task(self(self, depth - 1));
      int below = co_await h;
      co_return below + 1;
    };
    co_return co_await link(link, 100'000);
  };
  EXPECT_EQ(100'000, run(body()));
}

TEST_P(Deep, CancellingAChainOfTasksReachesTheLast) {
  // The cancel is passed on from task to task.
  auto body = []() -> jay::task<bool> {
    auto link = [](auto& self, int depth, jay::promise<> arrived) -> jay::task<> {
      if (depth == 0) {
        jay::promise<> never;
        auto f = never.get_future();
        arrived.set_result();
        co_await f;
        co_return;
      }
      auto h = jay::create_task(self(self, depth - 1, arrived));
      co_await h;
    };
    jay::promise<> arrived;
    auto h = jay::create_task(link(link, 1'000, arrived));
    co_await arrived.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    co_return thrown;
  };
  EXPECT_TRUE(run(body()));
}

/// A task that owns the task that it would await.
jay::task<> holding(std::optional<jay::task<>> inner) {
  if (inner) {
    auto t = std::move(*inner);
    co_await std::move(t);
  }
}

TEST(Deep, AWideVectorOfTasksThatNeverStartIsDestroyed) {
  std::size_t before = jay::detail::unawaited_count();
  {
    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < million; ++i) tasks.push_back(one());
  }
  EXPECT_EQ(before + million, jay::detail::unawaited_count());
}

TEST(Deep, ADeepNestOfTasksThatNeverStartIsDestroyed) {
  constexpr int depth = 10'000;  // each owns the next as an argument: destroyed by recursion, as any such list
  std::size_t before = jay::detail::unawaited_count();
  {
    auto t = holding(std::nullopt);
    for (int i = 1; i < depth; ++i) t = holding(std::move(t));
  }
  EXPECT_EQ(before + depth, jay::detail::unawaited_count());
}

TEST_P(Deep, TwoHundredThousandTasksInARow) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    for (int i = 0; i < million / 5; ++i) sum += co_await jay::create_task(one());
    co_return sum;
  };
  EXPECT_EQ(million / 5, run(body()));
}

TEST_P(Deep, AMillionCheckpoints) {
  auto body = []() -> jay::task<int> {
    int n = 0;
    for (; n < million; ++n) co_await jay::checkpoint();
    co_return n;
  };
  EXPECT_EQ(million, run(body()));
}

}  // namespace
