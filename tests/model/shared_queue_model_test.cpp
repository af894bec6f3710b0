// SPDX-License-Identifier: MIT
// The shared queue's count beside moodycamel's queue: nothing that has been put is lost to sight, nothing is taken twice.
#include "scheduler/src/core/shared_queue.hpp"

#include "suite.hpp"

namespace {

using jay::detail::shared_queue;
using jay::detail::plain;
using model::execution;

struct item : jay::detail::job {
  plain<int> payload = 0;
  int taken = 0;
};

struct state {
  shared_queue q;
  item items[3] = {};
  model::atomic<bool> asleep{false};

  void put(int i) {
    items[i].payload = i + 100;
    q.put(&items[i]);
  }
  bool take() {
    jay::detail::job* j = q.take();
    if (!j) return false;
    auto& it = *static_cast<item*>(j);
    model::check(++it.taken == 1, "a job was taken twice");
    model::check(it.payload == (&it - items) + 100, "a job's contents are not visible");
    return true;
  }
  void all_taken(int n) {
    while (take()) {
    }
    for (int i = 0; i < n; ++i) model::check(items[i].taken == 1, "a job is lost");
    model::check(q.empty() && q.size() == 0, "not empty at the end");
  }
};

const model::suite& models() {
  static const model::suite all({
      {"one put, two takers",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("putter", [&] { s.put(0); });
         for (int i = 0; i < 2; ++i) x.thread(i ? "taker2" : "taker", [&] { s.take(); });
         x.finally([&] { s.all_taken(1); });
       },
       {},
       false},
      {"two putters, a taker of two",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("putter", [&] { s.put(0); });
         x.thread("putter2", [&] { s.put(1); });
         x.thread("taker", [&] { s.take(), s.take(); });
         x.finally([&] { s.all_taken(2); });
       },
       {},
       false},
      {"a bulk put, two takers",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("putter", [&] {
           jay::detail::job* jobs[2];
           for (int i = 0; i < 2; ++i) {
             s.items[i].payload = i + 100;
             jobs[i] = &s.items[i];
           }
           s.q.put(jobs, 2);
         });
         for (int i = 0; i < 2; ++i) x.thread(i ? "taker2" : "taker", [&] { s.take(); });
         x.finally([&] { s.all_taken(2); });
       },
       {},
       false},
      {"a count that is seen has its job behind it",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("putter", [&] { s.put(0); });
         x.thread("taker", [&] {
           if (!s.q.empty()) model::check(s.take(), "counted, but not there");
         });
       },
       {},
       false},
      // What the sleep protocol (idle.hpp) builds on: put, then look for sleepers; announce the sleep, then look for work.
      {"the putter sees the sleeper, or the sleeper sees the job",
       [](execution& x) {
         auto& s = x.make<state>();
         auto& seen = x.make<int>(0);
         x.thread("putter", [&] {
           s.put(0);
           if (s.asleep.load(std::memory_order_seq_cst)) ++seen;
         });
         x.thread("sleeper", [&] {
           s.asleep.store(true, std::memory_order_seq_cst);
           if (!s.q.empty()) ++seen;
         });
         x.finally([&] { model::check(seen >= 1, "the job is overlooked"); });
       },
       {},
       false},
      {"the same after a bulk put",
       [](execution& x) {
         auto& s = x.make<state>();
         auto& seen = x.make<int>(0);
         x.thread("putter", [&] {
           jay::detail::job* jobs[] = {&s.items[0]};
           s.q.put(jobs, 1);
           if (s.asleep.load(std::memory_order_seq_cst)) ++seen;
         });
         x.thread("sleeper", [&] {
           s.asleep.store(true, std::memory_order_seq_cst);
           if (!s.q.empty()) ++seen;
         });
         x.finally([&] { model::check(seen >= 1, "the job is overlooked"); });
       },
       {},
       false},
  });
  return all;
}

TEST(SharedQueueModel, NothingIsLost) { models().expect_holds(); }

TEST(SharedQueueModel, EveryOrderIsNeeded) {
  models().expect_every_mutant_is_noticed(
      "shared_queue.hpp",
      {{"size_.fetch_sub(1", "seq_cst -> acq_rel", "a count that is too high for a moment only makes somebody look"},
       {"taken_.store(", "left out", "it is only shown"}});
}

}  // namespace
