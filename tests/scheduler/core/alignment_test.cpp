// SPDX-License-Identifier: MIT
// Types that want more than malloc's 16 bytes. This file's frames are aligned for them, those of the other files of this
// program are not.
#define JAY_FRAME_ALIGNMENT 64
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/event.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/queue.hpp>
#include <jay/settled.hpp>
#include <jay/shield.hpp>
#include <jay/task_group.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

struct alignas(64) line {
  explicit line(int n) : number(n) {}
  line(const line& o) : number(o.number) { look(); }
  line& operator=(const line&) = default;
  ~line() { look(); }
  // Not inline, and through a volatile pointer: a compiler takes a type's alignment for granted.
  [[gnu::noinline]] void look() const {
    const void* volatile at = this;
    if (reinterpret_cast<std::uintptr_t>(at) % alignof(line) != 0) ++misaligned;
  }
  int number;
  static inline std::atomic<int> misaligned{0};
};

class Alignment : public jay::testing::WorkerCounts {
 protected:
  void SetUp() override { line::misaligned = 0; }
  void TearDown() override { EXPECT_EQ(0, line::misaligned); }
};
JAY_FOR_WORKER_COUNTS(Alignment);

jay::task<line> make(int n) { co_return line(n); }
jay::task<int> number_of(line l, jay::event& go) {
  l.look();
  line local(l);
  co_await go.wait();
  local.look();
  co_return local.number;
}

TEST_P(Alignment, ResultsOfTasks) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    std::vector<jay::task_handle<line>> handles;
    for (int i = 0; i < 64; ++i) handles.push_back(jay::create_task(make, i));
    for (auto& h : handles) {
      const line& l = co_await h;
      l.look();
      sum += l.number;
    }
    co_return sum;
  };
  EXPECT_EQ(64 * 63 / 2, run(body()));
}

TEST_P(Alignment, ResultsOfTasksInAGroup) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    std::vector<jay::task_handle<line>> handles;
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      for (int i = 0; i < 64; ++i) handles.push_back(tg.create_task(make, i));
      co_return;
    });
    for (auto& h : handles) {
      h.result().look();
      sum += h.result().number;
    }
    co_return sum;
  };
  EXPECT_EQ(64 * 63 / 2, run(body()));
}

TEST_P(Alignment, ValuesOfFutures) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<line>();
    p.set_result(line(5));
    const line& l = co_await f;
    l.look();
    co_return l.number;
  };
  EXPECT_EQ(5, run(body()));
}

TEST_P(Alignment, ItemsOfQueues) {
  auto body = []() -> jay::task<int> {
    jay::queue<line> q;
    int sum = 0;
    for (int i = 0; i < 10; ++i) q.put_nowait(line(i));
    for (int i = 0; i < 10; ++i) {
      line l = co_await q.get();
      l.look();
      sum += l.number;
    }
    co_return sum;
  };
  EXPECT_EQ(45, run(body()));
}

TEST_P(Alignment, ParametersAndLocalsOfCoroutines) {
  auto body = []() -> jay::task<int> {
    jay::event go;
    std::vector<jay::task<int>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(number_of(line(i), go));
    auto all = jay::create_task(jay::gather(std::move(tasks)));
    go.set();
    const std::vector<int>& numbers = co_await all;
    int sum = 0;
    for (int n : numbers) sum += n;
    co_return sum;
  };
  EXPECT_EQ(190, run(body()));
}

TEST_P(Alignment, WhatIsAwaitedInAFrame) {
  auto body = []() -> jay::task<int> {
    line direct = co_await make(1);
    auto [a, b] = co_await jay::gather(make(10), make(100));
    a.look();
    b.look();
    std::vector<jay::task<line>> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(make(1000));
    std::vector<line> many = co_await jay::gather(std::move(tasks));
    int sum = direct.number + a.number + b.number;
    for (const line& l : many) {
      l.look();
      sum += l.number;
    }
    auto settled = co_await jay::settled(make(10'000));
    settled.value().look();
    line shielded = co_await jay::shield(make(100'000));
    co_return sum + settled.value().number + shielded.number;
  };
  EXPECT_EQ(113'111, run(body()));
}

}  // namespace
