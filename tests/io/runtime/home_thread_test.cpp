// SPDX-License-Identifier: MIT
// Homes with what the io library adds: runs on the home's own thread, sleeps, sockets, event loops.
#include <jay/home_thread.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <jay/jay.hpp>
#include <jay/testing.hpp>

#include <gtest/gtest.h>

#include "tests/support/on_orders.hpp"

namespace {

using namespace std::chrono_literals;

class HomeThread : public jay::testing::OnOrders {};
INSTANTIATE_TEST_SUITE_P(On, HomeThread, ::testing::Values(1u, 2u, 8u, 0u), jay::testing::worker_count_name);

jay::task<int> works(jay::home_thread& home) {
  co_await jay::resume_on(home);
  const std::thread::id there = std::this_thread::get_id();
  co_await jay::sleep(1ms);
  bool stays = std::this_thread::get_id() == there;
  co_await jay::sleep(0s);
  stays = stays && std::this_thread::get_id() == there;
  co_return stays ? 4 : 0;
}

TEST_P(HomeThread, RunsWhileItsThreadWaitsForTheRun) {
  jay::home_thread home;
  const std::thread::id mine = std::this_thread::get_id();
  auto body = [&]() -> jay::task<int> {
    co_await jay::resume_on(home);
    EXPECT_EQ(std::this_thread::get_id(), mine);
    int four = co_await works(home);
    EXPECT_EQ(std::this_thread::get_id(), mine);
    co_return four;
  };
  EXPECT_EQ(jay::run(body(), config()), 4);
  jay::event_loop loop(config());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(loop.run_until_complete(body()), 4);
}

TEST_P(HomeThread, RunsWhatTheEndOfTheRunCancels) {
  jay::home_thread home;
  bool cleaned = false;
  jay::event there;
  auto stays = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    there.set();
    try {
      co_await jay::sleep(1h);
    } catch (const jay::cancelled_error&) {
      cleaned = home.is_current();
      throw;
    }
  };
  auto body = [&]() -> jay::task<> {
    auto h = jay::create_task(stays());
    co_await there.wait();
  };
  jay::run(body(), config());
  EXPECT_TRUE(cleaned);
}

TEST_P(HomeThread, IsWhereTheTaskGoesOnAfterIo) {
  jay::home_thread home;
  auto body = [&]() -> jay::task<> {
    auto echo = [](jay::stream_reader r, jay::stream_writer w) -> jay::task<> {
      std::string line = co_await r.readline();
      w.write(line);
      co_await w.drain();
    };
    jay::server server = co_await jay::start_server(echo, "127.0.0.1", 0);
    co_await jay::resume_on(home);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
    EXPECT_TRUE(home.is_current());
    writer.write("one\n");
    co_await writer.drain();
    EXPECT_TRUE(home.is_current());
    std::string line = co_await reader.readline();
    EXPECT_EQ(line, "one\n");
    EXPECT_TRUE(home.is_current());
    auto is_current = [&] { return home.is_current(); };
    bool there = co_await jay::to_thread(is_current);
    EXPECT_FALSE(there);
    EXPECT_TRUE(home.is_current());
    int got = 0;
    co_await jay::with(jay::timeout(1h), [&](jay::timeout_scope&) -> jay::task<> { got = co_await works(home); });
    EXPECT_EQ(got, 4);
    EXPECT_TRUE(home.is_current());
    auto never = []() -> jay::task<> { co_await jay::sleep(1h); };
    auto r = co_await jay::settled(jay::wait_for(never(), 1ms));
    EXPECT_NE(r.error(), nullptr);
    EXPECT_TRUE(home.is_current());
  };
  jay::run(body(), config());
}

TEST_P(HomeThread, RunsWhileItsThreadWaitsForAResult) {
  jay::home_thread home;
  jay::event_loop loop(config());
  std::thread runs([&] { loop.run_forever(); });
  auto f = jay::run_coroutine_threadsafe(works(home), loop);
  EXPECT_EQ(f.get(), 4);
  auto g = jay::run_coroutine_threadsafe(works(home), loop);
  EXPECT_EQ(g.get(1h), 4);
  loop.stop();
  runs.join();
}

TEST_P(HomeThread, DoesNotEndWhileAnEventLoopThatStandsHasTasksThere) {
  jay::home_thread home;
  std::string told = "nothing";
  {
    jay::event_loop loop(config());
    auto stays = [&]() -> jay::task<> {
      co_await jay::resume_on(home);
      loop.stop();
      co_await jay::sleep(1h);
    };
    auto h = loop.create_task(stays());
    loop.run_forever();
    try {
      home.close();
    } catch (const std::runtime_error& e) {
      told = e.what();
    }
    EXPECT_FALSE(home.closed());
  }
  EXPECT_NE(told.find("close the loop first"), std::string::npos) << told;
  home.close();
  EXPECT_TRUE(home.closed());
}

// Fails by waiting for ever.
TEST(HomeThreadThatNobodyDrives, IsReported) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(pipe_ends[1], 2);
    jay::home_thread home;
    auto main = [&]() -> jay::task<> { co_await jay::resume_on(home); };
    std::thread runs([&] { jay::run(main()); });
    ::pause();
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::string text;
  char buffer[1024];
  while (text.find("does not drive it") == std::string::npos) {
    const ssize_t n = ::read(pipe_ends[0], buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::close(pipe_ends[0]);
  EXPECT_NE(text.find("is to run on a home_thread whose thread is busy or does not drive it"), std::string::npos) << text;
}

TEST(HomeThreadUnderTest, IsRefusedByASeededRun) {
  jay::home_thread home;
  auto body = [&]() -> jay::task<std::string> {
    std::string told = "nothing";
    try {
      co_await jay::resume_on(home);
    } catch (const std::runtime_error& e) {
      told = e.what();
    }
    co_return told;
  };
  std::string told = jay::testing::run(body(), 1);
  EXPECT_NE(told.find("jay::testing::run cannot replay"), std::string::npos) << told;
}

}  // namespace
