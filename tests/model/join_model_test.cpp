// SPDX-License-Identifier: MIT
// The join counter as shipped, with the shipped deque between the owner and the thieves: the parent is resumed exactly
// once, after the last child, and sees every child's result; nobody touches the join after that. What happens around the
// counter is child_done and close_out of join.hpp.
#include <jay/detail/deque.hpp>
#include <jay/detail/join_counter.hpp>

#include "suite.hpp"

namespace {

using jay::detail::job;
using jay::detail::join_counter;
using jay::detail::plain;
using model::execution;

struct child : job {
  plain<int> result = 0;
};

struct gather {
  explicit gather(execution& e) : x(e) {
    counter.open_shared(7);  // what lay there before, in the parent's frame
    counter.finish_owned();
  }
  execution& x;
  join_counter& counter = x.make<join_counter>();
  jay::detail::deque q{4};
  child children[3] = {};
  int n = 0;
  int resumed = 0;
  model::atomic<int> suspended{0};  // 1 + the number of the child whose event is awaited

  void fork(void* me, int count) {
    n = count;
    auto b = q.reserve(static_cast<std::size_t>(count - 1));
    counter.open(me, static_cast<std::uint32_t>(count));
    for (int i = 1; i < count; ++i) q.put(b + static_cast<std::uint64_t>(count - 1 - i), &children[i]);
    q.publish(b + static_cast<std::uint64_t>(count - 1));
    jay::detail::asymmetric_light();
  }
  void resume_parent() {
    model::check(++resumed == 1, "the parent is resumed twice");
    for (int i = 0; i < n; ++i) model::check(children[i].result == i + 1, "a result is not visible to the parent");
    x.destroy(counter);
  }
  // Runs a child to its end on worker `me`, and what is popped after it.
  void run(void* me, job* j) {
    while (j) {
      auto& c = *static_cast<child*>(j);
      c.result = static_cast<int>(&c - children) + 1;
      j = done(me);
    }
  }
  job* done(void* me) {
    if (!counter.owned_by(me)) {
      if (counter.finish_shared()) resume_parent();
      return nullptr;
    }
    if (counter.finish_owned()) {
      resume_parent();
      return nullptr;
    }
    if (job* sibling = q.pop()) return sibling;
    if (counter.close()) resume_parent();
    return nullptr;
  }
  // A child suspends on its owner: the counter is closed, another thread may end it, the owner looks for other work.
  void suspend(void* me, int i) {
    if (counter.owned_by(me)) model::check(!counter.close(), "closed to 0 with a child still to run");
    suspended.store(i + 1, std::memory_order_release);
    if (job* other = q.pop()) run(me, other);
  }
  void finish_suspended(void* me) {
    int i = suspended.load(std::memory_order_acquire);
    if (i == 0) return;
    suspended.store(0, std::memory_order_relaxed);
    run(me, &children[i - 1]);
  }
};

model::named_model gathering(const char* name, int thieves, void (*owner)(gather&, void*),
                             void (*extra)(gather&, void*) = nullptr, bool large = false) {
  model::options o;
  if (large) --o.bound;
  return {name,
          [=](execution& x) {
            auto& g = x.make<gather>(x);
            x.thread("owner", [&g, owner] { owner(g, &g.children[0]); });
            for (int i = 0; i < thieves; ++i)
              x.thread(i ? "thief2" : "thief", [&g, i] { g.run(&g.children[i + 1], g.q.steal()); });
            if (extra) x.thread("event", [&g, extra] { extra(g, &g.q); });
            x.finally([&g] {  // what was left behind is run by somebody else
              g.run(&g.n, g.q.pop());
              g.finish_suspended(&g.n);
              model::check(g.resumed == 1, "the parent is never resumed");
            });
          },
          o, true, large};
}

const model::suite& models() {
  static const model::suite all({
      gathering("two, one thief", 1, [](gather& g, void* me) { g.fork(me, 2), g.run(me, &g.children[0]); }),
      gathering(
          "one suspends", 0, [](gather& g, void* me) { g.fork(me, 2), g.suspend(me, 0); },
          [](gather& g, void* me) { g.finish_suspended(me); }),
      gathering("three, one thief", 1, [](gather& g, void* me) { g.fork(me, 3), g.run(me, &g.children[0]); }),
      gathering(
          "one suspends, one thief", 1, [](gather& g, void* me) { g.fork(me, 2), g.suspend(me, 0); },
          [](gather& g, void* me) { g.finish_suspended(me); }),
      gathering("two, two thieves", 2, [](gather& g, void* me) { g.fork(me, 2), g.run(me, &g.children[0]); }),
      {"shared from the start",
       [](execution& x) {
         auto& g = x.make<gather>(x);
         g.n = 2;
         g.counter.open_shared(2);
         for (int i = 0; i < 2; ++i)
           x.thread(i ? "second" : "first", [&g, i] { g.run(&g.children[i], &g.children[i]); });
         x.finally([&g] { model::check(g.resumed == 1, "the parent is never resumed"); });
       },
       {},
       false},
      gathering(
          "three, two thieves", 2, [](gather& g, void* me) { g.fork(me, 3), g.run(me, &g.children[0]); }, nullptr,
          true),
  });
  return all;
}

TEST(JoinModel, TheParentIsResumedOnceAfterTheLast) { models().expect_holds(); }

TEST(JoinModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("join_counter.hpp"); }

}  // namespace
