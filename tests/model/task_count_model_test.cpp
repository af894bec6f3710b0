// SPDX-License-Identifier: MIT
// The count of tasks and the wait for the last one, as shipped: none_left is never true while a task lives, and who drains
// is never left asleep. What happens around them is task_state.cpp's count_end and scheduler::drain.
#include "scheduler/src/task/task_count.hpp"

#include "suite.hpp"

namespace {

using jay::detail::drain_bell;
using jay::detail::task_count;
using model::execution;

// Each task begins the next one; a worker that is handed a task ends it.
struct state {
  task_count counts[3];  // two workers', and all others'
  drain_bell bell;
  int living = 0;
  model::atomic<int> handed{0};

  void begin(int where) {
    ++living;
    counts[where].begun();
  }
  void end(int where) {
    --living;
    if (where == 2) counts[2].ended_shared();
    else counts[where].ended();
    bell.ring();
  }
  void drain() {
    bell.begin();
    for (;;) {
      std::uint32_t heard = bell.heard();
      if (task_count::none_left(counts)) break;
      bell.wait(heard);
    }
    bell.end();
    model::check(living == 0, "drained while a task lives");
  }
  void look() {
    if (task_count::none_left(counts)) model::check(living == 0, "none left, but a task lives");
  }
};

void one_ends_while_somebody_drains(execution& x, int where) {
  auto& s = x.make<state>();
  s.begin(2);
  x.thread("ends", [&s, where] { s.end(where); });
  x.thread("drainer", [&s] { s.drain(); });
}

const model::suite& models() {
  static const model::suite all({
      {"ends on a worker while somebody drains", [](execution& x) { one_ends_while_somebody_drains(x, 0); }},
      {"ends outside while somebody drains", [](execution& x) { one_ends_while_somebody_drains(x, 2); }},
      {"begins another, which ends elsewhere",
       [](execution& x) {
         auto& s = x.make<state>();
         s.begin(2);
         x.thread("worker", [&s] {
           s.begin(0);
           s.handed.store(1, std::memory_order_release);
           s.end(0);
         });
         x.thread("other", [&s] {
           if (s.handed.load(std::memory_order_acquire) == 0) return;
           s.begin(1);
           s.end(1);
           s.end(1);
         });
         x.thread("drainer", [&s] { s.look(); });
       }},
      {"begins another and ends outside",
       [](execution& x) {
         auto& s = x.make<state>();
         s.begin(2);
         x.thread("worker", [&s] {
           s.begin(0);
           s.end(2);
           s.end(0);
         });
         x.thread("drainer", [&s] { s.look(); });
       }},
  });
  return all;
}

TEST(TaskCountModel, NoneAreLeftOnlyWhenAllHaveEnded) { models().expect_holds(); }

TEST(TaskCountModel, EveryOrderIsNeeded) {
  models().expect_every_mutant_is_noticed(
      "task_count.hpp", {{"draining_.store(false", "left out", "later ends ring, and nobody listens"},
                         {"if (!draining_.load(asym_load))", "acquire -> relaxed", "the fences order it where it is no seq_cst"}});
}

}  // namespace
