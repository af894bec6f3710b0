// SPDX-License-Identifier: MIT
// Strands with what the io library adds: limits, sleeps, threads, sockets, event loops.
#include <jay/strand.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include <jay/jay.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

TEST(Strand, IsWhereTheTaskGoesOnAfterIo) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    auto echo = [](jay::stream_reader r, jay::stream_writer w) -> jay::task<> {
      std::string line = co_await r.readline();
      w.write(line);
      co_await w.drain();
    };
    jay::server server = co_await jay::start_server(echo, "127.0.0.1", 0);
    co_await jay::resume_on(s);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
    EXPECT_TRUE(s.is_current());
    writer.write("one\n");
    co_await writer.drain();
    EXPECT_TRUE(s.is_current());
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "one\n");
    EXPECT_TRUE(s.is_current());
    co_await jay::sleep(1ms);
    EXPECT_TRUE(s.is_current());
    co_await jay::sleep(0s);
    EXPECT_TRUE(s.is_current());
    auto is_current = [s] { return s.is_current(); };
    bool there = co_await jay::to_thread(is_current);
    EXPECT_FALSE(there);
    EXPECT_TRUE(s.is_current());
  };
  jay::run(body());
}

TEST(Strand, GoesTogetherWithTimeLimits) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    auto before = [&]() -> jay::task<> {
      co_await jay::enter(jay::timeout(1h));
      co_await jay::resume_on(s);
      co_await jay::sleep(0s);
      EXPECT_TRUE(s.is_current());
    };
    co_await before();
    EXPECT_FALSE(s.is_current());
    auto after = [&]() -> jay::task<> {
      co_await jay::resume_on(s);
      co_await jay::enter(jay::timeout(1ms));
      jay::event never;
      co_await never.wait();
    };
    auto r = co_await jay::settled(after());
    EXPECT_NE(r.error(), nullptr);
    EXPECT_FALSE(r.cancelled());
    EXPECT_FALSE(s.is_current());
    co_await jay::resume_on(s);
    auto in_time = [&]() -> jay::task<int> {
      co_await jay::sleep(0s);
      EXPECT_TRUE(s.is_current());
      co_return 1;
    };
    int one = co_await jay::wait_for(in_time(), 1h);
    EXPECT_EQ(one, 1);
    EXPECT_TRUE(s.is_current());
    auto away = [&]() -> jay::task<> {
      co_await jay::resume_on(jay::any_worker);
      EXPECT_FALSE(s.is_current());
    };
    co_await jay::with(jay::move_on_after(1h), [&](jay::cancel_scope&) -> jay::task<> { co_await away(); });
    EXPECT_TRUE(s.is_current());
    co_await jay::with(jay::timeout(1h), [&](jay::timeout_scope&) -> jay::task<> {
      co_await jay::resume_on(jay::any_worker);
      EXPECT_FALSE(s.is_current());
    });
    EXPECT_TRUE(s.is_current());
  };
  jay::run(body());
}

TEST(Strand, IsSharedByEventLoopsOfWhichOneStands) {
  jay::strand s;
  int plain = 0;
  auto uses = [&]() -> jay::task<> {
    co_await jay::resume_on(s);
    ++plain;
    co_await jay::sleep(0s);
    ++plain;
  };
  jay::event_loop a, b;
  for (int i = 0; i < 5; ++i) {
    a.run_until_complete(uses());
    b.run_until_complete(uses());
  }
  EXPECT_EQ(plain, 20);
}

jay::eager_task<int> eager(jay::strand s) {
  co_await jay::resume_on(s);
  bool here = s.is_current();
  co_await jay::sleep(0s);
  here = here && s.is_current();
  co_return here ? 4 : 0;
}

TEST(Strand, TakesEagerTasksOfAnyThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto program = [] {  // the default runtime lasts as long as its process
    jay::strand s;
    auto outside = eager(s);
    auto body = [&]() -> jay::task<int> {
      int got = co_await eager(s);
      int other = co_await std::move(outside);
      co_return got + other;
    };
    std::exit(jay::run(body()));
  };
  EXPECT_EXIT(program(), ::testing::ExitedWithCode(8), "");
}

}  // namespace
