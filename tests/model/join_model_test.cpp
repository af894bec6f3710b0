// SPDX-License-Identifier: MIT
// The join counter as shipped, with the shipped deque between the owner and the thieves: the parent is resumed exactly
// once, after the last child, and sees every child's result; nobody touches the join after that.
#include <jay/detail/deque.hpp>
#include <jay/detail/join_end.hpp>

#include "suite.hpp"

namespace {

using jay::detail::job;
using jay::detail::join_counter;
using jay::detail::plain;
using model::execution;

struct child : job {
  plain<int> result = 0;
};

struct crew_worker {
  jay::detail::deque jobs{4};
  bool calm() const { return true; }
};

// The shipped end of a child, on a join whose parent is a job that says so.
struct model_join : jay::detail::join_end {
  explicit model_join(job& p) {
    parent = &p;
    counter.open_shared(7);  // what lay there before, in the parent's frame
    counter.finish_owned();
  }
  bool has_child(const job*) const { return true; }
  job* close_out(crew_worker& w, job* popped) {
    job* p = parent;
    if (popped) w.jobs.push(popped);
    return counter.close() ? p : nullptr;
  }
};

struct gather {
  explicit gather(execution& e) : x(e) {}
  execution& x;
  job parent;
  model_join& join = x.make<model_join>(parent);
  jay::detail::join_counter& counter = join.counter;
  crew_worker owner, thieves[2], event, last;
  child children[3] = {};
  int n = 0;
  int resumed = 0;
  model::atomic<int> suspended{0};  // 1 + the number of the child whose event is awaited

  void fork(int count) {
    n = count;
    auto b = owner.jobs.reserve(static_cast<std::size_t>(count - 1));
    counter.open(&owner, static_cast<std::uint32_t>(count));
    for (int i = 1; i < count; ++i) owner.jobs.put(b + static_cast<std::uint64_t>(count - 1 - i), &children[i]);
    owner.jobs.publish(b + static_cast<std::uint64_t>(count - 1));
    jay::detail::asymmetric_light();
  }
  void resume_parent() {
    model::check(++resumed == 1, "the parent is resumed twice");
    for (int i = 0; i < n; ++i) model::check(children[i].result == i + 1, "a result is not visible to the parent");
    x.destroy(join);
  }
  // Runs a child to its end on w, and what comes after it.
  void run(crew_worker& w, job* j) {
    while (j) {
      if (j == &parent) return resume_parent();
      auto& c = *static_cast<child*>(j);
      c.result = static_cast<int>(&c - children) + 1;
      j = jay::detail::child_ended(join, w);
    }
  }
  // A child suspends on its owner: the counter is closed, another thread may end it, the owner looks for other work.
  void suspend(int i) {
    if (counter.owned_by(&owner)) model::check(!counter.close(), "closed to 0 with a child still to run");
    suspended.store(i + 1, std::memory_order_release);
    if (job* other = owner.jobs.pop()) run(owner, other);
  }
  void finish_suspended(crew_worker& w) {
    int i = suspended.load(std::memory_order_acquire);
    if (i == 0) return;
    suspended.store(0, std::memory_order_relaxed);
    run(w, &children[i - 1]);
  }
};

model::named_model gathering(const char* name, int thieves, void (*owner)(gather&), void (*extra)(gather&) = nullptr,
                             bool large = false) {
  model::options o;
  if (large) --o.bound;
  return {name,
          [=](execution& x) {
            auto& g = x.make<gather>(x);
            x.thread("owner", [&g, owner] { owner(g); });
            for (int i = 0; i < thieves; ++i)
              x.thread(i ? "thief2" : "thief", [&g, i] { g.run(g.thieves[i], g.owner.jobs.steal()); });
            if (extra) x.thread("event", [&g, extra] { extra(g); });
            x.finally([&g] {  // what was left behind is run by somebody else
              g.run(g.last, g.owner.jobs.pop());
              g.finish_suspended(g.last);
              model::check(g.resumed == 1, "the parent is never resumed");
            });
          },
          o, true, large};
}

const model::suite& models() {
  static const model::suite all({
      gathering("two, one thief", 1, [](gather& g) { g.fork(2), g.run(g.owner, &g.children[0]); }),
      gathering(
          "one suspends", 0, [](gather& g) { g.fork(2), g.suspend(0); },
          [](gather& g) { g.finish_suspended(g.event); }),
      gathering("three, one thief", 1, [](gather& g) { g.fork(3), g.run(g.owner, &g.children[0]); }),
      gathering(
          "one suspends, one thief", 1, [](gather& g) { g.fork(2), g.suspend(0); },
          [](gather& g) { g.finish_suspended(g.event); }),
      gathering("two, two thieves", 2, [](gather& g) { g.fork(2), g.run(g.owner, &g.children[0]); }),
      {"shared from the start",
       [](execution& x) {
         auto& g = x.make<gather>(x);
         g.n = 2;
         g.counter.open_shared(2);
         for (int i = 0; i < 2; ++i)
           x.thread(i ? "second" : "first", [&g, i] { g.run(g.thieves[i], &g.children[i]); });
         x.finally([&g] { model::check(g.resumed == 1, "the parent is never resumed"); });
       },
       {},
       false},
      gathering(
          "three, two thieves", 2, [](gather& g) { g.fork(3), g.run(g.owner, &g.children[0]); }, nullptr,
          true),
  });
  return all;
}

TEST(JoinModel, TheParentIsResumedOnceAfterTheLast) { models().expect_holds(); }

TEST(JoinModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("join_counter.hpp"); }

}  // namespace
