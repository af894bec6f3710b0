// SPDX-License-Identifier: MIT
// The primitives under many workers, with exact counts, and with cancels at any moment.
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <jay/barrier.hpp>
#include <jay/condition.hpp>
#include <jay/detail/sync.hpp>
#include <jay/event.hpp>
#include <jay/gather.hpp>
#include <jay/queue.hpp>
#include <jay/semaphore.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

#if JAY_TSAN
constexpr int scale = 1;
#else
constexpr int scale = 8;
#endif
constexpr std::uint32_t many = 4;

/// Runs n copies of f(i) and waits for all of them; how many were cancelled.
template <class F>
jay::task<int> crowd(int n, F& f) {
  std::vector<jay::task_handle<>> hs;
  for (int i = 0; i < n; ++i) hs.push_back(jay::create_task(std::ref(f), i));
  int cancelled = 0;
  for (auto& h : hs) {
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      ++cancelled;
    }
  }
  co_return cancelled;
}

/// Cancels handles at random until told to stop.
class saboteur {
 public:
  explicit saboteur(unsigned seed) : random_(seed) {}
  jay::task<> run(std::vector<jay::task_handle<>>& victims, std::atomic<bool>& stop) {
    while (!stop.load()) {
      std::size_t i = random_() % victims.size();
      victims[i].cancel();
      for (unsigned n = random_() % 3; n > 0; --n) co_await yield();
      if (random_() % 4 == 0) co_await yield();
    }
  }

 private:
  std::mt19937 random_;
};

std::atomic<int> begun{0};  // bodies, in this test

/// n tasks of f(i), which are cancelled all the time; f counts itself as begun, takes the cancels and goes on until it has
/// done its share.
template <class F>
jay::task<> sabotaged(int n, F& f, unsigned seed) {
  begun = 0;
  std::vector<jay::task_handle<>> hs;
  for (int i = 0; i < n; ++i) hs.push_back(jay::create_task(std::ref(f), i));
  // One that is cancelled before it starts never runs. The body counts, not its task: an await of it that gives way may take
  // a cancel before the body begins.
  while (begun < n) co_await yield();
  std::atomic<bool> stop = false;
  saboteur s(seed);
  auto trouble = jay::create_task(s.run(hs, stop));
  for (auto& h : hs) {
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      ADD_FAILURE() << "a cancel came out of a task that takes them all";
    }
  }
  stop = true;
  co_await trouble;
}

unsigned new_seed() {
  unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  return seed;
}

TEST(SyncStress, ALockedCounterIsExact) {
  jay::lock lk;
  long count = 0;
  auto body = [&](int i) -> jay::task<> {
    for (int n = 0; n < 500 * scale; ++n) {
      auto g = co_await lk.scoped();
      ++count;
      if ((n + i) % 64 == 0) co_await yield();
    }
  };
  EXPECT_EQ(run(workers(many), crowd(16, body)), 0);
  EXPECT_EQ(count, 16L * 500 * scale);
  EXPECT_FALSE(lk.locked());
}

TEST(SyncStress, ALockStaysExactWhileItsWaitersAreCancelled) {
  jay::lock lk;
  long count = 0;
  std::atomic<long> cancels = 0;
  auto body = [&](int) -> jay::task<> {
    ++begun;
    for (int done = 0; done < 200 * scale;) {
      try {
        auto g = co_await lk.scoped();
        ++count;
        ++done;
        co_await yield();
      } catch (const jay::cancelled_error&) {
        ++cancels;
      }
    }
  };
  run(workers(many), sabotaged(12, body, new_seed()));
  EXPECT_EQ(count, 12L * 200 * scale);
  EXPECT_FALSE(lk.locked());
  std::printf("%ld cancels taken\n", cancels.load());
}

TEST(SyncStress, GatheredWaitersOfALockAreCancelledWithoutALoss) {
  jay::lock lk;
  long count = 0;
  auto locked_add = [&]() -> jay::task<> {
    auto g = co_await lk.scoped();
    ++count;
    co_await yield();
  };
  std::atomic<long> whole = 0, cancels = 0;
  auto body = [&](int) -> jay::task<> {
    ++begun;
    for (int done = 0; done < 60 * scale; ++done) {
      try {
        co_await jay::gather(locked_add(), locked_add(), locked_add());
        ++whole;
      } catch (const jay::cancelled_error&) {
        ++cancels;
      }
    }
  };
  run(workers(many), sabotaged(8, body, new_seed()));
  EXPECT_GE(count, 3 * whole.load());
  EXPECT_LE(count, 3 * (whole.load() + cancels.load()));
  EXPECT_EQ(whole + cancels, 8 * 60 * scale);
  EXPECT_FALSE(lk.locked());
}

