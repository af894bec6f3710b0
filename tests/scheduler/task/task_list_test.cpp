// SPDX-License-Identifier: MIT
#include <jay/task_list.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>

#include <jay/gather.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::gate;

class TaskList : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(TaskList);

jay::task<int> give(int v) { co_return v; }
jay::task<int> fail(int v) {
  throw std::runtime_error(std::to_string(v));
  co_return v;
}
jay::task<std::unique_ptr<int>> boxed(int v) { co_return std::make_unique<int>(v); }

template <class Results>
std::string text_of(const Results& results) {
  std::string text;
  for (int v : results) text += std::to_string(v) + " ";
  return text;
}

TEST_P(TaskList, GathersInTheOrderOfItsTasks) {
  auto body = []() -> jay::task<std::string> {
    jay::task_list<int> list;
    for (int i = 0; i < 5; ++i) list.push_back(give(i));
    auto results = co_await jay::gather(list);
    EXPECT_EQ(5u, results.size());
    EXPECT_FALSE(results.empty());
    EXPECT_EQ(3, results[3]);
    co_return text_of(results);
  };
  EXPECT_EQ("0 1 2 3 4 ", run(body()));
}

TEST_P(TaskList, GrowsBeyondWhatWasReserved) {
  auto body = []() -> jay::task<int> {
    jay::task_list<int> list;
    list.reserve(3);
    for (int i = 0; i < 1000; ++i) list.push_back(give(i));
    list.reserve(10);
    EXPECT_EQ(1000u, list.size());
    auto results = co_await jay::gather(list);
    co_return std::accumulate(results.begin(), results.end(), 0);
  };
  EXPECT_EQ(499'500, run(body()));
}

TEST_P(TaskList, TakesAllTasksOfARange) {
  auto body = []() -> jay::task<std::string> {
    std::array<jay::task<int>, 3> more{give(1), give(2), give(3)};
    jay::task_list<int> list;
    list.push_back(give(0));
    list.append(more);
    EXPECT_FALSE(more[0].valid());
    std::array<jay::task<int>, 2> broken{give(4), jay::task<int>()};
    EXPECT_THROW(list.append(broken), std::runtime_error);
    EXPECT_EQ(5u, list.size());
    auto results = co_await jay::gather(list);
    co_return text_of(results);
  };
  EXPECT_EQ("0 1 2 3 4 ", run(body()));
}

TEST_P(TaskList, OfNothingIsEmpty) {
  auto body = []() -> jay::task<std::size_t> {
    jay::task_list<int> none, room;
    room.reserve(7);
    auto a = co_await jay::gather(none);
    auto b = co_await jay::gather(room);
    EXPECT_TRUE(a.empty());
    EXPECT_TRUE(b.begin() == b.end());
    co_return a.size() + b.size();
  };
  EXPECT_EQ(0u, run(body()));
}

TEST_P(TaskList, ResultsCanBeMovedOut) {
  auto body = []() -> jay::task<int> {
    jay::task_list<std::unique_ptr<int>> list;
    for (int i = 0; i < 3; ++i) list.push_back(boxed(i));
    auto results = co_await jay::gather(list);
    std::unique_ptr<int> mine = std::move(results[1]);
    EXPECT_EQ(nullptr, results[1]);
    co_return *mine + 10 * *results[2];
  };
  EXPECT_EQ(21, run(body()));
}

TEST_P(TaskList, OfVoidAndOfReferences) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    auto bump = [&]() -> jay::task<> {
      ++n;
      co_return;
    };
    jay::task_list<void> list;
    list.push_back(bump());
    list.push_back(bump());
    co_await jay::gather(list);
    int value = n;
    auto refer = [](int& v) -> jay::task<int&> { co_return v; };
    jay::task_list<int&> references;
    references.push_back(refer(value));
    auto results = co_await jay::gather(references);
    EXPECT_EQ(&value, &results[0]);
    co_return *results.begin();
  };
  EXPECT_EQ(2, run(body()));
}

struct alignas(64) line {
  explicit line(int v) : value(v) {}
  int value;
};

