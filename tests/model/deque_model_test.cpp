// SPDX-License-Identifier: MIT
// The work-stealing deque as shipped: each job is taken exactly once, by a thread that sees what it points to.
#include <jay/detail/deque.hpp>

#include "suite.hpp"

namespace {

using jay::detail::deque;
using jay::detail::plain;
using model::execution;

struct item : jay::detail::job {
  plain<int> payload = 0;
  int taken = 0;
};

struct state {
  explicit state(std::size_t capacity) : q(capacity) {}
  deque q;
  item items[6] = {};
  int pushed = 0;

  jay::detail::job* prepare() {
    items[pushed].payload = pushed + 100;
    return &items[pushed++];
  }
  void push() { q.push(prepare()); }
  void push_several(std::size_t n) {  // as a fork does
    auto b = q.reserve(n);
    for (std::size_t i = 0; i < n; ++i) q.put(b + i, prepare());
    q.publish(b + n);
  }
  bool take(jay::detail::job* j) {
    if (!j) return false;
    auto& it = *static_cast<item*>(j);
    model::check(&it >= items && &it < items + 6, "the deque gave something that was never pushed");
    model::check(++it.taken == 1, "a job was taken twice");
    model::check(it.payload == (&it - items) + 100, "a job's contents are not visible");
    return true;
  }
  void pop() { take(q.pop()); }
  void pop_oldest() { take(q.pop_oldest()); }
  void steal() { take(q.steal()); }
};

template <class Owner>
model::named_model with_thieves(const char* name, std::size_t capacity, int thieves, int steals, Owner owner) {
  return {name, [=](execution& x) {
            auto& s = x.make<state>(capacity);
            x.thread("owner", [&s, owner] { owner(s); });
            for (int i = 0; i < thieves; ++i)
              x.thread(i == 0 ? "thief" : "thief2", [&s, steals] {
                for (int k = 0; k < steals; ++k) s.steal();
              });
            x.finally([&s] {
              while (s.take(s.q.pop())) {
              }
              for (int i = 0; i < s.pushed; ++i) model::check(s.items[i].taken == 1, "a job is lost");
              model::check(s.q.empty() && s.q.size() == 0, "not empty at the end");
            });
          }};
}

const model::suite& models() {
  static const model::suite all({
      with_thieves("the last one", 4, 1, 1, [](state& s) { s.push(), s.pop(); }),
      with_thieves("two, two thefts", 4, 1, 2, [](state& s) { s.push(), s.push(), s.pop(), s.pop(); }),
      with_thieves("push again after pop", 4, 1, 2, [](state& s) { s.push(), s.pop(), s.push(), s.pop(); }),
      with_thieves("an index used again", 4, 1, 2, [](state& s) { s.push(), s.push(), s.pop(), s.push(); }),
      with_thieves("oldest first", 4, 1, 2, [](state& s) { s.push(), s.push(), s.pop_oldest(), s.pop_oldest(); }),
      with_thieves("either end", 4, 1, 1, [](state& s) { s.push(), s.push(), s.pop(), s.pop_oldest(); }),
      with_thieves("growing", 2, 1, 2, [](state& s) { s.push(), s.push(), s.pop(); }),
      with_thieves("wrapping round", 2, 1, 1, [](state& s) { s.push(), s.pop(), s.push(), s.pop(), s.push(); }),
      with_thieves("cells used again", 2, 1, 2,
                   [](state& s) { s.push(), s.pop_oldest(), s.push(), s.pop_oldest(), s.push(); }),
      with_thieves("two thieves", 4, 2, 1, [](state& s) { s.push(), s.push(), s.pop(); }),
      with_thieves("an index used again, two thieves", 4, 2, 1,
                   [](state& s) { s.push(), s.push(), s.pop(), s.push(); }),
      with_thieves("a fork of two", 4, 2, 1, [](state& s) { s.push_several(2), s.pop(), s.pop(); }),
  });
  return all;
}

TEST(DequeModel, EachJobIsTakenOnce) { models().expect_holds(); }

// What no model can notice. Load buffering (a load that returns a store made later) is not explored; the orders against it
// stand in the source all the same.
TEST(DequeModel, EveryOrderIsNeeded) {
  models().expect_every_mutant_is_noticed(
      "deque.hpp",
      {
          {"bottom_.store(b, asym_store);  // [D1]", "seq_cst -> release",
           "the sleep protocol needs it: park_model_test.cpp"},
          {"top_.compare_exchange_strong", "seq_cst -> acq_rel",
           "the fences, or the seq_cst loads around it, order it since C++20; the published algorithm has seq_cst"},
          {"bottom_.store(b + 1", "release -> relaxed", "no theft that succeeds has read bottom from here"},
          {"// [T1];", "seq_cst -> acquire", "the CAS on top finds an old one out"},
          {"// [T1];", "acquire -> relaxed", "the heavy fence is an acquire fence as well"},
          {"// nothing to pay a fence for", "seq_cst -> acquire", "T2 comes after it"},
          {"// nothing to pay a fence for", "acquire -> relaxed", "T2 comes after it"},
          {"// [T2];", "seq_cst -> acquire", "the look before it is seq_cst as well"},
          {"// [O2]", "acquire -> relaxed",
           "against load buffering: a thief reads its cell before the owner writes it again"},
          {"std::uint64_t t = top_.load(std::memory_order_acquire);", "acquire -> relaxed", "as O2"},
          {"top_seen_ = top_.load", "acquire -> relaxed", "as O2"},
          {"ring_.store(r", "left out",
           "a thief that reads no job in the old ring goes away: it robs no more, but nothing is lost"},
      });
}

}  // namespace