TEST(SyncStress, ASemaphoreLosesNoPermitToCancels) {
  jay::bounded_semaphore s(3);
  std::atomic<int> inside = 0;
  std::atomic<bool> too_many = false;
  auto body = [&](int) -> jay::task<> {
    ++begun;
    for (int done = 0; done < 300 * scale;) {
      try {
        auto g = co_await s.scoped();
        if (inside.fetch_add(1) >= 3) too_many = true;
        co_await yield();
        inside.fetch_sub(1);
        ++done;
      } catch (const jay::cancelled_error&) {
      }
    }
  };
  run(workers(many), sabotaged(12, body, new_seed()));
  EXPECT_FALSE(too_many);
  EXPECT_FALSE(s.locked());
  EXPECT_THROW(s.release(), std::invalid_argument);
}

TEST(SyncStress, EveryWaiterOfAnEventIsWoken) {
  for (int round = 0; round < 2 * scale; ++round) {
    std::atomic<int> woken = 0;
    jay::event e;
    auto body = [&](int i) -> jay::task<> {
      if (i == 7) {
        e.set();
      } else {
        co_await e.wait();
        ++woken;
      }
    };
    EXPECT_EQ(run(workers(many), crowd(64, body)), 0);
    EXPECT_EQ(woken, 63);
  }
}

TEST(SyncStress, AnEventMayGoAsSoonAsItsWaiterWasWoken) {
  auto body = [](int) -> jay::task<> {
    for (int n = 0; n < 200 * scale; ++n) {
      auto e = std::make_unique<jay::event>();
      jay::event& ev = *e;
      auto h = jay::create_task(
          [](std::unique_ptr<jay::event> own) -> jay::task<> {
            co_await own->wait();
            own.reset();
          },
          std::move(e));
      ev.set();
      co_await h;
    }
  };
  EXPECT_EQ(run(workers(many), crowd(6, body)), 0);
}

TEST(SyncStress, ALockMayGoAsSoonAsItsLastUserHasReleasedIt) {
  struct counted {
    jay::lock lk;
    int users = 3;
  };
  std::atomic<int> gone = 0;
  auto body = [&](int) -> jay::task<> {
    for (int n = 0; n < 150 * scale; ++n) {
      auto* c = new counted;
      auto use = [&gone](counted* shared) -> jay::task<> {
        co_await shared->lk.acquire();
        bool last = --shared->users == 0;
        shared->lk.release();
        if (last) {
          delete shared;
          ++gone;
        }
      };
      auto a = jay::create_task(use, c);
      auto b = jay::create_task(use, c);
      co_await use(c);
      co_await a;
      co_await b;
    }
  };
  EXPECT_EQ(run(workers(many), crowd(6, body)), 0);
  EXPECT_EQ(gone, 6 * 150 * scale);
}

// A bounded buffer on two conditions: each item is taken once.
TEST(SyncStress, ConditionsLoseNoNotifyToCancels) {
  jay::lock lk;
  jay::condition not_empty(lk), not_full(lk);
  std::vector<int> buffer;
  constexpr int producers = 4, each = 200 * scale;
  std::vector<int> seen(producers * each, 0);
  std::atomic<int> left = producers * each;
  auto body = [&](int i) -> jay::task<> {
    ++begun;
    if (i < producers) {
      for (int n = 0; n < each;) {
        try {
          auto g = co_await lk.scoped();
          co_await not_full.wait_for([&] { return buffer.size() < 4; });
          buffer.push_back(i * each + n);
          ++n;
          not_empty.notify();
        } catch (const jay::cancelled_error&) {
        }
      }
      co_return;
    }
    for (;;) {
      try {
        auto g = co_await lk.scoped();
        co_await not_empty.wait_for([&] { return !buffer.empty() || left == 0; });
        if (buffer.empty()) co_return;
        ++seen[static_cast<std::size_t>(buffer.back())];
        buffer.pop_back();
        not_full.notify();
        if (--left == 0) not_empty.notify_all();
      } catch (const jay::cancelled_error&) {
      }
    }
  };
  run(workers(many), sabotaged(producers * 2, body, new_seed()));
  EXPECT_EQ(left, 0);
  for (int n : seen) ASSERT_EQ(n, 1);
  EXPECT_FALSE(lk.locked());
}

TEST(SyncStress, ABarrierKeepsItsPartiesInStep) {
  constexpr int parties = 5;
  const int rounds = 400 * scale;
  jay::barrier b(parties);
  std::atomic<long> sum = 0;
  std::vector<std::atomic<int>> arrived(static_cast<std::size_t>(rounds));
  std::atomic<bool> early = false;
  auto body = [&](int) -> jay::task<> {
    for (int r = 0; r < rounds; ++r) {
      arrived[static_cast<std::size_t>(r)].fetch_add(1);
      std::size_t i = co_await b.wait();
      sum += static_cast<long>(i);
      if (arrived[static_cast<std::size_t>(r)].load() != parties) early = true;
    }
  };
  EXPECT_EQ(run(workers(many), crowd(parties, body)), 0);
  EXPECT_FALSE(early);
  EXPECT_EQ(sum, rounds * (0L + 1 + 2 + 3 + 4));
}

