// SPDX-License-Identifier: MIT
#include <jay/wait.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/cancel.hpp>
#include <jay/create_task.hpp>
#include <jay/gather.hpp>
#include <jay/run.hpp>

#include "tests/support/configs.hpp"

namespace {

using namespace std::chrono_literals;

class Wait : public testing::TestWithParam<unsigned> {
 protected:
  template <class T>
  T run(jay::task<T> t) {
    return jay::run(std::move(t), jay::testing::with_workers(GetParam()));
  }
};
INSTANTIATE_TEST_SUITE_P(Workers, Wait, testing::Values(1u, 2u, 4u));

jay::task<int> give(int v) { co_return v; }
jay::task<int> after(jay::future<> when, int v) {
  co_await when.shielded();
  co_return v;
}
jay::task<int> fail_after(jay::future<> when) {
  co_await when.shielded();
  throw std::runtime_error("failed");
  co_return 0;
}

TEST_P(Wait, AllCompletedWaitsForAll) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task_handle<int>> handles;
    for (int i = 0; i < 100; ++i) handles.push_back(jay::create_task(give(i)));
    auto [done, pending] = co_await jay::wait(handles);
    EXPECT_EQ(handles, done);
    EXPECT_TRUE(pending.empty());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(i, done[static_cast<std::size_t>(i)].result());
  };
  run(body());
}

TEST_P(Wait, FirstCompletedLeavesTheRestPending) {
  auto body = []() -> jay::task<> {
    auto [never, stopped] = jay::with_resolvers<>();
    auto [soon, begun] = jay::with_resolvers<>();
    std::vector<jay::task_handle<int>> handles{jay::create_task(after(stopped, 1)), jay::create_task(after(begun, 2)),
                                               jay::create_task(after(stopped, 3))};
    auto set = [](jay::promise<> p) -> jay::task<> {
      p.set_result();
      co_return;
    };
    auto setter = jay::create_task(set(soon));
    auto [done, pending] = co_await jay::wait(handles, jay::first_completed);
    EXPECT_EQ(1u, done.size());
    EXPECT_EQ(2u, pending.size());
    EXPECT_TRUE(done[0] == handles[1]);
    EXPECT_TRUE(pending[0] == handles[0]);
    EXPECT_TRUE(pending[1] == handles[2]);
    never.set_result();
    auto [rest, none] = co_await jay::wait(pending);
    EXPECT_EQ(2u, rest.size());
    EXPECT_TRUE(none.empty());
    co_await setter;
  };
  run(body());
}

TEST_P(Wait, FirstExceptionEndsAtAnErrorButNotAtACancel) {
  auto body = []() -> jay::task<> {
    auto [never, stopped] = jay::with_resolvers<>();
    auto [soon, begun] = jay::with_resolvers<>();
    auto cancelled = jay::create_task(after(stopped, 1));
    cancelled.cancel();
    std::vector<jay::task_handle<int>> handles{cancelled, jay::create_task(give(2)), jay::create_task(after(stopped, 3)),
                                               jay::create_task(fail_after(begun))};
    co_await jay::wait(std::vector<jay::task_handle<int>>(handles.begin(), handles.begin() + 2));
    EXPECT_TRUE(cancelled.cancelled());
    auto set = [](jay::promise<> p) -> jay::task<> {
      p.set_result();
      co_return;
    };
    auto setter = jay::create_task(set(soon));
    auto [done, pending] = co_await jay::wait(handles, jay::first_exception);
    EXPECT_TRUE(handles[3].done());
    EXPECT_NE(nullptr, handles[3].exception());
    EXPECT_EQ(handles.size(), done.size() + pending.size());
    EXPECT_EQ(1u, pending.size());
    EXPECT_FALSE(handles[2].done());
    never.set_result();
    co_await handles[2];
    co_await setter;
  };
  run(body());
}

TEST_P(Wait, FirstExceptionWithoutOneWaitsForAll) {
  auto body = []() -> jay::task<> {
    std::vector<jay::task_handle<int>> handles{jay::create_task(give(1)), jay::create_task(give(2))};
    auto [done, pending] = co_await jay::wait(handles, jay::first_exception);
    EXPECT_EQ(2u, done.size());
    EXPECT_TRUE(pending.empty());
  };
  run(body());
}

