// SPDX-License-Identifier: MIT
#include <jay/stream_operators.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/async_generator.hpp>
#include <jay/broadcast.hpp>
#include <jay/enter.hpp>
#include <jay/queue.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;
using jay::testing::yield;

class StreamOperators : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(StreamOperators);

jay::async_generator<int> count(int n) {
  for (int i = 0; i < n; ++i) {
    co_await yield();
    co_yield i;
  }
}

/// A source that a cancel does not end.
class items {
 public:
  explicit items(jay::queue<int>& q) : queue_(&q) {}
  jay::task<std::optional<int>> next() {
    std::optional<int> v;
    v = co_await queue_->get();
    if (*v < 0) v.reset();
    co_return v;
  }

 private:
  jay::queue<int>* queue_;
};

template <class S>
jay::task<std::vector<typename S::value_type>> all_of(S s) {
  std::vector<typename S::value_type> all;
  while (auto v = co_await s.next()) all.push_back(*std::move(v));
  co_return all;
}

TEST_P(StreamOperators, MapAppliesAFunctionOrAwaitsATask) {
  run([]() -> jay::task<> {
    std::vector<std::string> texts = co_await all_of(jay::map(count(3), [](int v) { return std::to_string(v); }));
    EXPECT_EQ(texts, (std::vector<std::string>{"0", "1", "2"}));
    std::vector<int> twice = co_await all_of(jay::map(count(3), [](int v) -> jay::task<int> {
      co_await yield();
      co_return 2 * v;
    }));
    EXPECT_EQ(twice, (std::vector<int>{0, 2, 4}));
  }());
}

TEST_P(StreamOperators, FilterKeepsWhatIsWanted) {
  run([]() -> jay::task<> {
    std::vector<int> even = co_await all_of(jay::filter(count(6), [](int v) { return v % 2 == 0; }));
    EXPECT_EQ(even, (std::vector<int>{0, 2, 4}));
    std::vector<int> odd = co_await all_of(jay::filter(count(6), [](int v) -> jay::task<bool> {
      co_await yield();
      co_return v % 2 != 0;
    }));
    EXPECT_EQ(odd, (std::vector<int>{1, 3, 5}));
  }());
}

TEST_P(StreamOperators, TakeLeavesTheRestToWhoHasTheSource) {
  run([]() -> jay::task<> {
    auto source = count(5);
    std::vector<int> first = co_await all_of(jay::take(source, 2));
    EXPECT_EQ(first, (std::vector<int>{0, 1}));
    std::vector<int> rest = co_await all_of(jay::take(source, 10));
    EXPECT_EQ(rest, (std::vector<int>{2, 3, 4}));
  }());
}

TEST_P(StreamOperators, BatchedGivesTheRestAsAShorterBatch) {
  run([]() -> jay::task<> {
    std::vector<std::vector<int>> batches = co_await all_of(jay::batched(count(5), 2));
    std::vector<std::vector<int>> want{{0, 1}, {2, 3}, {4}};
    EXPECT_EQ(batches, want);
    EXPECT_THROW(jay::batched(count(1), 0), std::invalid_argument);
  }());
}

TEST_P(StreamOperators, ZipEndsWithTheShortest) {
  run([]() -> jay::task<> {
    auto texts = jay::map(count(2), [](int v) { return std::to_string(10 * v); });
    std::vector<std::tuple<int, std::string>> pairs = co_await all_of(jay::zip(count(3), std::move(texts)));
    std::vector<std::tuple<int, std::string>> want{{0, "0"}, {1, "10"}};
    EXPECT_EQ(pairs, want);
  }());
}

TEST_P(StreamOperators, MergeGivesTheValuesOfAll) {
  run([]() -> jay::task<> {
    std::vector<int> all = co_await all_of(jay::merge(count(100), jay::map(count(50), [](int v) { return 1000 + v; })));
    EXPECT_EQ(all.size(), 150u);
    std::vector<int> low, high;
    for (int v : all) (v < 1000 ? low : high).push_back(v);
    EXPECT_TRUE(std::is_sorted(low.begin(), low.end()));
    EXPECT_TRUE(std::is_sorted(high.begin(), high.end()));
    EXPECT_EQ(low.size(), 100u);
  }());
}

