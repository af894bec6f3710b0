// SPDX-License-Identifier: MIT
#include <jay/queue.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run;
using jay::testing::workers;
using jay::testing::yield;

template <class Q>
jay::task<> get_into(Q& q, std::vector<int>& got) {
  int v = co_await q.get();
  got.push_back(v);
}
jay::task<> put_and_note(jay::queue<int>& q, int v, std::vector<int>& order) {
  co_await q.put(v);
  order.push_back(v);
}

TEST(Queue, GivesItemsInTheOrderTheyWerePut) {
  jay::queue<int> q;  // outside a runtime
  EXPECT_TRUE(q.empty());
  EXPECT_FALSE(q.full());
  EXPECT_EQ(q.maxsize(), 0u);
  for (int i = 0; i < 5; ++i) q.put_nowait(i);
  EXPECT_EQ(q.qsize(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(q.get_nowait(), i);
  EXPECT_TRUE(q.empty());
}

template <class T>
void expect_kept(std::vector<T> items) {
  jay::queue<T> q;
  for (const T& i : items) q.put_nowait(i);
  for (const T& i : items) EXPECT_EQ(q.get_nowait(), i);
}

TEST(Queue, KeepsItemsOfEverySize) {
  enum class small : std::uint8_t { a = 1, b = 200 };
  struct padded {
    char a;
    int b;
    bool operator==(const padded&) const = default;
  };
  struct odd {
    char bytes[3];
    explicit odd(char c) : bytes{c, 'x', c} {}  // without a default constructor
    bool operator==(const odd&) const = default;
  };
  struct large {
    double a, b, c;
    bool operator==(const large&) const = default;
  };
  int x = 0;
  expect_kept<std::uint8_t>({0, 1, 255});
  expect_kept<small>({small::a, small::b});
  expect_kept<float>({-0.5F, 1e30F});
  expect_kept<double>({-0.5, 1e300});
  expect_kept<int*>({&x, nullptr});
  expect_kept<padded>({{'a', 1}, {'b', -1}});
  expect_kept<odd>({odd('p'), odd('q')});
  expect_kept<large>({{1, 2, 3}, {4, 5, 6}});
  expect_kept<std::string>({"", "a string that is too long to stand in its object"});
}

TEST(Queue, NowaitFormsThrowInsteadOfWaiting) {
  jay::queue<int> q(1);
  EXPECT_THROW(q.get_nowait(), jay::queue_empty);
  q.put_nowait(1);
  EXPECT_TRUE(q.full());
  EXPECT_THROW(q.put_nowait(2), jay::queue_full);
  EXPECT_EQ(q.get_nowait(), 1);
}

// With order = "depth" what is waited for is handed over (in asyncio's it is not). One worker, and enough turns for all to wait.
jay::task<> yields() {
  for (int i = 0; i < 8; ++i) co_await yield();
}

TEST(Queue, GetWaitsForAPut) {
  run(workers(1), []() -> jay::task<> {
    jay::queue<std::string> q;
    auto h = jay::create_task(q.get());
    co_await yields();
    EXPECT_FALSE(h.done());
    co_await q.put("x");
    EXPECT_EQ(q.qsize(), 0u);  // it is on its way
    std::string s = co_await h;
    EXPECT_EQ(s, "x");
  }());
}

TEST(Queue, PutWaitsForRoomAndKeepsItsPlace) {
  run(workers(1), []() -> jay::task<> {
    jay::queue<int> q(1);
    std::vector<int> order;
    co_await q.put(0);
    auto a = jay::create_task(put_and_note, std::ref(q), 1, std::ref(order));
    co_await yields();
    auto b = jay::create_task(put_and_note, std::ref(q), 2, std::ref(order));
    co_await yields();
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(q.get_nowait(), 0);
    EXPECT_TRUE(q.full());  // 1 is in it already: nobody comes in between
    EXPECT_THROW(q.put_nowait(9), jay::queue_full);
    co_await a;
    EXPECT_FALSE(b.done());
    int one = co_await q.get();
    int two = co_await q.get();
    EXPECT_EQ(one, 1);
    EXPECT_EQ(two, 2);
    co_await b;
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
  }());
}

TEST(Queue, GettersAreServedInTheirOrder) {
  std::vector<int> first, second;
  run(in_asyncio_order(), [](std::vector<int>& x, std::vector<int>& y) -> jay::task<> {
    jay::queue<int> q;
    auto a = jay::create_task(get_into<jay::queue<int>>, std::ref(q), std::ref(x));
    auto b = jay::create_task(get_into<jay::queue<int>>, std::ref(q), std::ref(y));
    co_await yield();
    q.put_nowait(1);
    q.put_nowait(2);
    co_await b;
    co_await a;
  }(first, second));
  EXPECT_EQ(first, std::vector<int>{1});
  EXPECT_EQ(second, std::vector<int>{2});
}

TEST(Queue, TakesItemsThatCanOnlyBeMoved) {
  run(workers(1), []() -> jay::task<> {
    jay::queue<std::unique_ptr<int>> q(1);
    auto p = std::make_unique<int>(5);
    co_await q.put(std::move(p));
    EXPECT_EQ(p, nullptr);
    auto six = std::make_unique<int>(6);
    auto put = q.put(std::move(six));
    auto h = jay::create_task(std::move(put));
    std::unique_ptr<int> a = co_await q.get();
    std::unique_ptr<int> b = co_await q.get();
    EXPECT_EQ(*a, 5);
    EXPECT_EQ(*b, 6);
    co_await h;
  }());
}

struct throws_when_moved {
  int value = 0;
  throws_when_moved(int v) : value(v) {}
  throws_when_moved(const throws_when_moved& o) : value(o.value) {
    if (value < 0) throw std::runtime_error("copy");
  }
};

TEST(Queue, AnItemWhoseCopyThrowsIsRefusedByPut) {
  jay::queue<throws_when_moved> q;
  q.put_nowait(throws_when_moved(3));
  EXPECT_THROW(q.put_nowait(throws_when_moved(-1)), std::runtime_error);
  EXPECT_EQ(q.qsize(), 1u);
  EXPECT_EQ(q.get_nowait().value, 3);
}

struct alignas(64) wide {
  explicit wide(int v) : value(v) {}
  wide(const wide& o) : value(o.value) { check(); }  // not trivial: passed by reference, whatever the compiler's ABI
  void check() const { EXPECT_EQ(reinterpret_cast<std::uintptr_t>(this) % 64, 0u); }
  int value;
};

TEST(Queue, KeepsTheAlignmentOfItsItems) {
  jay::queue<wide> q;
  for (int i = 0; i < 10; ++i) q.put_nowait(wide(i));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(q.get_nowait().value, i);
}

TEST(Queue, DestroysWhatIsLeftInIt) {
  auto shared = std::make_shared<int>(1);
  {
    jay::queue<std::shared_ptr<int>> q;
    jay::priority_queue<std::shared_ptr<int>> p;
    for (int i = 0; i < 10; ++i) {
      q.put_nowait(shared);
      p.put_nowait(shared);
    }
    p.get_nowait();  // builds a heap
    auto never_awaited = q.put(shared);
    EXPECT_EQ(shared.use_count(), 21);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(Queue, JoinWaitsUntilEveryItemIsDone) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    co_await q.join();  // nothing was ever put
    q.put_nowait(1);
    q.put_nowait(2);
    auto j = jay::create_task(q.join());
    co_await yield();
    q.get_nowait();
    q.task_done();
    q.get_nowait();
    co_await yield();
    EXPECT_FALSE(j.done());
    q.task_done();
    co_await j;
    EXPECT_THROW(q.task_done(), std::invalid_argument);
  }());
}

TEST(Queue, TaskDoneBeforeAnyPutThrows) {
  jay::queue<int> q;
  EXPECT_THROW(q.task_done(), std::invalid_argument);
}

TEST(Queue, ACancelledJoinLeavesTheOthersWaiting) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    q.put_nowait(1);
    auto a = jay::create_task(q.join());
    auto b = jay::create_task(q.join());
    co_await yield();
    a.cancel();
    co_await yield();
    EXPECT_TRUE(a.cancelled());
    q.task_done();
    co_await b;
  }());
}

