// SPDX-License-Identifier: MIT
#include <jay/rw_lock.hpp>

#include <atomic>
#include <string>
#include <vector>

#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::yield;

class RwLock : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(RwLock);

/// In a task of its own, and it has begun to wait, or is through, when this is done. (With one worker; with more soon.)
template <class T>
jay::task<> started(const jay::task_handle<T>&) {
  for (int i = 0; i < 3; ++i) co_await yield();
}

TEST_P(RwLock, ManyReadOrOneWrites) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    {
      auto a = co_await l.read_scoped();
      auto b = co_await l.read_scoped();
      EXPECT_EQ(l.readers(), 2u);
      EXPECT_FALSE(l.write_locked());
      a.release();
      EXPECT_FALSE(static_cast<bool>(a));
      EXPECT_EQ(l.readers(), 1u);
    }
    EXPECT_EQ(l.readers(), 0u);
    auto w = co_await l.write_scoped();
    EXPECT_TRUE(l.write_locked());
    EXPECT_EQ(l.readers(), 0u);
  };
  run(body());
}

TEST_P(RwLock, WhatIsNotHeldIsNotReleased) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    EXPECT_THROW(l.release_read(), std::runtime_error);
    EXPECT_THROW(l.release_write(), std::runtime_error);
    EXPECT_THROW(l.downgrade(), std::runtime_error);
    co_await l.acquire_read();
    EXPECT_THROW(l.release_write(), std::runtime_error);
    l.release_read();
    co_await l.acquire_write();
    EXPECT_THROW(l.release_read(), std::runtime_error);
    l.release_write();
  };
  run(body());
}

/// In asyncio's order, where it is known who comes first and who runs first.
TEST(RwLockOrder, FirstComeFirstServed) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    std::string order;
    auto reads = [&](char name) -> jay::task<> {
      auto g = co_await l.read_scoped();
      order += name;
      co_await yield();
      order += '.';
    };
    auto writes = [&](char name) -> jay::task<> {
      auto g = co_await l.write_scoped();
      order += name;
      co_await yield();
      order += '!';
    };
    co_await l.acquire_read();
    std::vector<jay::task_handle<>> all;
    auto add = [&](jay::task<> t) { all.push_back(jay::create_task(std::move(t))); };
    add(reads('a'));
    co_await started(all.back());
    add(writes('B'));
    co_await started(all.back());
    add(reads('c'));
    co_await started(all.back());
    add(reads('d'));
    co_await started(all.back());
    add(writes('E'));
    co_await started(all.back());
    EXPECT_EQ(order, "a.");  // the readers behind the writer wait
    l.release_read();
    for (auto& h : all) co_await h;
    EXPECT_EQ(order, "a.B!cd..E!");
  };
  jay::testing::run(jay::testing::in_asyncio_order(), body());
}

TEST_P(RwLock, DowngradeLetsReadersInAndNoWriter) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    auto w = co_await l.write_scoped();
    std::atomic<bool> read{false};
    std::atomic<bool> wrote{false};
    auto reads = [&]() -> jay::task<> {
      auto g = co_await l.read_scoped();
      read = true;
    };
    auto writes = [&]() -> jay::task<> {
      auto g = co_await l.write_scoped();
      wrote = true;
    };
    auto a = jay::create_task(reads());
    co_await started(a);
    auto r = std::move(w).downgrade();
    EXPECT_FALSE(static_cast<bool>(w));
    EXPECT_FALSE(l.write_locked());
    co_await a;
    EXPECT_TRUE(read.load());
    auto b = jay::create_task(writes());
    co_await started(b);
    EXPECT_FALSE(wrote.load());
    r.release();
    co_await b;
    EXPECT_TRUE(wrote.load());
  };
  run(body());
}

TEST_P(RwLock, ACancelledWriterLetsTheReadersBehindItIn) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    auto r = co_await l.read_scoped();
    auto writes = [&]() -> jay::task<> { co_await l.acquire_write(); };
    auto reads = [&]() -> jay::task<> {
      co_await l.acquire_read();
      l.release_read();
    };
    auto w = jay::create_task(writes());
    co_await started(w);
    auto behind = jay::create_task(reads());
    co_await started(behind);
    w.cancel();
    auto ended = co_await jay::settled(w);
    EXPECT_TRUE(ended.cancelled());
    co_await behind;
  };
  run(body());
}

TEST_P(RwLock, WhatIsHandedToACancelledOneIsPassedOn) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 100; ++i) {
      jay::rw_lock l;
      co_await l.acquire_write();
      auto takes = [&](bool write) -> jay::task<> {
        if (write) {
          co_await l.acquire_write();
          l.release_write();
        } else {
          co_await l.acquire_read();
          l.release_read();
        }
      };
      auto a = jay::create_task(takes(i % 2));
      auto b = jay::create_task(takes(i / 2 % 2));
      co_await started(b);
      l.release_write();
      a.cancel();
      (void)co_await jay::settled(a);
      co_await b;
      EXPECT_FALSE(l.write_locked());
      EXPECT_EQ(l.readers(), 0u);
    }
  };
  run(body());
}

TEST_P(RwLock, KeepsWritersApartFromAllOthers) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    int a = 0;
    int b = 0;  // what a writer changes together
    std::atomic<int> reading{0};
    auto reads = [&]() -> jay::task<> {
      for (int i = 0; i < 200; ++i) {
        auto g = co_await l.read_scoped();
        ++reading;
        EXPECT_EQ(a, b);
        if (i % 16 == 0) co_await yield();
        --reading;
      }
    };
    auto writes = [&]() -> jay::task<> {
      for (int i = 0; i < 200; ++i) {
        auto g = co_await l.write_scoped();
        EXPECT_EQ(reading.load(), 0);
        ++a;
        if (i % 16 == 0) co_await yield();
        ++b;
        if (i % 8 == 0) {
          auto r = std::move(g).downgrade();
          EXPECT_EQ(a, b);
        }
      }
    };
    auto gives_up = [&]() -> jay::task<> {
      for (int i = 0; i < 50; ++i) {
        auto wants = [](jay::rw_lock& x, bool write) -> jay::task<> {
          if (write) {
            auto g = co_await x.write_scoped();
            co_await yield();
          } else {
            auto g = co_await x.read_scoped();
            co_await yield();
          }
        };
        auto h = jay::create_task(wants(l, i % 2 == 0));
        co_await yield();
        h.cancel();
        (void)co_await jay::settled(h);
      }
    };
    co_await jay::gather(reads(), writes(), reads(), writes(), gives_up(), reads());
    EXPECT_EQ(a, 400);
    EXPECT_EQ(b, 400);
    EXPECT_EQ(l.readers(), 0u);
    EXPECT_FALSE(l.write_locked());
  };
  run(body());
}

}  // namespace