TEST_P(TaskList, ResultsStandAtTheirAlignment) {
  auto body = []() -> jay::task<int> {
    auto give_line = [](int v) -> jay::task<line> { co_return line(v); };
    jay::task_list<line> list;
    for (int i = 0; i < 5; ++i) list.push_back(give_line(i));
    auto results = co_await jay::gather(list);
    int sum = 0;
    for (const line& l : results) {
      EXPECT_EQ(0u, reinterpret_cast<std::uintptr_t>(&l) % 64);
      sum += l.value;
    }
    co_return sum;
  };
  EXPECT_EQ(10, run(body()));
}

TEST_P(TaskList, AnErrorEndsTheGatherAndLeavesNoResult) {
  auto body = []() -> jay::task<std::string> {
    auto counted = std::make_shared<int>(0);
    auto hold = [](std::shared_ptr<int> p) -> jay::task<std::shared_ptr<int>> { co_return p; };
    auto broken = []() -> jay::task<std::shared_ptr<int>> {
      throw std::runtime_error("7");
      co_return nullptr;
    };
    jay::task_list<std::shared_ptr<int>> list;
    list.push_back(hold(counted));
    list.push_back(broken());
    list.push_back(hold(counted));
    std::string text;
    try {
      co_await jay::gather(list);
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    EXPECT_EQ(1, counted.use_count());
    co_return text;
  };
  EXPECT_EQ("7", run(body()));
}

TEST_P(TaskList, KeepRunningWaitsForTheOthers) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    auto bump = [&]() -> jay::task<int> {
      ++n;
      co_return 0;
    };
    jay::task_list<int> list;
    list.push_back(fail(1));
    for (int i = 0; i < 10; ++i) list.push_back(bump());
    try {
      co_await jay::gather(jay::keep_running, list);
      ADD_FAILURE() << "the error was not thrown";
    } catch (const std::runtime_error&) {
    }
    co_return n;
  };
  EXPECT_EQ(10, run(body()));
}

TEST_P(TaskList, IsGatheredOnce) {
  auto body = []() -> jay::task<std::string> {
    jay::task_list<int> list;
    list.push_back(give(1));
    co_await jay::gather(list);
    std::string text;
    try {
      co_await jay::gather(list);
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    try {
      list.push_back(give(2));
    } catch (const std::runtime_error& e) {
      text += std::string("; ") + e.what();
    }
    co_return text;
  };
  EXPECT_EQ(
      "gather: this task_list has been gathered; a list is gathered once; task_list: it has been gathered; nothing can "
      "be added",
      run(body()));
}

TEST_P(TaskList, ItsGatherIsAnOpLikeOthers) {
  auto body = []() -> jay::task<int> {
    jay::task_list<int> list;
    list.push_back(give(1));
    list.push_back(give(2));
    auto sum = jay::gather(list);
    auto [results, three] = co_await jay::gather(std::move(sum), give(3));
    co_return results[0] + results[1] + three;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(TaskList, RefusesAnEmptyTask) {
  auto body = []() -> jay::task<> {
    jay::task_list<int> list;
    jay::task<int> empty;
    EXPECT_THROW(list.push_back(std::move(empty)), std::runtime_error);
    EXPECT_EQ(0u, list.size());
    co_return;
  };
  run(body());
}

TEST_P(TaskList, TasksThatAreNeverGatheredAreDropped) {
  auto body = []() -> jay::task<std::size_t> {
    const std::size_t before = jay::detail::unawaited_count();
    {
      jay::task_list<int> list;
      for (int i = 0; i < 9; ++i) list.push_back(give(i));
      jay::task_list<int> moved(std::move(list));
      EXPECT_EQ(9u, moved.size());
    }
    co_return jay::detail::unawaited_count() - before;
  };
  EXPECT_EQ(9u, run(body()));
}

TEST_P(TaskList, ACancelReachesTheChildren) {
  auto body = []() -> jay::task<bool> {
    gate never;
    std::atomic<int> cancelled{0};
    auto wait = [&]() -> jay::task<int> {
      try {
        co_await never.pass();
      } catch (const jay::cancelled_error&) {
        ++cancelled;
        throw;
      }
      co_return 1;
    };
    auto all = [&]() -> jay::task<> {
      jay::task_list<int> list;
      list.push_back(wait());
      co_await jay::gather(list);
    };
    auto h = jay::create_task(all);
    co_await never.arrived;
    h.cancel();
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
    }
    co_return h.cancelled() && cancelled == 1;
  };
  EXPECT_TRUE(run(body()));
}

}  // namespace
