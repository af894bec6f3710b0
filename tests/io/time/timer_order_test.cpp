// SPDX-License-Identifier: MIT
// In which order timers that are due together wake what waits for them.
#include <gtest/gtest.h>

#include <jay/detail/reactor.hpp>
#include <jay/jay.hpp>

#include <vector>

#include "tests/support/configs.hpp"

namespace {

struct numbered : jay::detail::timer {
  static void note(jay::detail::timer& t, jay::detail::ready_list&) noexcept {
    auto& self = static_cast<numbered&>(t);
    self.fired->push_back(self.number);
  }
  int number = 0;
  std::vector<int>* fired = nullptr;
};

std::vector<int> up_to(int n) {
  std::vector<int> v;
  for (int i = 0; i < n; ++i) v.push_back(i);
  return v;
}

TEST(TimerOrder, EqualDeadlinesFireInTheOrderOfArming) {
  constexpr int n = 200;
  jay::scheduler_config c;
  c.workers = 1;
  jay::scheduler s(c);
  jay::detail::ready_list out(s);
  jay::detail::timers timers(1);
  std::vector<numbered> all(2 * n);
  std::vector<int> fired;
  fired.reserve(all.size());
  jay::time_point at = std::chrono::steady_clock::now();
  for (int i = 0; i < n; ++i) {
    for (numbered* t : {&all[static_cast<std::size_t>(i)], &all[static_cast<std::size_t>(n + i)]}) {
      t->fired = &fired;
      t->fire = &numbered::note;
      t->deadline = at;
    }
    all[static_cast<std::size_t>(i)].number = i;
    timers.add(all[static_cast<std::size_t>(i)]);
    timers.add(all[static_cast<std::size_t>(n + i)]);
  }
  for (int i = 0; i < n; ++i) timers.remove(all[static_cast<std::size_t>(n + i)]);  // so that the heap is shuffled
  timers.expire(out);
  EXPECT_EQ(fired, up_to(n));
}

TEST(TimerOrder, InAsynciosOrderGrowingDeadlinesWakeInOrderWithManyIoThreads) {
  constexpr int n = 3000;
  for (unsigned threads : {0u, 1u, 4u}) {
    jay::config c = jay::testing::in_order();
    c.io.threads = threads;
    for (int round = 0; round < 5; ++round) {
      std::vector<int> woken;
      auto main = [&]() -> jay::task<> {
        std::vector<jay::task_handle<>> all;
        for (int i = 0; i < n; ++i)
          all.push_back(jay::create_task([&woken](int id) -> jay::task<> {
            co_await jay::sleep(std::chrono::milliseconds(5));
            woken.push_back(id);
          }, i));
        co_await jay::gather(all);
      };
      jay::run(main(), c);
      EXPECT_EQ(woken, up_to(n)) << threads << " I/O threads";
    }
  }
}

// A timeout cancels what is inside as it fires, a sleep is woken: both in the order of the deadlines. One that is over when it
// is armed has its place among the calls instead, as in asyncio, so that all have to be armed before the first is due.
TEST(TimerOrder, InAsynciosOrderTimeoutsAndSleepsWakeInTheOrderOfTheirDeadlines) {
  constexpr int n = 500;
  jay::config c = jay::testing::in_order();
  c.io.threads = 2;
  bool in_time = false;
  for (auto length = std::chrono::milliseconds(5); !in_time; length *= 2) {
    std::vector<int> woken;
    auto main = [&]() -> jay::task<> {
      jay::event never;
      std::vector<jay::task_handle<>> all;
      const jay::time_point first_due = jay::get_event_loop().time() + length;
      for (int i = 0; i < n; ++i)
        all.push_back(jay::create_task([&](int id) -> jay::task<> {
          if (id % 2 == 0) {
            co_await jay::sleep(length);
          } else {
            try {
              co_await jay::wait_for(never.wait(), length);
            } catch (const jay::timeout_error&) {
            }
          }
          woken.push_back(id);
        }, i));
      co_await jay::sleep(std::chrono::seconds(0));  // all others have begun
      in_time = jay::get_event_loop().time() < first_due;
      co_await jay::gather(all);
    };
    jay::run(main(), c);
    if (in_time) {
      EXPECT_EQ(woken, up_to(n)) << length.count() << " ms";
    }
  }
}

}  // namespace