TEST_P(StreamOperators, MergeDoesNotWaitForTheSlowOne) {
  run([]() -> jay::task<> {
    jay::queue<int> slow;
    auto merged = jay::merge(items(slow), count(3));
    for (int i = 0; i < 3; ++i) {
      auto v = co_await merged.next();
      EXPECT_EQ(v, i);
    }
    slow.put_nowait(7);
    auto v = co_await merged.next();
    EXPECT_EQ(v, 7);
    slow.put_nowait(-1);
    v = co_await merged.next();
    EXPECT_FALSE(v.has_value());
    v = co_await merged.next();
    EXPECT_FALSE(v.has_value());
  }());
}

struct load {
  std::atomic<int> now{0}, most{0};
};
jay::task<int> loaded(load& l, int v) {
  int now = ++l.now;
  for (int most = l.most; most < now && !l.most.compare_exchange_weak(most, now);) {
  }
  for (int i = 0; i < (v % 3) * 3; ++i) co_await yield();
  --l.now;
  co_return 10 * v;
}

TEST_P(StreamOperators, BufferedRunsSomeAtATimeAndKeepsTheOrder) {
  run([]() -> jay::task<> {
    load l;
    auto out = jay::buffered(count(50), 4, [&l](int v) { return loaded(l, v); });
    std::vector<int> all = co_await all_of(std::move(out));
    std::vector<int> want;
    for (int i = 0; i < 50; ++i) want.push_back(10 * i);
    EXPECT_EQ(all, want);
    EXPECT_GT(l.most, 1);
    EXPECT_LE(l.most, 4);
  }());
}

TEST_P(StreamOperators, BufferedTakesAStreamOfOps) {
  run([]() -> jay::task<> {
    load l;
    auto tasks = [](load& of) -> jay::async_generator<jay::task<int>> {
      for (int i = 0; i < 5; ++i) co_yield loaded(of, i);
    };
    std::vector<int> all = co_await all_of(jay::buffered(tasks(l), 2));
    EXPECT_EQ(all, (std::vector<int>{0, 10, 20, 30, 40}));
    EXPECT_THROW(jay::buffered(tasks(l), 0), std::invalid_argument);
  }());
}

TEST_P(StreamOperators, AnErrorTakesThePlaceOfItsValueAndTheStreamGoesOn) {
  run([]() -> jay::task<> {
    auto check = [](int v) -> jay::task<int> {
      if (v == 1) throw std::runtime_error("one");
      co_return v;
    };
    auto read = [](auto s) -> jay::task<std::string> {
      std::string all;
      for (;;) {
        try {
          auto v = co_await s.next();
          if (!v) break;
          all += std::to_string(*v);
        } catch (const std::runtime_error& e) {
          all += std::string(" ") + e.what() + " ";
        }
      }
      co_return all;
    };
    std::string mapped = co_await read(jay::map(count(3), check));
    EXPECT_EQ(mapped, "0 one 2");
    std::string buffered = co_await read(jay::buffered(count(3), 2, check));
    EXPECT_EQ(buffered, "0 one 2");
    std::string merged = co_await read(jay::merge(jay::map(count(3), check)));
    EXPECT_EQ(merged, "0 one 2");
  }());
}

jay::async_generator<int> closing(int& closed, int from = 0) {
  co_await jay::defer([](int& n) -> jay::task<> {
    co_await yield();
    ++std::atomic_ref(n);
  }, std::ref(closed));
  for (int i = from;; ++i) {
    co_await yield();
    co_yield i;
  }
}

/// Reads until both have given something: 0 and on, and `second` and on.
template <class S>
jay::task<> begin_both(S& merged, int second) {
  bool low = false, high = false;
  while (!low || !high) {
    auto v = co_await merged.next();
    (*v < second ? low : high) = true;
  }
}

