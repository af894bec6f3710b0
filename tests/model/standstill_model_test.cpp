// SPDX-License-Identifier: MIT
// How workers are made to stand still between two jobs (scheduler/src/core/standstill.hpp), as shipped: none runs a job while
// they stand, what is done meanwhile is seen by the jobs that follow, each goes on later, and a turn that is granted is one.
#include "scheduler/src/core/standstill.hpp"

#include "scheduler/src/core/ticker.hpp"
#include "suite.hpp"

namespace {

using model::execution;

constexpr std::uint32_t hold = 1;

template <int Workers>
struct state {
  jay::detail::standstill still;
  model::atomic<std::uint32_t> attention[Workers] = {};
  model::atomic<std::uint32_t> asleep[Workers] = {};  // stands for idle.hpp's list
  model::atomic<std::uint32_t> woken[Workers] = {};
  jay::detail::ticker_rest rest;
  jay::detail::plain<int> ran[Workers] = {};   // by each worker
  jay::detail::plain<int> told = 0;            // by who holds them, while they stand

  // ---- who holds them ----
  void set_hold() {
    for (auto& a : attention) a.fetch_or(hold, std::memory_order_seq_cst);  // [SS2]
    for (int w = 0; w < Workers; ++w) {
      if (asleep[w].load(std::memory_order_seq_cst) == 0) continue;
      woken[w].store(1, std::memory_order_release);
      jay::detail::futex_wake(woken[w], 1);
    }
  }
  /// The model's plain variables notice a job that runs at the same time.
  int stand_still() {
    still.ask();
    set_hold();
    still.wait_for(Workers);
    return look();
  }
  int look() {
    told = told + 1;
    int sum = 0;
    for (auto& r : ran) sum += r;
    return sum;
  }
  void go_on() { still.let_go(false); }
  int go_on_for_a_turn() {
    set_hold();
    still.let_go(true);
    still.wait_for(Workers);
    return look();
  }

  // ---- a worker ----
  /// Runs so many jobs, and one each time that it goes on, until it has stood so many times.
  void work(int w, int jobs, int stops) {
    while (stops > 0) {
      if (attention[w].load(std::memory_order_relaxed) & hold) {
        attention[w].fetch_and(~hold, std::memory_order_seq_cst);  // [SS3]
        if (!still.stand()) continue;
        rest.stir();
        --stops;
        run(w);
      } else if (jobs > 0) {
        --jobs;
        run(w);
      } else {
        sleep(w);
      }
    }
  }
  void sleep(int w) {
    if (still.asked()) return jay::detail::thread_yield();  // the bit comes soon
    asleep[w].store(1, std::memory_order_seq_cst);
    if (!still.asked())
      while (woken[w].exchange(0, std::memory_order_acquire) == 0) jay::detail::futex_wait(woken[w], 0);
    asleep[w].store(0, std::memory_order_relaxed);
  }
  void run(int w) {
    ran[w] = ran[w] + 1;
    model::check(told >= 0, "never");  // reads what was written while they stood
  }
};

/// Fewer executions than there are.
model::options a_few(int bound, int stale) {
  model::options o;
  o.bound = bound;
  o.stale = stale;
  return o;
}

const model::suite& models() {
  static const model::suite all({
      {"a worker is held, and let go",
       [](execution& x) {
         auto& s = x.make<state<1>>();
         x.thread("worker", [&] { s.work(0, 2, 1); });
         x.thread("holder", [&] {
           s.stand_still();
           s.go_on();
         });
       },
       {},
       false},
      {"two workers are held, and let go",
       [](execution& x) {
         auto& s = x.make<state<2>>();
         x.thread("first", [&] { s.work(0, 0, 1); });
         x.thread("second", [&] { s.work(1, 0, 1); });
         x.thread("holder", [&] {
           s.stand_still();
           s.go_on();
         });
       },
       a_few(2, 1),
       false,
       true},
      {"a worker is held twice",
       [](execution& x) {
         auto& s = x.make<state<1>>();
         x.thread("worker", [&] { s.work(0, 1, 2); });
         x.thread("holder", [&] {
           s.stand_still();
           s.go_on();
           s.stand_still();
           s.go_on();
         });
       },
       {},
       false},
      {"a worker is granted a turn",
       [](execution& x) {
         auto& s = x.make<state<1>>();
         x.thread("worker", [&] { s.work(0, 1, 2); });
         x.thread("holder", [&] {
           const int before = s.stand_still();
           const int after = s.go_on_for_a_turn();
           model::check(after == before + 1, "the turn was not one job");
           s.go_on();
         });
       },
       {},
       false},
      {"the ticker rests while they stand, and no longer",
       [](execution& x) {
         auto& s = x.make<state<1>>();
         auto& ticks = x.make<model::atomic<int>>(0);
         x.thread("worker", [&] { s.work(0, 0, 1); });
         x.thread("holder", [&] {
           s.stand_still();
           s.go_on();
         });
         x.thread("ticker", [&] {
           if (s.rest.begin([&] { return s.still.all_stand(1); })) s.rest.wait();
           ticks.store(1, std::memory_order_relaxed);
         });
         x.finally([&] { model::check(ticks.load(std::memory_order_relaxed) == 1, "the ticker sleeps on"); });
       },
       a_few(2, 2),
       false},
      {"another thread waits while they stand",
       [](execution& x) {
         auto& s = x.make<state<1>>();
         x.thread("worker", [&] { s.work(0, 1, 1); });
         x.thread("another", [&] {
           if (!s.still.asked()) return;
           s.still.wait();
           model::check(s.told == 1, "it goes on, and does not see what was done meanwhile");
         });
         x.thread("holder", [&] {
           s.stand_still();
           s.go_on();
         });
       },
       {},
       false},
  });
  return all;
}

TEST(StandstillModel, NoneRunsAJobWhileTheyStand) { models().expect_holds(); }

TEST(StandstillModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("standstill.hpp"); }

}  // namespace
