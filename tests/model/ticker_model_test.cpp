// SPDX-License-Identifier: MIT
// The ticker's rest (scheduler/src/core/ticker.hpp) as shipped: no worker runs while the ticker sleeps.
#include "scheduler/src/core/ticker.hpp"

#include "suite.hpp"

namespace {

using jay::detail::ticker_rest;
using model::execution;

struct state {
  ticker_rest rest;
  model::atomic<int> asleep{1};  // workers that sleep, of one: stands for idle.hpp's word
  model::atomic<int> ticks{0};
};

const model::suite& models() {
  static const model::suite all({
      {"a worker that wakes up is seen, or wakes the ticker",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("ticker", [&] {
           if (s.rest.begin([&] { return s.asleep.load(std::memory_order_seq_cst) == 1; })) s.rest.wait();
           s.ticks.store(1, std::memory_order_relaxed);
         });
         x.thread("worker", [&] {
           s.asleep.fetch_sub(1, std::memory_order_seq_cst);
           s.rest.stir();
         });
         x.finally([&] { model::check(s.ticks.load(std::memory_order_relaxed) == 1, "the ticker sleeps on"); });
       },
       {},
       false},
      {"two workers wake it once",
       [](execution& x) {
         auto& s = x.make<state>();
         s.asleep.store(2, std::memory_order_relaxed);
         x.thread("ticker", [&] {
           if (s.rest.begin([&] { return s.asleep.load(std::memory_order_seq_cst) == 2; })) s.rest.wait();
           s.ticks.store(1, std::memory_order_relaxed);
         });
         for (int i = 0; i < 2; ++i)
           x.thread(i ? "worker2" : "worker", [&] {
             s.asleep.fetch_sub(1, std::memory_order_seq_cst);
             s.rest.stir();
           });
         x.finally([&] { model::check(s.ticks.load(std::memory_order_relaxed) == 1, "the ticker sleeps on"); });
       },
       {},
       false},
  });
  return all;
}

TEST(TickerModel, NoWorkerRunsWhileItSleeps) { models().expect_holds(); }

TEST(TickerModel, EveryOrderIsNeeded) {
  models().expect_every_mutant_is_noticed("ticker.hpp",
                                          {{"resting_.store(1", "left out", "then it never sleeps, which costs only power"},
                                           {"resting_.store(0", "left out", "then workers wake it for nothing"}});
}

}  // namespace