TEST_P(Wait, ThrowsNoErrorsAndLeavesThemUnretrieved) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<>();
    p.set_result();
    std::vector<jay::task_handle<int>> handles{jay::create_task(fail_after(f))};
    auto [done, pending] = co_await jay::wait(handles);
    int caught = 0;
    try {
      co_await done[0];
    } catch (const std::runtime_error&) {
      ++caught;
    }
    co_return caught;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(Wait, ALimitIsNoErrorAndCancelsNothing) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<>();
    std::vector<jay::task_handle<int>> handles{jay::create_task(give(1)), jay::create_task(after(f, 2))};
    co_await handles[0];
    auto [done, pending] = co_await jay::wait(handles, jay::all_completed, 5ms);
    EXPECT_EQ(1u, done.size());
    EXPECT_EQ(1u, pending.size());
    EXPECT_FALSE(handles[1].done());
    auto [done2, pending2] = co_await jay::wait(handles, std::optional(0.001s));
    EXPECT_EQ(1u, pending2.size());
    auto [done3, pending3] = co_await jay::wait(handles, 0s);
    EXPECT_EQ(1u, pending3.size());
    p.set_result();
    auto [done4, pending4] = co_await jay::wait(handles, jay::all_completed, 1h);
    EXPECT_EQ(2u, done4.size());
    EXPECT_TRUE(pending4.empty());
  };
  run(body());
}

TEST_P(Wait, ACancelOfTheWaiterCancelsNothing) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<>();
    auto inner = jay::create_task(after(f, 2));
    auto waiter = [](jay::task_handle<int> h) -> jay::task<> {
      std::vector<jay::task_handle<int>> handles{h};
      co_await jay::wait(handles, jay::all_completed, 1h);
    };
    auto h = jay::create_task(jay::task_options().eager_start(), waiter(inner));
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_FALSE(inner.done());
    p.set_result();
    int v = co_await inner;
    EXPECT_EQ(2, v);
  };
  run(body());
}

TEST_P(Wait, TakesFuturesAndErasedHandles) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto [q, g] = jay::with_resolvers<int>();
    p.set_result(1);
    std::vector<jay::future<int>> futures{f, g};
    auto [done, pending] = co_await jay::wait(futures, jay::first_completed);
    EXPECT_EQ(1u, done.size());
    EXPECT_TRUE(done[0] == f);
    q.set_result(2);
    auto a = jay::create_task(give(1));
    std::vector<jay::task_handle<>> erased{a};
    auto [done2, pending2] = co_await jay::wait(erased);
    EXPECT_EQ(1u, done2.size());
  };
  run(body());
}

TEST_P(Wait, CountsADuplicateOnce) {
  auto body = []() -> jay::task<> {
    auto a = jay::create_task(give(1));
    auto b = jay::create_task(give(2));
    std::vector<jay::task_handle<int>> handles{a, b, a, a};
    auto [done, pending] = co_await jay::wait(handles);
    EXPECT_EQ((std::vector<jay::task_handle<int>>{a, b}), done);
  };
  run(body());
}

TEST_P(Wait, ForNothingIsAnErrorAtTheAwait) {
  auto body = []() -> jay::task<bool> {
    auto w = jay::wait(std::vector<jay::task_handle<int>>());
    bool thrown = false;
    try {
      co_await std::move(w);
    } catch (const std::invalid_argument&) {
      thrown = true;
    }
    EXPECT_THROW((void)jay::wait(std::vector<jay::task_handle<int>>(1)).operator co_await(), jay::invalid_state_error);
    co_return thrown;
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Wait, IsAnOpLikeOthers) {
  auto body = []() -> jay::task<> {
    auto a = jay::create_task(give(1));
    std::vector<jay::task_handle<int>> handles{a};
    auto [x, y] = co_await jay::gather(jay::wait(handles), jay::wait(handles, jay::first_completed));
    EXPECT_EQ(1u, x.done.size());
    EXPECT_EQ(1u, y.done.size());
  };
  run(body());
}

TEST_P(Wait, InALoopUntilAllAreDone) {
  unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  auto body = [](unsigned seeded) -> jay::task<> {
    std::mt19937 random(seeded);
    for (int round = 0; round < 30; ++round) {
      std::vector<jay::task_handle<int>> pending;
      auto work = [](int yields, int v) -> jay::task<int> {
        for (int i = 0; i < yields; ++i) co_await jay::sleep(0s);
        co_return v;
      };
      for (int i = 0; i < 40; ++i) pending.push_back(jay::create_task(work(static_cast<int>(random() % 20), i)));
      std::size_t seen = 0;
      while (!pending.empty()) {
        auto limit = random() % 2 ? jay::limit(1h) : jay::limit(1us);
        auto r = co_await jay::wait(std::move(pending), jay::first_completed, limit);
        seen += r.done.size();
        pending = std::move(r.pending);
      }
      EXPECT_EQ(40u, seen);
    }
  };
  run(body(seed));
}

}  // namespace