// ---- shutdown ----

TEST(Queue, ShutdownEndsPutsAndLetsGetsDrainIt) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    q.put_nowait(1);
    q.shutdown();
    EXPECT_THROW(q.put_nowait(2), jay::queue_shut_down);
    bool refused = false;
    try {
      co_await q.put(3);
    } catch (const jay::queue_shut_down&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    int one = co_await q.get();
    EXPECT_EQ(one, 1);
    EXPECT_THROW(q.get_nowait(), jay::queue_shut_down);
    bool ended = false;
    try {
      co_await q.get();
    } catch (const jay::queue_shut_down&) {
      ended = true;
    }
    EXPECT_TRUE(ended);
    q.task_done();
    co_await q.join();
    q.shutdown();  // again
  }());
}

template <class Op>
jay::task<bool> ends_by_shutdown(Op o) {
  bool ended = false;
  try {
    co_await std::move(o);
  } catch (const jay::queue_shut_down&) {
    ended = true;
  }
  co_return ended;
}

TEST(Queue, ShutdownWakesGettersAndPutters) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> empty_one, full_one(1);
    full_one.put_nowait(0);
    auto g = jay::create_task(ends_by_shutdown(empty_one.get()));
    auto p = jay::create_task(ends_by_shutdown(full_one.put(1)));
    co_await yield();
    EXPECT_FALSE(g.done() || p.done());
    empty_one.shutdown();
    full_one.shutdown();
    bool get_ended = co_await g;
    bool put_ended = co_await p;
    EXPECT_TRUE(get_ended);
    EXPECT_TRUE(put_ended);
    EXPECT_EQ(full_one.get_nowait(), 0);
    EXPECT_THROW(full_one.get_nowait(), jay::queue_shut_down);
  }());
}

