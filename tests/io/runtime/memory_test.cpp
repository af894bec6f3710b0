// SPDX-License-Identifier: MIT
// Memory that a burst has taken comes back: to the next burst, whichever worker makes it, and after a rest to the system.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <vector>

#include <jay/detail/timers.hpp>
#include <jay/jay.hpp>

#include "tests/support/configs.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAY_OWN_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JAY_OWN_MEMORY 1
#endif
#endif

using namespace std::chrono_literals;

namespace {

#if !JAY_OWN_MEMORY  // a sanitizer keeps what is freed, and more beside it

/// What the process has in memory.
double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  long all = 0, resident = 0;
  statm >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

jay::task<> waiter(jay::event& all_are_made) { co_await all_are_made.wait(); }

jay::task<> burst(int n) {
  jay::event all_are_made;
  std::vector<jay::task_handle<>> hs;
  hs.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) hs.push_back(jay::create_task(waiter(all_are_made)));
  all_are_made.set();
  for (auto& h : hs) co_await h;
}

/// Waits, resting, until no more than so much is resident; false: it never was. The limit is far above what a rest takes.
jay::task<bool> falls_below(double mb) {
  for (auto until = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < until;) {
    if (resident_mb() < mb) co_return true;
    co_await jay::sleep(100ms);
  }
  co_return false;
}

class Memory : public ::testing::TestWithParam<unsigned> {
 protected:
  jay::config config() const {
    jay::config c = jay::testing::with_workers(GetParam());
    c.scheduler.frames_kept = 1;
    return c;
  }
};
INSTANTIATE_TEST_SUITE_P(Workers, Memory, ::testing::Values(1u, 2u, 8u));

constexpr int many = 100'000;
constexpr double a_burst = many * 400 / 1e6;  // frame and task

TEST_P(Memory, ComesBackAfterARest) {
  double before = resident_mb(), at_most = 0;
  auto main = [&]() -> jay::task<bool> {
    for (int i = 0; i < 6; ++i) {
      co_await burst(many);
      at_most = std::max(at_most, resident_mb() - before);
    }
    bool fell = co_await falls_below(before + a_burst / 2);
    co_return fell;
  };
  EXPECT_TRUE(jay::run(main(), config()));
  EXPECT_GT(at_most, a_burst / 2);  // else it has shown nothing
  EXPECT_LT(resident_mb() - before, a_burst / 4);
}

TEST_P(Memory, OfTasksWhoseHandlesAreKeptBeyondTheRunStaysRight) {
  auto value = [](int i) -> jay::task<int> { co_return i; };
  auto main = [&]() -> jay::task<std::vector<jay::task_handle<int>>> {
    std::vector<jay::task_handle<int>> kept;
    for (int i = 0; i < 2000; ++i) {
      auto h = jay::create_task(value(i));
      co_await h;
      if (i % 7 == 0) kept.push_back(h);
    }
    co_await burst(many);
    co_return kept;
  };
  auto kept = jay::run(main(), config());
  jay::run(burst(many), config());
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].result(), static_cast<int>(i) * 7);
  kept.clear();
  jay::run(burst(10), config());
  EXPECT_EQ(jay::detail::frame_depot::bytes(), 0u);
}

#endif

TEST(Memory, TheTimersHeapShrinksAfterABurst) {
  jay::detail::timers t(1);
  std::vector<jay::detail::timer> all(100'000);
  auto now = std::chrono::steady_clock::now();
  for (auto& one : all) {
    one.deadline = now + 1h + std::chrono::microseconds(&one - all.data());
    t.add(one);
  }
  std::size_t full = t.bytes();
  for (std::size_t i = 1; i < all.size(); ++i) t.remove(all[i]);
  EXPECT_EQ(t.size(), 1u);
  EXPECT_LT(t.bytes(), full / 50);
  t.remove(all[0]);
}

}  // namespace
