// SPDX-License-Identifier: MIT
// Exact counts of very many: nothing that is forked or created is lost, or done twice. JAY_SOAK=1 runs 10^9 forks and
// 10^7 tasks; the usual run a hundredth of the forks and a tenth of the tasks.
#include <atomic>
#include <cstdlib>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/detail/sync.hpp>
#include <jay/gather.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::run;
using jay::testing::workers;

bool soak() {
  const char* s = std::getenv("JAY_SOAK");
  return s && *s == '1';
}
#if JAY_TSAN || JAY_ASAN
constexpr int slower = 50;
#else
constexpr int slower = 1;
#endif

/// How many leaves a tree of this depth has run; each counts itself, by its place, into one of 64 counters.
jay::task<long> leaves(int depth, unsigned place, std::atomic<long>* counters) {
  if (depth == 0) {
    counters[place % 64].fetch_add(1, std::memory_order_relaxed);
    co_return 1;
  }
  auto [a, b] = co_await jay::gather(leaves(depth - 1, 2 * place, counters), leaves(depth - 1, 2 * place + 1, counters));
  co_return a + b;
}

TEST(Counts, EveryForkIsJoinedOnce) {
  // A tree of depth d has 2^(d+1) - 2 forked children.
  int depth = 0;
  const long wanted = (soak() ? 1'000'000'000L : 10'000'000L) / slower;
  while ((2L << depth) - 2 < wanted) ++depth;
  for (unsigned n : {1u, 2u, 4u}) {
    std::vector<std::atomic<long>> counters(64);
    long total = run(workers(n), leaves(depth, 0, counters.data()));
    EXPECT_EQ(1L << depth, total) << n << " workers";
    long counted = 0;
    for (auto& c : counters) counted += c.load();
    EXPECT_EQ(1L << depth, counted) << n << " workers";
  }
}

jay::task<> count_one(std::atomic<long>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
  co_return;
}

/// All are queued before the first is awaited.
jay::task<> create_all(long n, std::atomic<long>& counter) {
  std::vector<jay::task_handle<>> handles;
  handles.reserve(static_cast<std::size_t>(n));
  for (long i = 0; i < n; ++i) handles.push_back(jay::create_task(count_one, std::ref(counter)));
  for (auto& h : handles) co_await h;
}

/// Nobody keeps a handle.
jay::task<> drop_all(long n, std::atomic<long>& counter) {
  for (long i = 0; i < n; ++i) jay::create_task(count_one, std::ref(counter));
  while (counter.load(std::memory_order_relaxed) != n) co_await jay::testing::yield();
}

void expect_each_counted(jay::task<> (*create)(long n, std::atomic<long>& counter)) {
  const long n = (soak() ? 10'000'000L : 1'000'000L) / slower;
  for (unsigned w : {1u, 2u, 4u}) {
    std::atomic<long> counter{0};
    run(workers(w), create(n, counter));
    EXPECT_EQ(n, counter.load()) << w << " workers";
  }
}
TEST(Counts, EveryTaskRunsOnce) { expect_each_counted(create_all); }
TEST(Counts, EveryTaskWhoseHandleIsDroppedRunsOnce) { expect_each_counted(drop_all); }

}  // namespace