template <class Q>
void every_item_is_taken_once(Q& q, bool cancels) {
  constexpr int producers = 4, consumers = 4, each = 400 * scale;
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(producers) * each);
  std::atomic<int> to_put = producers;
  auto body = [&](int i) -> jay::task<> {
    ++begun;
    if (i < producers) {
      for (int n = 0; n < each;) {
        try {
          co_await q.put(i * each + n);
          ++n;
        } catch (const jay::cancelled_error&) {
        }
      }
      if (--to_put == 0) q.shutdown();
      co_return;
    }
    for (;;) {
      try {
        int v = co_await q.get();
        seen[static_cast<std::size_t>(v)].fetch_add(1);
        q.task_done();
      } catch (const jay::cancelled_error&) {
      } catch (const jay::queue_shut_down&) {
        co_return;
      }
    }
  };
  if (cancels) run(workers(many), sabotaged(producers + consumers, body, new_seed()));
  else EXPECT_EQ(run(workers(many), crowd(producers + consumers, body)), 0);
  // an item that a cancelled get gave back after the last getter had gone
  while (!q.empty()) {
    seen[static_cast<std::size_t>(q.get_nowait())].fetch_add(1);
    q.task_done();
  }
  for (auto& n : seen) ASSERT_EQ(n, 1);
  EXPECT_THROW(q.task_done(), std::invalid_argument);
}

TEST(SyncStress, EveryItemOfAQueueIsTakenOnce) {
  jay::queue<int> q;
  every_item_is_taken_once(q, false);
  jay::queue<int> bounded(3);
  every_item_is_taken_once(bounded, false);
}

TEST(SyncStress, EveryItemOfAQueueIsTakenOnceInSpiteOfCancels) {
  jay::queue<int> q;
  every_item_is_taken_once(q, true);
  jay::queue<int> bounded(2);
  every_item_is_taken_once(bounded, true);
}

TEST(SyncStress, TheOtherQueuesLoseNothingToCancelsEither) {
  jay::lifo_queue<int> l(3);
  every_item_is_taken_once(l, true);
  jay::priority_queue<int> p(3);
  every_item_is_taken_once(p, true);
}

TEST(SyncStress, OneProducersItemsArriveInTheirOrder) {
  jay::queue<int> q(8);
  const int items = 4000 * scale;
  std::atomic<bool> disorder = false;
  auto body = [&](int i) -> jay::task<> {
    for (int n = 0; n < items; ++n) {
      if (i == 0) {
        co_await q.put(n);
      } else {
        int v = co_await q.get();
        if (v != n) disorder = true;
      }
    }
  };
  EXPECT_EQ(run(workers(many), crowd(2, body)), 0);
  EXPECT_FALSE(disorder);
}

TEST(SyncStress, ThreadsOutsideTheRuntimeFeedAQueue) {
  jay::queue<int> q;
  jay::scheduler s(workers(2));
  const int each = 2000 * scale;
  std::vector<std::thread> feeders;
  for (int t = 0; t < 3; ++t)
    feeders.emplace_back([&] {
      for (int n = 0; n < each; ++n) q.put_nowait(1);
    });
  long sum = jay::testing::run_on(s, [](jay::queue<int>& in, int n) -> jay::task<long> {
    long total = 0;
    for (int i = 0; i < n; ++i) {
      int v = co_await in.get();
      total += v;
    }
    co_return total;
  }(q, 3 * each));
  for (auto& t : feeders) t.join();
  EXPECT_EQ(sum, 3L * each);
  EXPECT_TRUE(q.empty());
}

// Fails under a sanitizer: who wakes the last task of a runtime was still at it when the runtime had gone.
TEST(SyncStress, ARuntimeMayEndWhileAThreadOutsideHasJustWokenItsTask) {
  jay::event e;
  std::atomic<bool> waits{false}, over{false};
  std::atomic<int> set{0};
  std::thread outside([&] {
    for (;;) {
      while (!waits && !over) jay::detail::cpu_relax();
      if (over) return;
      waits = false;
      e.set();
      ++set;
    }
  });
  const int rounds = 100 * scale;
  for (int i = 0; i < rounds; ++i) {
    auto body = [&]() -> jay::task<> {
      waits = true;
      co_await e.wait();
    };
    run(workers(1), body());
    while (set != i + 1) std::this_thread::yield();
    e.clear();
  }
  over = true;
  outside.join();
  EXPECT_EQ(set, rounds);
}

}  // namespace