TEST(Queue, ImmediateShutdownDropsTheItemsAndEndsJoin) {
  run(in_asyncio_order(), []() -> jay::task<> {
    auto item = std::make_shared<int>(1);
    jay::queue<std::shared_ptr<int>> q;
    for (int i = 0; i < 3; ++i) q.put_nowait(item);
    auto taken = q.get_nowait();
    auto j = jay::create_task(q.join());
    co_await yield();
    q.shutdown(true);
    EXPECT_EQ(item.use_count(), 2);
    EXPECT_EQ(q.qsize(), 0u);
    EXPECT_THROW(q.get_nowait(), jay::queue_shut_down);
    co_await yield();
    EXPECT_FALSE(j.done());  // one was taken and is not done
    q.task_done();
    co_await j;
  }());
}

// ---- cancelling ----

TEST(Queue, AGetCancelledBeforeThePutIsPassedOver) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    auto a = jay::create_task(q.get());
    auto b = jay::create_task(q.get());
    co_await yield();
    a.cancel();
    q.put_nowait(1);
    int v = co_await b;
    EXPECT_EQ(v, 1);
    co_await yield();
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(q.empty());
  }());
}

TEST(Queue, AGetCancelledAfterThePutGivesTheItemToTheNext) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    auto a = jay::create_task(q.get());
    auto b = jay::create_task(q.get());
    co_await yield();
    q.put_nowait(1);
    a.cancel();
    int v = co_await b;
    EXPECT_EQ(v, 1);
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(q.empty());
  }());
}

TEST(Queue, TheOnlyGetCancelledAfterThePutPutsTheItemBackInFront) {
  run(workers(1), []() -> jay::task<> {
    jay::queue<int> q(1);
    auto a = jay::create_task(q.get());
    co_await yields();
    q.put_nowait(1);
    q.put_nowait(2);
    a.cancel();
    co_await yields();
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(q.qsize(), 2u);  // nothing is lost, even of a full queue
    EXPECT_THROW(q.put_nowait(3), jay::queue_full);
    EXPECT_EQ(q.get_nowait(), 1);
    EXPECT_THROW(q.put_nowait(3), jay::queue_full);
    EXPECT_EQ(q.get_nowait(), 2);
    EXPECT_TRUE(q.empty());
    q.task_done();
    q.task_done();
    EXPECT_THROW(q.task_done(), std::invalid_argument);
  }());
}

TEST(Queue, AnItemThatComesBackAfterAnImmediateShutdownIsDropped) {
  run(in_asyncio_order(), []() -> jay::task<> {
    auto item = std::make_shared<int>(1);
    jay::queue<std::shared_ptr<int>> q;
    auto a = jay::create_task(q.get());
    co_await yield();
    q.put_nowait(item);
    a.cancel();
    q.shutdown(true);
    auto j = jay::create_task(q.join());
    co_await yield();
    co_await j;
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(item.use_count(), 1);
  }());
}

