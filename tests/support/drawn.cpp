// SPDX-License-Identifier: MIT
// What a test leaves open is drawn for it: workers, order, steal and I/O threads, from a seed and the test's name.
//
// The draw stands in the environment (JAY_SCHEDULER_WORKERS and so on), where jay::run finds it, and a process that a death test
// starts too. A variable that the caller has set stays as it is. A test that says something about a number or an order sets it:
// with_workers(n) and in_order() of configs.hpp. Each run of a program has a seed of its own, which JAY_DRAW_SEED=n sets.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <jay/detail/splitmix64.hpp>

namespace {

class drawn_anew : public testing::EmptyTestEventListener {
 public:
  drawn_anew() {
    const char* given = std::getenv("JAY_DRAW_SEED");
    seed_ = given ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::erase_if(open_, [](const variable& v) { return std::getenv(v.name) != nullptr; });
  }

 private:
  struct variable {
    const char* name;
    std::vector<const char*> values;
  };

  void OnTestProgramStart(const testing::UnitTest&) override {
    std::printf("workers, order, steal and I/O threads are drawn: JAY_DRAW_SEED=%llu\n", seed());
    std::fflush(stdout);
  }
  void OnTestStart(const testing::TestInfo& test) override {
    std::uint64_t hash = seed_;
    for (const char c : name_of(test)) hash = jay::detail::splitmix64(hash ^ static_cast<unsigned char>(c))();
    jay::detail::splitmix64 draw(hash);
    for (const variable& v : open_) ::setenv(v.name, v.values[draw() % v.values.size()], 1);
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Failed()) return;
    std::string drawn;
    for (const variable& v : open_) drawn += std::string(" ") + v.name + "=" + std::getenv(v.name);
    std::printf("JAY_DRAW_SEED=%llu drew for %s:%s\n", seed(), name_of(test).c_str(), drawn.c_str());
  }

  static std::string name_of(const testing::TestInfo& test) { return std::string(test.test_suite_name()) + "." + test.name(); }
  unsigned long long seed() const { return seed_; }

  std::uint64_t seed_;
  std::vector<variable> open_{
      {"JAY_SCHEDULER_WORKERS", {"1", "2", "3", "4"}},
      {"JAY_SCHEDULER_ORDER", {"depth", "depth", "depth", "asyncio"}},
      {"JAY_SCHEDULER_STEAL", {"one", "half"}},
      {"JAY_IO_THREADS", {"0", "1", "2"}},
  };
};

const bool listens = (testing::UnitTest::GetInstance()->listeners().Append(new drawn_anew), true);

}  // namespace