TEST_P(StreamOperators, AcloseClosesWhatIsOwned) {
  run([]() -> jay::task<> {
    int closed = 0;
    auto same = [](int v) { return v; };
    auto chain = jay::take(jay::filter(jay::map(closing(closed), same), [](int) { return true; }), 5);
    co_await chain.next();
    co_await chain.aclose();
    EXPECT_EQ(closed, 1);
    auto pairs = jay::batched(jay::zip(closing(closed), closing(closed)), 2);
    co_await pairs.next();
    co_await pairs.aclose();
    EXPECT_EQ(closed, 3);
    auto merged = jay::merge(closing(closed), closing(closed, 1'000'000'000));
    co_await begin_both(merged, 1'000'000'000);
    co_await merged.aclose();
    EXPECT_EQ(closed, 5);
    auto v = co_await merged.next();
    EXPECT_FALSE(v.has_value());
    auto own = closing(closed);
    auto referring = jay::map(own, same);
    co_await referring.next();
    co_await referring.aclose();
    EXPECT_EQ(closed, 5);
    co_await own.aclose();
  }());
}

jay::task<int> hanging(int& alive, gate& g) {
  counted c(alive);
  co_await g.pass();
  co_return 0;
}

TEST_P(StreamOperators, AcloseOfBufferedCancelsAndJoinsWhatRuns) {
  run([]() -> jay::task<> {
    int alive = 0, closed = 0;
    gate g;
    auto out = jay::buffered(closing(closed), 1, [&](int) { return hanging(alive, g); });
    auto h = jay::create_task(out.next());
    co_await g.arrived;
    h.cancel();
    auto ended = co_await jay::settled(h);
    EXPECT_TRUE(ended.cancelled());
    EXPECT_EQ(std::atomic_ref(alive).load(), 1);  // a cancel of next() does not reach it
    co_await out.aclose();
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(closed, 1);
    g.open();
  }());
}

TEST_P(StreamOperators, OneThatIsDroppedLeavesNothingRunning) {
  int alive = 0, closed = 0;
  run([](int& a, int& c) -> jay::task<> {
    gate g;
    {
      auto out = jay::buffered(closing(c), 1, [&](int) { return hanging(a, g); });
      auto h = jay::create_task(out.next());
      co_await g.arrived;
      h.cancel();
      jay::result<std::optional<int>> r = co_await jay::settled(h);
      EXPECT_TRUE(r.cancelled());
      auto merged = jay::merge(closing(c), closing(c, 1'000'000'000));
      co_await begin_both(merged, 1'000'000'000);
    }
    while (std::atomic_ref(a).load() != 0) co_await yield();
    g.open();
  }(alive, closed));
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(closed, 3);
}

TEST_P(StreamOperators, ABroadcastReceiverIsAStream) {
  run([]() -> jay::task<> {
    jay::broadcast<int> source(8);
    auto doubled = jay::map(source.subscribe(), [](int v) { return 2 * v; });
    source.send(1);
    source.send(2);
    auto first = co_await doubled.next();
    EXPECT_EQ(first, 2);
    auto rest = jay::create_task(all_of(std::move(doubled)));
    co_await yield();
    source.close();
    std::vector<int> all = co_await rest;
    EXPECT_EQ(all, std::vector<int>{4});
  }());
}

// A cancel at each suspension: what the source has given is not lost, whatever waits.
template <class Make>
jay::task<> cancelled_in_each_wait(Make make) {
  constexpr int n = 6;
  jay::queue<int> q;
  auto s = make(items(q));
  std::vector<int> all;
  bool more = true;  // a task that is cancelled after its last wait has read, and ends as cancelled all the same
  auto read = [&](auto& from) -> jay::task<> {
    auto v = co_await from.next();
    if (v) all.push_back(*v);
    else more = false;
  };
  for (int i = 0;; ++i) {
    auto waits = jay::create_task(read(s));
    for (int turns = 0; turns < i % 4; ++turns) co_await yield();
    if (i <= 2 * n) waits.cancel();  // it has not begun, waits, or has its value
    if (i % 2 == 0 && i / 2 < n) q.put_nowait(i / 2);
    if (i == 2 * n) q.put_nowait(-1);
    jay::result<void> ended = co_await jay::settled(waits);
    (void)ended;
    if (!more) break;
  }
  std::vector<int> want;
  for (int i = 0; i < n; ++i) want.push_back(i);
  EXPECT_EQ(all, want);
}

TEST_P(StreamOperators, ACancelOfNextLosesNothing) {
  run([]() -> jay::task<> {
    co_await cancelled_in_each_wait([](items s) { return jay::map(std::move(s), [](int v) { return v; }); });
    co_await cancelled_in_each_wait([](items s) {
      return jay::filter(std::move(s), [](int) -> jay::task<bool> {
        co_await yield();
        co_return true;
      });
    });
    co_await cancelled_in_each_wait([](items s) { return jay::take(std::move(s), 100); });
    co_await cancelled_in_each_wait([](items s) {
      return jay::map(jay::batched(std::move(s), 1), [](std::vector<int> v) { return v[0]; });
    });
    co_await cancelled_in_each_wait([](items s) {
      return jay::map(jay::zip(std::move(s), count(1000)), [](std::tuple<int, int> v) { return std::get<0>(v); });
    });
    co_await cancelled_in_each_wait([](items s) { return jay::merge(std::move(s)); });
    co_await cancelled_in_each_wait([](items s) {
      return jay::buffered(std::move(s), 2, [](int v) -> jay::task<int> {
        co_await yield();
        co_return v;
      });
    });
  }());
}

}  // namespace
