// SPDX-License-Identifier: MIT
// What an I/O thread keeps (kept_jobs.hpp): each job is taken once, with its contents, by the thread or by who takes all;
// and a worker that goes to wait for events does not overlook it.
#include <jay/detail/kept_jobs.hpp>

#include "suite.hpp"

namespace {

using kept_jobs = jay::detail::basic_kept_jobs<2>;
using jay::detail::plain;
using model::execution;

struct item : jay::detail::job {
  plain<int> payload = 0;
  int taken = 0;
};

struct state {
  kept_jobs kept;
  item items[2] = {};
  model::atomic<bool> waits{false};

  void put(int i) {
    items[i].payload = i + 100;
    model::check(kept.put(&items[i]), "there is room");
  }
  void see(jay::detail::job* j) {
    model::check(j != nullptr, "counted, but not there");
    auto& it = *static_cast<item*>(j);
    model::check(++it.taken == 1, "a job was taken twice");
    model::check(it.payload == (&it - items) + 100, "a job's contents are not visible");
  }
  bool take() {
    jay::detail::job* j = kept.take();
    if (j) see(j);
    return j != nullptr;
  }
  void take_all() {
    jay::detail::job* out[kept_jobs::room];
    const std::size_t n = kept.take_all(out);
    for (std::size_t i = 0; i < n; ++i) {
      model::check(i == 0 || out[i - 1] < out[i], "out of order");
      see(out[i]);
    }
  }
  void all_taken(int n) {
    while (take()) {
    }
    for (int i = 0; i < n; ++i) model::check(items[i].taken == 1, "a job is lost");
    model::check(kept.empty(), "not empty at the end");
  }
};

const model::suite& models() {
  static const model::suite all({
      {"the thread puts and takes, another takes all",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("I/O thread", [&] { s.put(0), s.put(1), s.take(); });
         x.thread("other", [&] { s.take_all(); });
         x.finally([&] { s.all_taken(2); });
       },
       {},
       false},
      {"the thread sees the worker that waits, or that sees the job",
       [](execution& x) {
         auto& s = x.make<state>();
         auto& rings = x.make<int>(0);
         x.thread("I/O thread", [&] {
           s.put(0);
           if (s.waits.load(std::memory_order_seq_cst)) ++rings;
         });
         x.thread("worker", [&] {
           s.waits.store(true, std::memory_order_seq_cst);
           if (!s.kept.empty()) ++rings;
         });
         x.finally([&] { model::check(rings >= 1, "the job is overlooked"); });
       },
       {},
       false},
  });
  return all;
}

TEST(KeptJobsModel, NothingIsLost) { models().expect_holds(); }

TEST(KeptJobsModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("kept_jobs.hpp"); }

}  // namespace
