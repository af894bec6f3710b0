// SPDX-License-Identifier: MIT
// Each scenario is run with its first allocation failing, then with its second, and so on until none is left to fail.
// Each time it ends, with std::bad_alloc or as if nothing had happened; no coroutine is left; and the runtime then runs
// the same scenario to its right end.
#include "failing_malloc.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/echo_lines.hpp"
#include "tests/support/turn.hpp"

namespace {

using namespace std::chrono_literals;

std::atomic<long> alive{0};
struct counted {
  counted() { alive.fetch_add(1); }
  counted(const counted&) = delete;
  ~counted() { alive.fetch_sub(1); }
};

jay::task<int> one(int v) {
  counted c;
  co_return v;
}
jay::task<int> slow(int v) {
  counted c;
  co_await jay::sleep(10us);
  co_return v;
}
jay::task<int> tree(int depth) {
  counted c;
  if (depth == 0) co_return 1;
  auto [a, b] = co_await jay::gather(tree(depth - 1), tree(depth - 1));
  co_return a + b;
}

jay::task<int> spawns() {
  counted c;
  std::vector<jay::task_handle<int>> hs;
  for (int i = 0; i < 20; ++i) hs.push_back(jay::create_task(slow, 1));
  int sum = 0;
  for (auto& h : hs) sum += co_await h;
  co_return sum;
}
jay::task<int> gathers() {
  counted c;
  std::vector<jay::task<int>> ts;
  for (int i = 0; i < 20; ++i) ts.push_back(slow(1));
  auto values = co_await jay::gather(std::move(ts));
  int sum = 0;
  for (int v : values) sum += v;
  co_return sum;
}
jay::task<int> grows() {
  counted c;
  co_return co_await tree(8);
}
jay::task<int> groups() {
  counted c;
  int sum = 0;
  auto body = [&](jay::task_group& g) -> jay::task<> {
    counted inner;
    std::vector<jay::task_handle<int>> hs;
    for (int i = 0; i < 20; ++i) hs.push_back(g.create_task(slow, 1));
    for (auto& h : hs) sum += co_await h;
  };
  co_await jay::with_task_group(body);
  co_return sum;
}
jay::task<int> waits() {
  counted c;
  int in_time = co_await jay::wait_for(slow(1), 1h);
  auto late = co_await jay::settled(jay::wait_for(jay::sleep(1h), 100us));
  int timed_out = 0;
  try {
    late.value();
  } catch (const jay::timeout_error&) {
    timed_out = 1;
  }
  std::vector<jay::task_handle<int>> hs{jay::create_task(slow, 1), jay::create_task(one, 1)};
  auto [done, pending] = co_await jay::wait(hs);
  co_return in_time + timed_out + static_cast<int>(done.size());
}
jay::task<> produce(jay::queue<int>& q, int n) {
  counted c;
  for (int i = 0; i < n; ++i) co_await q.put(1);
}
jay::task<int> consume(jay::queue<int>& q, int n) {
  counted c;
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await q.get();
  co_return sum;
}
jay::task<int> queues() {
  counted c;
  jay::queue<int> small(2), large;
  auto [a, u, b, v] = co_await jay::gather(consume(small, 30), produce(small, 30), consume(large, 30), produce(large, 30));
  co_return a + b;
}
// A cancelled get gives its item back; if there is no memory for that, it keeps it.
jay::task<int> gives_back() {
  counted c;
  jay::queue<int> q;
  auto getter = jay::create_task(consume, std::ref(q), 1);
  for (int i = 0; i < 3; ++i) co_await jay::sleep(0s);
  q.put_nowait(1);
  getter.cancel();
  auto ended = co_await jay::settled(getter.shielded());
  co_return ended.has_value() ? ended.value() : q.get_nowait();
}
jay::task<int> synchronises() {
  counted c;
  jay::lock lk;
  jay::semaphore permits(2);
  jay::event go;
  int sum = 0;
  auto worker = [](jay::lock& l, jay::semaphore& s, jay::event& e, int& n) -> jay::task<> {
    counted inner;
    co_await e.wait();
    auto permit = co_await s.scoped();
    auto g = co_await l.scoped();
    co_await jay::sleep(0s);
    ++n;
  };
  std::vector<jay::task<>> ts;
  for (int i = 0; i < 10; ++i) ts.push_back(worker(lk, permits, go, sum));
  go.set();
  co_await jay::gather(std::move(ts));
  co_return sum;
}
jay::task<int> futures() {
  counted c;
  auto [p, f] = jay::with_resolvers<int>();
  std::atomic<int> called{0};
  f.add_done_callback([&](const jay::future<int>&) { ++called; });
  auto set = jay::create_task(jay::to_thread([](jay::promise<int> to) { to.set_result(5); }, p));
  co_await set;
  int v = co_await f;
  while (called.load() == 0) co_await jay::sleep(0s);
  co_return v;
}
jay::task<int> cleans() {
  counted c;
  int cleaned = 0;
  auto inner = [](int& n) -> jay::task<int> {
    counted i;
    auto clean = [](int& m) -> jay::task<> {
      ++m;
      co_return;
    };
    co_await jay::defer(clean, std::ref(n));
    jay::context_var<std::string> var("a variable of a text");
    auto token = var.set("a text that is long enough for the heap");
    co_await jay::sleep(0s);
    co_return 1;
  };
  int v = co_await inner(cleaned);
  co_return v + cleaned;
}
jay::task<> echo(jay::stream_reader reader, jay::stream_writer writer) {
  counted c;
  co_await jay::testing::echo_lines(std::move(reader), std::move(writer));
}
jay::task<int> echoes() {
  counted c;
  jay::server s = co_await jay::start_server(echo, "127.0.0.1", 0);
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", s.port());
  int n = 0;
  for (int i = 0; i < 3; ++i) {
    writer.write("a line that is longer than what a short string has room for\n");
    co_await writer.drain();
    // A server that cannot serve for want of memory closes the connection.
    std::string line = co_await reader.readline();
    if (line.empty()) throw std::bad_alloc();
    n += static_cast<int>(line.size());
  }
  writer.close();
  s.close();
  s.close_clients();
  co_await s.wait_closed();
  co_return n;
}
jay::task<int> files() {
  counted c;
  auto f = co_await jay::file::open("/proc/self/status");
  std::string text = co_await f.read_all();
  co_return text.find("Name:") == 0;
}

// Nobody receives their errors: they are reported, for which there may be no memory either.
jay::task<int> drops() {
  counted c;
  auto fails = []() -> jay::task<> {
    counted inner;
    co_await jay::sleep(0s);
    throw std::runtime_error("an error with a text that is long enough for the heap");
  };
  for (int i = 0; i < 3; ++i) jay::create_task(fails);
  co_await jay::sleep(10us);
  co_return 1;
}

jay::task<int> nothing() { co_return 0; }

struct scenario {
  const char* name;
  jay::task<int> (*run)();
};
void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }

enum class ended { well, for_want_of_memory, otherwise };

/// Calls f with the n-th allocation failing; `happened`: there was one.
template <class F>
ended attempt(long n, bool& happened, F f) {
  std::string text;
  ended how = ended::otherwise;
  jay::testing::fail_allocation(n);
  try {
    f();
    how = ended::well;
  } catch (const std::bad_alloc&) {
    how = ended::for_want_of_memory;
  } catch (const jay::exception_group&) {
    how = ended::for_want_of_memory;
  } catch (const std::system_error& e) {
    // A server that has no memory to serve a connection closes it, with what it has not read.
    int code = e.code().value();
    // EAGAIN: pthread_create's word for a thread whose thread-local storage found no memory.
    if (code == ENOMEM || code == EAGAIN || code == ECONNRESET || code == EPIPE) how = ended::for_want_of_memory;
    else text = e.what();
  } catch (const std::exception& e) {
    text = e.what();
  } catch (const jay::cancelled_error& e) {
    text = "cancelled " + e.message();
  }
  happened = jay::testing::stop_failing();
  EXPECT_NE(ended::otherwise, how) << "allocation " << n << ": " << text;
  return how;
}

class Allocation : public testing::TestWithParam<scenario> {};

TEST_P(Allocation, FailingAnywhereIsAnErrorAndNoMore) {
  jay::config c;
  c.scheduler.workers = 2;
  auto run = GetParam().run;
  const int right = jay::run(run(), c);
  int failed = 0;
  bool happened = true;
  for (long n = 0; happened && !HasFailure(); ++n) {
    jay::runner r(c);  // a new one each time: it has no memory in reserve yet
    EXPECT_EQ(0, r.run(nothing()));
    int got = -1;
    ended how = attempt(n, happened, [&] { got = r.run(run()); });
    if (how == ended::well) EXPECT_EQ(right, got) << "allocation " << n;
    else ++failed;
    EXPECT_EQ(right, r.run(run())) << "after allocation " << n << " had failed";
    r.close();
    EXPECT_EQ(0, alive.exchange(0)) << "allocation " << n;
  }
  EXPECT_GT(failed, 0);
  std::printf("%d failed\n", failed);
}