TEST(Queue, APutCancelledWhileItWaitsPutsNothing) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q(1);
    std::vector<int> order;
    q.put_nowait(0);
    auto a = jay::create_task(put_and_note, std::ref(q), 1, std::ref(order));
    auto b = jay::create_task(put_and_note, std::ref(q), 2, std::ref(order));
    co_await yield();
    a.cancel();
    EXPECT_EQ(q.get_nowait(), 0);
    co_await b;
    co_await yield();
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(q.get_nowait(), 2);
    EXPECT_TRUE(q.empty());
  }());
}

TEST(Queue, APutCancelledAfterItsItemWasGotHasSucceeded) {
  run(workers(1), []() -> jay::task<> {
    jay::queue<int> q(1);
    std::vector<int> order;
    q.put_nowait(0);
    auto a = jay::create_task(put_and_note, std::ref(q), 1, std::ref(order));
    co_await yields();
    EXPECT_EQ(q.get_nowait(), 0);
    EXPECT_EQ(q.get_nowait(), 1);
    EXPECT_TRUE(a.cancel());
    auto r = co_await jay::settled(a);
    EXPECT_EQ(order, std::vector<int>{1});  // the put has succeeded,
    EXPECT_TRUE(r.has_value());             // and the cancel came too late for the task, which only says so
    EXPECT_EQ(a.cancelling(), 1);
  }());
}

template <class Queue>
jay::task<> put_item(Queue& q, int i) {
  co_await q.put(i);
}

// Three puts wait, two items are taken out, so two are taken in; those cancelled before they go on leave again, and the
// third has their place.
template <class Queue>
jay::task<std::vector<int>> cancel_puts(std::vector<int> which) {
  Queue q(2);
  q.put_nowait(1);
  q.put_nowait(2);
  std::vector<jay::task_handle<>> puts;
  for (int i = 3; i <= 5; ++i) puts.push_back(jay::create_task(put_item<Queue>, std::ref(q), i));
  co_await yield();
  (void)q.get_nowait();
  if (std::is_same_v<Queue, jay::queue<int>>) (void)q.get_nowait();
  for (int i : which) EXPECT_TRUE(puts[static_cast<std::size_t>(i - 3)].cancel());
  for (int i : which) {
    auto r = co_await jay::settled(puts[static_cast<std::size_t>(i - 3)]);
    EXPECT_TRUE(r.cancelled());
  }
  std::vector<int> left;
  while (!q.empty()) {
    int i = q.get_nowait();
    left.push_back(i);
    q.task_done();
    co_await yield();
  }
  for (auto& p : puts) (void)co_await jay::settled(p);
  q.task_done();
  if (std::is_same_v<Queue, jay::queue<int>>) q.task_done();
  co_await q.join();  // what was undone is not waited for
  co_return left;
}

TEST(Queue, APutCancelledAfterItsItemWasTakenInIsUndone) {
  using numbers = std::vector<int>;
  using fifo = jay::queue<int>;
  EXPECT_EQ((numbers{4, 5}), run(in_asyncio_order(), cancel_puts<fifo>({3})));
  EXPECT_EQ((numbers{3, 5}), run(in_asyncio_order(), cancel_puts<fifo>({4})));
  EXPECT_EQ((numbers{5}), run(in_asyncio_order(), cancel_puts<fifo>({3, 4})));
  EXPECT_EQ((numbers{3, 4}), run(in_asyncio_order(), cancel_puts<fifo>({5})));
  EXPECT_EQ((numbers{4, 5, 1}), run(in_asyncio_order(), cancel_puts<jay::lifo_queue<int>>({3})));
  EXPECT_EQ((numbers{2, 4, 5}), run(in_asyncio_order(), cancel_puts<jay::priority_queue<int>>({3})));
}

TEST(Queue, AChildOfAFailedGatherGivesItsItemBack) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    auto fail = [](jay::queue<int>& queue) -> jay::task<> {
      co_await yield();
      queue.put_nowait(1);
      throw std::logic_error("sibling");
    };
    bool failed = false;
    try {
      co_await jay::gather(q.get(), fail(q));
    } catch (const std::logic_error&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
    EXPECT_EQ(q.qsize(), 1u);
    EXPECT_EQ(q.get_nowait(), 1);
  }());
}

TEST(Queue, AProducerThatNeverWaitsLetsOthersRunNowAndThen) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::queue<int> q;
    bool other_ran = false;
    auto h = jay::create_task([](bool& ran) -> jay::task<> { ran = true; co_return; }, std::ref(other_ran));
    while (!other_ran) {
      co_await q.put(1);
      co_await q.get();
    }
    EXPECT_TRUE(other_ran);
    co_await h;
  }());
}

