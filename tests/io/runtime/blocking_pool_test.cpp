// SPDX-License-Identifier: MIT
#include <jay/detail/blocking_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <jay/gather.hpp>
#include <jay/run.hpp>
#include <jay/to_thread.hpp>

using namespace std::chrono_literals;

namespace {

std::atomic<int> made{0};
std::atomic<int> alive{0};

/// In a thread_local: goes as late as possible, and slowly.
struct slow_to_go {
  slow_to_go() {
    ++alive;
    ++made;
  }
  ~slow_to_go() {
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    --alive;
  }
};

TEST(BlockingPool, ItsThreadsHaveEndedWhenRunReturns) {
  auto call = [] {
    thread_local slow_to_go here;
    static_cast<void>(here);
  };
  auto main = [&]() -> jay::task<> { co_await jay::gather(jay::to_thread(call), jay::to_thread(call)); };
  for (int i = 0; i < 20; ++i) {
    jay::run(main());
    EXPECT_EQ(alive.load(), 0);
  }
}

TEST(BlockingPool, ACallThatDoesNotEndIsLeftBehindAndEndsLater) {
  std::atomic<bool> go_on{false};
  std::atomic<bool> begun{false};
  const int before = made;
  {
    jay::detail::blocking_pool pool(2);
    pool.submit("the slow one", [&] {
      begun = true;
      while (!go_on) std::this_thread::yield();
      thread_local slow_to_go here;
      static_cast<void>(here);
    });
    pool.submit("the quick one", [] {});
    while (!begun) std::this_thread::yield();
    EXPECT_EQ(pool.finish(1ms), "the slow one");
  }
  go_on = true;
  while (made == before) std::this_thread::yield();  // it lives without its pool
  while (alive != 0) std::this_thread::yield();
}

}  // namespace
