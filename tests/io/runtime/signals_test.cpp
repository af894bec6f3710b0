// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/on_orders.hpp"

using namespace std::chrono_literals;
using jay::testing::said_by;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class LoopSignals : public jay::testing::OnOrders {
 protected:
  jay::event_loop loop{config()};
  static bool has_default_action(int signal) {
    struct sigaction now = {};
    sigaction(signal, nullptr, &now);
    return now.sa_handler == SIG_DFL;
  }
};
JAY_FOR_WORKER_COUNTS(LoopSignals);

TEST_P(LoopSignals, AHandlerIsCalledInTheLoopEachTime) {
  std::vector<std::string> seen;
  loop.add_signal_handler(SIGUSR1, [&](const std::string& s) {
    seen.push_back(s);
    if (seen.size() == 3) loop.stop();
    else ::raise(SIGUSR1);
  }, "usr1");
  ::raise(SIGUSR1);
  loop.run_forever();
  EXPECT_THAT(seen, ElementsAre("usr1", "usr1", "usr1"));
}

TEST_P(LoopSignals, ASignalBetweenTheRunsWaitsForTheNext) {
  int called = 0;
  loop.add_signal_handler(SIGUSR1, [&] {
    ++called;
    loop.stop();
  });
  loop.run_until_complete(jay::sleep(0s));
  ::raise(SIGUSR1);
  EXPECT_EQ(called, 0);
  loop.run_forever();
  EXPECT_EQ(called, 1);
}

TEST_P(LoopSignals, AnotherHandlerTakesThePlaceOfTheFirst) {
  std::vector<int> seen;
  for (int i : {1, 2})
    loop.add_signal_handler(SIGUSR2, [&, i] {
      seen.push_back(i);
      loop.stop();
    });
  ::raise(SIGUSR2);
  loop.run_forever();
  EXPECT_THAT(seen, ElementsAre(2));
}

TEST_P(LoopSignals, TheDefaultActionComesBackWithRemoveAndWithClose) {
  loop.add_signal_handler(SIGUSR1, [] {});
  loop.add_signal_handler(SIGUSR2, [] {});
  EXPECT_FALSE(has_default_action(SIGUSR1));
  EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
  EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
  EXPECT_TRUE(has_default_action(SIGUSR1));
  EXPECT_FALSE(has_default_action(SIGUSR2));
  loop.close();
  EXPECT_TRUE(has_default_action(SIGUSR2));
  EXPECT_THAT(said_by([&] { loop.add_signal_handler(SIGUSR1, [] {}); }), HasSubstr("event loop is closed"));
}

TEST_P(LoopSignals, WhatCannotBeCaughtIsAnError) {
  EXPECT_THROW(loop.add_signal_handler(0, [] {}), std::invalid_argument);
  EXPECT_THROW(loop.add_signal_handler(1000, [] {}), std::invalid_argument);
  EXPECT_THAT(said_by([&] { loop.add_signal_handler(SIGKILL, [] {}); }), HasSubstr("cannot be caught"));
  EXPECT_FALSE(loop.remove_signal_handler(SIGKILL));
  EXPECT_FALSE(loop.remove_signal_handler(-1));
}

TEST_P(LoopSignals, OneLoopHasASignalAtATime) {
  loop.add_signal_handler(SIGUSR1, [] {});
  jay::event_loop other(config());
  EXPECT_THAT(said_by([&] { other.add_signal_handler(SIGUSR1, [] {}); }), HasSubstr("another event loop"));
  loop.remove_signal_handler(SIGUSR1);
  bool called = false;
  other.add_signal_handler(SIGUSR1, [&] {
    called = true;
    other.stop();
  });
  ::raise(SIGUSR1);
  other.run_forever();
  EXPECT_TRUE(called);
}

TEST_P(LoopSignals, AHandlerOfSigintIsCalledInsteadOfACancel) {
  auto main = [&]() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    jay::get_event_loop().add_signal_handler(SIGINT, [p = p] { p.set_result(7); });
    ::raise(SIGINT);
    int n = co_await f;
    co_return n;
  };
  EXPECT_EQ(jay::run(main(), config()), 7);
  EXPECT_TRUE(has_default_action(SIGINT));
}

TEST_P(LoopSignals, ASigintWithoutAHandlerStopsTheLoopAndIsThrown) {
  auto interrupts = []() -> jay::task<> {
    ::raise(SIGINT);
    co_await jay::sleep(24h);
  };
  auto h = loop.create_task(interrupts);
  EXPECT_THROW(loop.run_forever(), jay::keyboard_interrupt);
  EXPECT_FALSE(h.done());
  EXPECT_THROW(loop.run_until_complete(interrupts()), jay::keyboard_interrupt);
  EXPECT_TRUE(has_default_action(SIGINT));
}

TEST_P(LoopSignals, ASigintCancelsTheMainTaskOfARunner) {
  jay::runner r(config());
  bool cleaned = false;
  auto main = [&]() -> jay::task<int> {
    ::raise(SIGINT);
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      cleaned = true;
      throw;
    }
    co_return 1;
  };
  EXPECT_THROW(r.run(main()), jay::keyboard_interrupt);
  EXPECT_TRUE(cleaned);
  auto catches = []() -> jay::task<int> {
    ::raise(SIGINT);
    bool caught = false;
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      caught = true;
    }
    co_return caught ? 3 : 4;
  };
  EXPECT_EQ(r.run(catches()), 3);
  EXPECT_EQ(r.run(jay::sleep(0s, 5)), 5);
}

}  // namespace