TEST(AllocationAtStart, FailingAnywhereIsAnErrorAndNoMore) {
  int failed = 0;
  bool happened = true;
  for (long n = 0; happened && !HasFailure(); ++n) {
    int got = -1;
    ended how = attempt(n, happened, [&] { got = jay::run(grows()); });
    if (how == ended::well) EXPECT_EQ(256, got) << "allocation " << n;
    else ++failed;
    EXPECT_EQ(256, jay::run(grows())) << "after allocation " << n << " had failed";
    EXPECT_EQ(0, alive.exchange(0)) << "allocation " << n;
  }
  EXPECT_GT(failed, 0);
  std::printf("%d failed\n", failed);
}

INSTANTIATE_TEST_SUITE_P(In, Allocation,
                         testing::Values(scenario{"spawns", spawns}, scenario{"gathers", gathers}, scenario{"grows", grows},
                                         scenario{"groups", groups}, scenario{"waits", waits}, scenario{"queues", queues}, scenario{"gives_back", gives_back},
                                         scenario{"synchronises", synchronises}, scenario{"futures", futures},
                                         scenario{"cleans", cleans}, scenario{"echoes", echoes}, scenario{"files", files}, scenario{"drops", drops}),
                         [](const auto& i) { return std::string(i.param.name); });

// Its destructor asks the pool, which has a lock.
TEST(BlockingPool, WhatARefusedCallOwnsIsDestroyedUnderNoLock) {
  bool failed = true;
  for (long n = 0; failed; ++n) {
    jay::detail::blocking_pool pool(1);
    std::atomic<int> gone{0};
    auto at_end = std::shared_ptr<void>(nullptr, [&](void*) { pool.running(), ++gone; });
    std::string what = "a call";
    std::function<void()> f = [owned = std::move(at_end)] {};
    jay::testing::fail_allocation(n);
    try {
      pool.submit(std::move(what), std::move(f));
    } catch (const std::exception&) {
    }
    failed = jay::testing::stop_failing();
    f = nullptr;
    while (gone == 0) std::this_thread::yield();
    EXPECT_EQ(pool.finish(10s), "");
    EXPECT_EQ(gone, 1);
  }
}

// Frames, the task's block, what the limit is and where it stands in the coroutine: all of it comes from the frame pools.
TEST(FramePools, WhatIsCommonAllocatesNothingOnceItIsWarm) {
  auto waits = [](int n) -> jay::task<> {
    for (int i = 0; i < n; ++i) {
      const int answer = co_await jay::wait_for(one(1), 1h);
      EXPECT_EQ(answer, 1);
      const int other = co_await jay::create_task(one, 2);
      EXPECT_EQ(other, 2);
    }
  };
  constexpr long enough = 1'000'000;
  jay::config config;
  config.scheduler.workers = 1;
  long taken = 0;
  auto async_main = [&]() -> jay::task<> {
    for (int i = 0; i < 100; ++i) {
      jay::testing::ask_for_a_turn();  // what is put back has a queue, which is to be warm too
      co_await waits(1);
    }
    jay::testing::fail_allocation(enough);
    co_await waits(1000);
    taken = enough - jay::testing::allocations_left.load();
    jay::testing::stop_failing();
  };
  jay::runner runner(config);  // it begins when this thread waits, and so allocates nothing any more
  runner.run(async_main());
  EXPECT_EQ(taken, 0);
}

}  // namespace
