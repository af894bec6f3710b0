// SPDX-License-Identifier: MIT
// Whatever can run begins (scheduler/src/core/turns.hpp), and whoever is cancelled learns of it, whatever else keeps the workers
// busy. A test here that fails does not end.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <semaphore>
#include <thread>
#include <vector>

#include <jay/cancel.hpp>
#include <jay/event.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/lock.hpp>
#include <jay/queue.hpp>
#include <jay/semaphore.hpp>
#include <jay/settled.hpp>
#include <jay/task_list.hpp>

#include "tests/support/hogs.hpp"
#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::forks;
using jay::testing::gives_way;
using jay::testing::run_on;
using jay::testing::serial;
using jay::testing::workers;
using jay::testing::yield;

// ---- what keeps workers busy ----

jay::task<> one_leaf() {
  serial(12);
  co_return;
}
/// One fork of very many children: none of them forks.
jay::task<> forks_widely(const std::atomic<bool>& stop) {
  while (!stop) {
    jay::task_list<void> children;
    children.reserve(20'000);
    for (int i = 0; i < 20'000; ++i) children.push_back(one_leaf());
    co_await jay::gather(children);
  }
}
/// Awaits that never suspend.
jay::task<> awaits(const std::atomic<bool>& stop) {
  while (!stop) co_await one_leaf();
}
jay::task<> takes_what_is_there(const std::atomic<bool>& stop) {
  jay::queue<int> q;
  while (!stop) {
    co_await q.put(1);
    co_await q.get();
  }
}
jay::task<> begets(const std::atomic<bool>& stop) {
  if (!stop) jay::create_task(begets, std::cref(stop));
  co_return;
}

using hog = jay::task<> (*)(const std::atomic<bool>&);
struct named_hog {
  const char* name;
  hog run;
};
constexpr named_hog hogs[] = {
    {"Forks", forks},         {"ForksWidely", forks_widely},       {"Awaits", awaits},
    {"GivesWay", gives_way}, {"TakesWhatIsThere", takes_what_is_there}, {"Begets", begets},
};

struct set_up {
  named_hog hog;
  unsigned workers;
};

class Fairness : public ::testing::TestWithParam<set_up> {
 protected:
  static constexpr int hogs_a_worker = 2;

  /// Runs the body beside the hogs, which stop when it has ended.
  template <class Body>
  void beside_hogs(Body body) {
    jay::scheduler s(workers(GetParam().workers));
    std::atomic<bool> stop{false};
    auto main = [&]() -> jay::task<> {
      std::vector<jay::task_handle<>> running;
      for (unsigned i = 0; i < hogs_a_worker * GetParam().workers; ++i)
        running.push_back(jay::create_task(GetParam().hog.run, std::cref(stop)));
      co_await body(s);
      stop = true;
      for (auto& h : running) co_await h;
    };
    run_on(s, main());
  }
};

TEST_P(Fairness, ATaskThatWasMadeBeforeThemBegins) {
  jay::scheduler s(workers(GetParam().workers));
  std::atomic<bool> stop{false};
  auto main = [&]() -> jay::task<> {
    auto first = jay::create_task([](std::atomic<bool>& end) -> jay::task<> {
      end = true;
      co_return;
    }, std::ref(stop));
    std::vector<jay::task_handle<>> running;
    for (unsigned i = 0; i < hogs_a_worker * GetParam().workers; ++i)
      running.push_back(jay::create_task(GetParam().hog.run, std::cref(stop)));
    co_await first;
    for (auto& h : running) co_await h;
  };
  run_on(s, main());
}

TEST_P(Fairness, WhatAnotherThreadWakesGoesOn) {
  beside_hogs([](jay::scheduler&) -> jay::task<> {
    for (int i = 0; i < 3; ++i) {
      auto [p, f] = jay::with_resolvers<int>();
      std::thread outside([&p = p] { p.set_result(1); });
      co_await f;
      outside.join();
    }
  });
}

TEST_P(Fairness, WhatGivesWayGoesOn) {
  beside_hogs([](jay::scheduler&) -> jay::task<> {
    for (int i = 0; i < 5; ++i) co_await yield();
  });
}

TEST_P(Fairness, ATaskOfLowPriorityBegins) {
  beside_hogs([](jay::scheduler&) -> jay::task<> {
    auto low = jay::create_task(jay::task_options().priority(jay::priority::low), one_leaf);
    co_await low;
  });
}

TEST_P(Fairness, AThousandTasksBegin) {
  beside_hogs([](jay::scheduler&) -> jay::task<> {
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 1000; ++i) all.push_back(jay::create_task(one_leaf));
    for (auto& h : all) co_await h;
  });
}

TEST_P(Fairness, ThreeThatWaitForEachOtherGoOn) {
  beside_hogs([](jay::scheduler&) -> jay::task<> {
    jay::event ping, pong;
    auto player = jay::create_task([](jay::event& mine, jay::event& yours) -> jay::task<> {
      for (int i = 0; i < 5; ++i) {
        co_await mine.wait();
        mine.clear();
        yours.set();
      }
    }, std::ref(ping), std::ref(pong));
    for (int i = 0; i < 5; ++i) {
      ping.set();
      co_await pong.wait();
      pong.clear();
    }
    co_await player;
  });
}

std::vector<set_up> all_set_ups() {
  std::vector<set_up> all;
  for (const named_hog& h : hogs)
    for (unsigned n : {1u, 2u, 8u}) all.push_back({h, n});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Beside, Fairness, ::testing::ValuesIn(all_set_ups()), [](const auto& info) {
  return std::string(info.param.hog.name) + "On" + std::to_string(info.param.workers) + "Workers";
});

// ---- low priority beside high priority that never ends ----

class FairnessOfPriorities : public jay::testing::WorkerCounts {};
INSTANTIATE_TEST_SUITE_P(On, FairnessOfPriorities, ::testing::Values(1u, 2u, 8u, 0u), jay::testing::worker_count_name);

/// Its step takes longer than a tick, so that each asks for a turn.
jay::task<> begets_high(const std::atomic<bool>& stop, std::chrono::milliseconds step) {
  if (stop) co_return;
  jay::create_task(jay::task_options().priority(jay::priority::high), begets_high, std::cref(stop), step);
  const auto until = std::chrono::steady_clock::now() + step;
  while (std::chrono::steady_clock::now() < until) serial(12);
}

TEST_P(FairnessOfPriorities, ALowTaskBeginsBesideEndlessHighOnesWhateverTheirStepsTake) {
  for (int step : {0, 3}) {
    std::atomic<bool> stop{false};
    auto main = [&]() -> jay::task<> {
      for (unsigned i = 0; i < 2 * std::max(1u, GetParam()); ++i)
        jay::create_task(jay::task_options().priority(jay::priority::high), begets_high, std::cref(stop),
                         std::chrono::milliseconds(step));
      for (int i = 0; i < 3; ++i) {
        auto low = jay::create_task(jay::task_options().priority(jay::priority::low), one_leaf);
        co_await low;
      }
      stop = true;
    };
    run(main());
    EXPECT_TRUE(stop);
  }
}

// ---- a task that computes for ever is cancelled, and drained ----

class Endless : public ::testing::TestWithParam<set_up> {};

TEST_P(Endless, IsCancelled) {
  jay::scheduler s(workers(GetParam().workers));
  const std::atomic<bool> never{false};
  auto main = [&]() -> jay::task<> {
    auto h = jay::create_task(GetParam().hog.run, std::cref(never));
    for (int i = 0; i < 3; ++i) co_await yield();
    h.cancel();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
  };
  run_on(s, main());
}

TEST_P(Endless, AreDrained) {
  jay::scheduler s(workers(GetParam().workers));
  const std::atomic<bool> never{false};
  auto main = [&]() -> jay::task<> {
    for (unsigned i = 0; i < 2 * GetParam().workers; ++i) jay::create_task(GetParam().hog.run, std::cref(never));
    co_return;
  };
  run_on(s, main());  // expects that it could be drained
}

std::vector<set_up> cancellable() {
  std::vector<set_up> all = all_set_ups();
  std::erase_if(all, [](const set_up& p) { return p.hog.run == begets; });  // each of them ends
  return all;
}
INSTANTIATE_TEST_SUITE_P(Task, Endless, ::testing::ValuesIn(cancellable()), [](const auto& info) {
  return std::string("That") + info.param.hog.name + "On" + std::to_string(info.param.workers) + "Workers";
});

// ---- operations that are ready at once ----

struct ready_operation {
  const char* name;
  jay::task<> (*run)();
};
jay::task<> of_a_lock() {
  jay::lock lk;
  for (;;) auto guard = co_await lk.scoped();
}
jay::task<> of_a_semaphore() {
  jay::semaphore permits(2);
  for (;;) auto guard = co_await permits.scoped();
}
jay::task<> of_an_event() {
  jay::event set;
  set.set();
  for (;;) co_await set.wait();
}
jay::task<> of_a_queue() {
  jay::queue<int> q;
  for (;;) {
    co_await q.put(1);
    co_await q.get();
  }
}
jay::task<> of_a_queue_that_is_done() {
  jay::queue<int> q;
  for (;;) co_await q.join();
}
jay::task<> of_a_handle() {
  auto done = jay::create_task([]() -> jay::task<int> { co_return 1; });
  co_await done;
  for (;;) co_await done;
}
jay::task<> of_a_settled_handle() {
  auto done = jay::create_task([]() -> jay::task<int> { co_return 1; });
  co_await done;
  for (;;) auto r = co_await jay::settled(done);
}
jay::task<> of_a_future() {
  auto [p, f] = jay::with_resolvers<int>();
  p.set_result(1);
  for (;;) co_await f;
}
jay::task<> of_a_gather_of_handles() {
  auto done = jay::create_task([]() -> jay::task<int> { co_return 1; });
  co_await done;
  for (;;) co_await jay::gather(done, done);
}

class Ready : public ::testing::TestWithParam<ready_operation> {};

TEST_P(Ready, ALoopOfThemIsCancelled) {
  for (unsigned n : {1u, 2u, 0u}) {
    auto main = []() -> jay::task<> {
      auto h = jay::create_task(GetParam().run);
      co_await yield();
      h.cancel();
      auto r = co_await jay::settled(h);
      EXPECT_TRUE(r.cancelled());
    };
    jay::testing::run(n ? workers(n) : jay::testing::in_asyncio_order(), main());
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, Ready,
                         ::testing::Values(ready_operation{"OfALock", of_a_lock}, ready_operation{"OfASemaphore", of_a_semaphore},
                                           ready_operation{"OfAnEvent", of_an_event}, ready_operation{"OfAQueue", of_a_queue},
                                           ready_operation{"OfAQueueThatIsDone", of_a_queue_that_is_done},
                                           ready_operation{"OfAHandle", of_a_handle},
                                           ready_operation{"OfASettledHandle", of_a_settled_handle},
                                           ready_operation{"OfAFuture", of_a_future},
                                           ready_operation{"OfAGatherOfHandles", of_a_gather_of_handles}),
                         [](const auto& info) { return std::string(info.param.name); });

// ---- what a turn owes ----

TEST(GivingWay, LetsAllRunThatIsReady) {
  constexpr int batch = 1000;
  auto main = []() -> jay::task<> {
    std::atomic<int> ended{0};
    auto count = [](std::atomic<int>& n) -> jay::task<> {
      ++n;
      co_return;
    };
    constexpr int rounds = 20;
    int early = 0;  // times that it came back before the rest
    const auto begun = std::chrono::steady_clock::now();
    for (int round = 1; round <= rounds; ++round) {
      for (int i = 0; i < batch; ++i) jay::create_task(count, std::ref(ended));
      co_await yield();
      for (; ended < round * batch; ++early) co_await yield();
    }
    // Once a turn, for which the ticker asks every two milliseconds; one may have been asked for before.
    EXPECT_LE(early, (std::chrono::steady_clock::now() - begun) / std::chrono::milliseconds(2) + 2);
  };
  jay::testing::run(workers(1), main());
}

TEST(GivingWay, ACleanupThatACancelLedToRunsWhole) {
  std::atomic<int> cleaned{0};
  auto main = [&]() -> jay::task<> {
    for (int i = 0; i < 200; ++i) {
      auto h = jay::create_task([](std::atomic<int>& n) -> jay::task<> {
        bool cancelled = false;
        try {
          for (;;) co_await one_leaf();
        } catch (const jay::cancelled_error&) {
          cancelled = true;
        }
        jay::current_task().cancel();  // a second one, which is due when the cleanup begins
        try {
          co_await [](std::atomic<int>& k) -> jay::task<> {
            ++k;
            co_return;
          }(n);
        } catch (const jay::cancelled_error&) {
        }
        if (cancelled) co_return;
      }, std::ref(cleaned));
      co_await yield();
      h.cancel();
      auto ended = co_await jay::settled(h);
      EXPECT_FALSE(ended.has_value() && ended.cancelled());
    }
  };
  jay::testing::run(workers(2), main());
  EXPECT_GT(cleaned, 0);
}

TEST(Statistics, TellHowLongTheOldestJobOfAKindHasWaited) {
  jay::scheduler s(workers(1));
  auto main = [&]() -> jay::task<> {
    auto low = jay::create_task(jay::task_options().priority(jay::priority::low), one_leaf);
    while (s.statistics().low.worst < std::chrono::milliseconds(1)) std::this_thread::yield();  // without a point
    co_await low;
    while (s.statistics().low.now != std::chrono::microseconds(0)) co_await yield();
  };
  run_on(s, main());
  EXPECT_GE(s.statistics().low.worst, std::chrono::milliseconds(1));
}

}  // namespace