// ---- the other orders ----

TEST(LifoQueue, GivesTheNewestFirst) {
  jay::lifo_queue<int> q(3);
  for (int i = 0; i < 3; ++i) q.put_nowait(i);
  EXPECT_TRUE(q.full());
  EXPECT_EQ(q.get_nowait(), 2);
  q.put_nowait(5);
  EXPECT_EQ(q.get_nowait(), 5);
  EXPECT_EQ(q.get_nowait(), 1);
  EXPECT_EQ(q.get_nowait(), 0);
  EXPECT_THROW(q.get_nowait(), jay::queue_empty);
}

TEST(LifoQueue, WaitsAndShutsDownAsAQueue) {
  run(in_asyncio_order(), []() -> jay::task<> {
    jay::lifo_queue<int> q(1);
    std::vector<int> got;
    auto h = jay::create_task(get_into<jay::lifo_queue<int>>, std::ref(q), std::ref(got));
    co_await yield();
    co_await q.put(1);
    co_await h;
    EXPECT_EQ(got, std::vector<int>{1});
    q.task_done();
    co_await q.join();
    q.shutdown();
    EXPECT_THROW(q.get_nowait(), jay::queue_shut_down);
  }());
}

TEST(PriorityQueue, GivesTheSmallestFirst) {
  jay::priority_queue<int> q;
  for (int i : {5, 1, 4, 1, 3}) q.put_nowait(i);
  std::vector<int> got;
  while (!q.empty()) got.push_back(q.get_nowait());
  EXPECT_EQ(got, (std::vector<int>{1, 1, 3, 4, 5}));
}

TEST(PriorityQueue, TakesAComparisonWithState) {
  auto nearest = [to = 10](int a, int b) { return std::abs(a - to) < std::abs(b - to); };
  jay::priority_queue<int, decltype(nearest)> q(0, nearest);
  for (int i : {1, 9, 30, 12}) q.put_nowait(i);
  EXPECT_EQ(q.get_nowait(), 9);
  EXPECT_EQ(q.get_nowait(), 12);
  EXPECT_EQ(q.get_nowait(), 1);
  EXPECT_EQ(q.get_nowait(), 30);
}

TEST(PriorityQueue, StaysSortedUnderRandomPutsAndGets) {
  unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  jay::priority_queue<unsigned, std::greater<>> q;
  std::vector<unsigned> model;
  for (int i = 0; i < 20'000; ++i) {
    if (model.empty() || random() % 5 < (i < 10'000 ? 3u : 2u)) {
      unsigned v = random() % 1000;
      q.put_nowait(v);
      model.push_back(v);
      std::push_heap(model.begin(), model.end());
    } else {
      ASSERT_EQ(q.get_nowait(), model.front());
      std::pop_heap(model.begin(), model.end());
      model.pop_back();
    }
    ASSERT_EQ(q.qsize(), model.size());
  }
}

TEST(PriorityQueue, AComparisonThatThrowsLosesNothing) {
  int left = -1;
  auto compare = [&](int a, int b) {
    if (left == 0) throw std::logic_error("compare");
    if (left > 0) --left;
    return a < b;
  };
  jay::priority_queue<int, decltype(compare)> q(0, compare);
  for (int i = 0; i < 50; ++i) q.put_nowait((i * 37) % 50);
  for (int allowed : {0, 0, 1, 2, 3, 5, 7, 0, 11}) {  // in all fewer than the 49 that the first get needs
    left = allowed;
    EXPECT_THROW(q.get_nowait(), std::logic_error);
    EXPECT_EQ(q.qsize(), 50u);
  }
  left = -1;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(q.get_nowait(), i);
}

TEST(PriorityQueue, AWaitingPutComesAfterTheItemThatMadeRoom) {
  run(workers(1), []() -> jay::task<> {
    jay::priority_queue<int> q(2);
    co_await q.put(5);
    co_await q.put(7);
    auto h = jay::create_task(q.put(1));
    co_await yields();
    std::vector<int> got;
    for (int i = 0; i < 3; ++i) {
      int v = co_await q.get();
      got.push_back(v);
    }
    co_await h;
    EXPECT_EQ(got, (std::vector<int>{5, 1, 7}));
  }());
}

}  // namespace
