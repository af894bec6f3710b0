// SPDX-License-Identifier: MIT
// Call graphs of what waits for io's things.
#include <jay/call_graph.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <jay/jay.hpp>

#include "tests/support/configs.hpp"

namespace {

using namespace std::chrono_literals;
using jay::call_graph_state;

jay::config workers(unsigned n) {
  jay::config c = jay::testing::with_workers(n);
  c.io.threads = 1;
  return c;
}

jay::task<jay::future_call_graph> when_it_waits_for(jay::task_handle<> h, std::string what) {
  for (;;) {
    jay::future_call_graph g = h.call_graph();
    if (g.waits_for == what) co_return g;
    co_await jay::sleep(0s);
  }
}

jay::task<> for_ever() { co_await jay::sleep(24h); }

TEST(IoCallGraph, TellsWhatIsWaitedFor) {
  auto body = []() -> jay::task<> {
    auto limited = [](bool forks) -> jay::task<> {
      co_await jay::with(jay::timeout(1h), [forks](jay::timeout_scope&) -> jay::task<> {
        if (forks) co_await jay::gather(for_ever(), for_ever());
        else co_await for_ever();
      });
    };
    jay::stream_reader fed;
    auto reads = [&]() -> jay::task<> { std::string line = co_await fed.readline(); };
    jay::task_handle<> sleeps = jay::create_task(for_ever());
    jay::task_handle<> in_timeout = jay::create_task(limited(false));
    jay::task_handle<> forks = jay::create_task(limited(true));
    jay::task_handle<> reader = jay::create_task(reads());
    std::vector<jay::task_handle<>> all{sleeps, in_timeout, forks, reader};
    auto waits_for_all = [&]() -> jay::task<> { auto r = co_await jay::wait(all); };
    auto first = [&]() -> jay::task<> {
      auto it = jay::as_completed(all);
      auto h = co_await it.next();
    };
    jay::task_handle<> waits = jay::create_task(waits_for_all());
    jay::task_handle<> next = jay::create_task(first());
    co_await when_it_waits_for(sleeps, "sleep");
    co_await when_it_waits_for(reader, "I/O");
    co_await when_it_waits_for(waits, "wait");
    co_await when_it_waits_for(next, "as_completed");
    auto g = co_await when_it_waits_for(in_timeout, "sleep");
    EXPECT_NE(std::string(g.call_stack.at(0).frame.function_name()).find("for_ever"), std::string::npos);
    EXPECT_EQ(g.awaited_by.size(), 2u);  // wait and as_completed
    while (g.children.size() != 2) g = co_await when_it_waits_for(forks, "gather");
    for (auto& c : g.children) EXPECT_EQ(c.waits_for, "sleep");
    all.insert(all.begin(), {waits, next});
    for (auto& h : all) {
      h.cancel();
      (void)co_await jay::settled(h);
    }
  };
  for (unsigned n : {1u, 2u, 8u}) jay::run(body(), workers(n));
}

// Fails under a sanitizer, or by a wait that nobody ends.
TEST(IoCallGraph, MayBeAskedForByAnotherThreadWhileTimersAndLimitsEndWaits) {
  auto body = []() -> jay::task<> {
    auto naps = []() -> jay::task<> {
      for (int i = 0; i < 50; ++i) {
        auto r = co_await jay::settled(jay::wait_for(jay::sleep(20us), 20us));
        co_await jay::gather(jay::sleep(1us), jay::sleep(30us));
      }
    };
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 8; ++i) all.push_back(jay::create_task(naps()));
    std::atomic<bool> over{false};
    std::thread asks([&] {
      do
        for (auto& h : all) EXPECT_FALSE(jay::format_call_graph(h).empty());
      while (!over);
    });
    auto r = co_await jay::wait(all);
    over = true;
    asks.join();
    EXPECT_EQ(r.done.size(), 8u);
  };
  for (unsigned n : {1u, 2u, 8u}) jay::run(body(), workers(n));
}

}  // namespace
