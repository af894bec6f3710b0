// SPDX-License-Identifier: MIT
// The choosing rule (scheduler/src/core/turns.hpp) as shipped, on queues of a model: under every mix of what can keep a worker
// busy, a job in any place is chosen within the bound that the rule states. Time is counted in picks.
#include "scheduler/src/core/turns.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace {

using jay::detail::job;
using jay::detail::turns;
using jay::detail::turns_in_order;

constexpr int tick = 100;  // picks between two requests, where steps are short

struct places {
  std::deque<job*> of_ready, of_shared, own, of_later, of_low, of_others;
  std::uint64_t top = 1;
  bool asked = false, calls = false;

  static job* front(std::deque<job*>& q) {
    if (q.empty()) return nullptr;
    job* j = q.front();
    q.pop_front();
    return j;
  }
  bool turn_asked() { return std::exchange(asked, false); }
  bool called() const { return calls; }
  bool calm() const { return !asked && !calls; }
  void answered() { calls = !of_ready.empty() || !of_shared.empty(); }
  job* ready() { return front(of_ready); }
  job* shared() { return front(of_shared); }
  job* later() { return front(of_later); }
  job* low() { return front(of_low); }
  job* left() { return front(of_others); }
  job* youngest() {
    if (own.empty()) return nullptr;
    job* j = own.back();
    own.pop_back();
    if (own.empty()) ++top;
    return j;
  }
  job* oldest() {
    job* j = front(own);
    if (j) ++top;
    return j;
  }
  std::uint64_t oldest_index() const { return top; }
  std::size_t own_size() const { return own.size(); }
  std::size_t later_size() const { return of_later.size(); }
  bool any_low() const { return !of_low.empty(); }
  bool any_left() const { return !of_others.empty(); }
};

// What keeps the worker busy: bits.
enum : unsigned { wakes_each_other = 1, a_tree = 2, gives_way = 4, io_flood = 8, shared_flood = 16, low_flood = 32, all = 64 };

/// After how many picks the last of `crowd` victims, put into that place, is chosen beside those hogs; -1: not at all.
template <class Rule = turns>
int wait_of(unsigned hogs, std::deque<job*> places::* place, int crowd, int begin, int a_tick = tick) {
  places q;
  Rule rule;
  job ping{}, branch{}, yielder{}, event{}, outside{}, low{}, victim{};
  int put_at = -1;
  if (hogs & wakes_each_other) q.own.push_back(&ping);
  if (hogs & gives_way) q.of_later.insert(q.of_later.end(), 3, &yielder);
  if (hogs & low_flood) q.of_low.insert(q.of_low.end(), 3, &low);
  for (int now = 0; now < 200 * tick + 40 * tick * crowd; ++now) {
    if (now == begin) {
      for (int i = 0; i < crowd; ++i) (q.*place).push_back(&victim);
      if (place == &places::of_ready || place == &places::of_shared) q.calls = true;
      put_at = now;
    }
    if (hogs & a_tree && q.own.size() < 40) q.own.insert(q.own.end(), 2, &branch);
    if (hogs & io_flood && q.of_ready.size() < 5) q.of_ready.push_back(&event), q.calls = true;
    if (hogs & shared_flood && q.of_shared.size() < 5) q.of_shared.push_back(&outside), q.calls = true;
    if (now % a_tick == 0) q.asked = true;
    job* j = rule.next(q);
    if (j == &ping) q.own.push_back(&ping);
    if (j == &branch && q.own.size() < 40) q.own.insert(q.own.end(), 2, &branch);
    if (j == &yielder) q.of_later.push_back(&yielder);
    if (j == &low) q.of_low.push_back(&low);
    if (j == &victim && --crowd == 0) return now - put_at;
  }
  return -1;
}

void expect_within(int bound, std::deque<job*> places::* place, int crowd) {
  for (unsigned hogs = 0; hogs < all; ++hogs)
    for (int begin : {1, tick - 1, tick, tick + 1, 3 * tick / 2}) {
      const int waited = wait_of(hogs, place, crowd, begin);
      EXPECT_GE(waited, 0) << "never chosen beside hogs " << hogs;
      EXPECT_LE(waited, bound) << "beside hogs " << hogs << ", put at " << begin;
    }
}

TEST(TurnsModel, WhatIoHasMadeReadyIsChosenWithinThirtyTwoPicks) { expect_within(32 + 5 * 2, &places::of_ready, 1); }
TEST(TurnsModel, WhatOthersHaveWokenIsChosenWithinTheShare) { expect_within(32 + 5 * 2, &places::of_shared, 1); }
TEST(TurnsModel, AnOwnJobIsChosenWithinFiveTicks) { expect_within(5 * tick, &places::own, 1); }
TEST(TurnsModel, WhatHasGivenWayIsChosenWithinFiveTicks) { expect_within(5 * tick, &places::of_later, 1); }
TEST(TurnsModel, ALowOneIsChosenWithinAFewTurns) { expect_within(4 * 2 * tick + 2 * tick, &places::of_low, 1); }
TEST(TurnsModel, WhatAnotherWorkerHasLeftIsChosenWithinThreeTicks) { expect_within(3 * tick, &places::of_others, 1); }

TEST(TurnsModel, ACrowdOfOwnJobsIsChosenInProportion) { expect_within(40 * tick, &places::own, 100); }
TEST(TurnsModel, ACrowdThatHasGivenWayIsChosenInProportion) { expect_within(40 * tick, &places::of_later, 100); }
TEST(TurnsModel, ACrowdFromOutsideIsChosenInProportion) { expect_within(4 * 105, &places::of_shared, 100); }

// ---- steps that are long beside a tick: a turn has time for few of them, or for one ----

constexpr int ticks_of_long_steps[] = {1, 2, 3, 4, 5, 8, 16};

void expect_within_however_long(int steps, std::deque<job*> places::* place, unsigned without) {
  for (int a_tick : ticks_of_long_steps)
    for (unsigned hogs = 0; hogs < all; ++hogs) {
      if (hogs & without) continue;
      for (int begin = 1; begin <= 4 * a_tick; ++begin) {
        const int waited = wait_of(hogs, place, 1, begin, a_tick);
        EXPECT_GE(waited, 0) << "never chosen beside hogs " << hogs << ", " << a_tick << " steps a tick";
        EXPECT_LE(waited, 4 * a_tick + steps) << "beside hogs " << hogs << ", " << a_tick << " steps a tick, put at " << begin;
      }
    }
}

TEST(TurnsModel, TheFirstLowOneIsChosenWithinEightLongSteps) { expect_within_however_long(8, &places::of_low, low_flood); }
TEST(TurnsModel, AnOwnJobIsChosenWithinEightLongSteps) { expect_within_however_long(8, &places::own, a_tree | wakes_each_other); }
TEST(TurnsModel, TheFirstThatHasGivenWayIsChosenWithinEightLongSteps) {
  expect_within_however_long(8, &places::of_later, gives_way);
}
TEST(TurnsModel, WhatAnotherWorkerHasLeftIsChosenWithinEightLongSteps) { expect_within_however_long(8, &places::of_others, 0); }
TEST(TurnsModel, WhatIoHasMadeReadyIsChosenHoweverLongAStepIs) { expect_within_however_long(32 + 5 * 2, &places::of_ready, 0); }
TEST(TurnsModel, WhatOthersHaveWokenIsChosenHoweverLongAStepIs) { expect_within_however_long(32 + 5 * 2, &places::of_shared, 0); }

// ---- order = "asyncio" ----

void expect_in_order_within(int bound, std::deque<job*> places::* place, unsigned without) {
  for (unsigned hogs = 0; hogs < all; ++hogs) {
    if (hogs & without) continue;
    for (int begin = 1; begin <= 130; ++begin) {
      const int waited = wait_of<turns_in_order>(hogs, place, 1, begin);
      EXPECT_GE(waited, 0) << "never chosen beside hogs " << hogs;
      EXPECT_LE(waited, bound) << "beside hogs " << hogs << ", put at " << begin;
    }
  }
}

// A tree has 40 that stand before it. Each of its own may wait for two times 32 ready ones.
TEST(TurnsInOrderModel, AnOwnJobIsChosenInItsOrder) { expect_in_order_within(45 * 64, &places::own, 0); }
TEST(TurnsInOrderModel, WhatIoHasMadeReadyIsChosenWithinThirtyTwoPicks) { expect_in_order_within(32 + 5 * 2, &places::of_ready, 0); }
TEST(TurnsInOrderModel, WhatOthersHaveWokenIsChosenInTurnsWithItsOwn) { expect_in_order_within(6 * 64, &places::of_shared, 0); }
TEST(TurnsInOrderModel, TheFirstLowOneIsChosenWithinItsPatience) {
  expect_in_order_within(turns_in_order::patience, &places::of_low, low_flood);
}

// A turn is for what has stood for a tick. The index of an empty place is that of the next to come.
TEST(TurnsModel, ATurnDoesNotTakeForOldWhatHasJustCome) {
  for (const bool first : {true, false}) {
    places q;
    q.top = 0;
    turns rule;
    job a{}, b{}, before{};
    if (!first) {
      q.own.push_back(&before);
      EXPECT_EQ(rule.next(q), &before);
      q.asked = true;
      EXPECT_EQ(rule.next(q), nullptr);  // where it is asked in vain, nothing is old either
    }
    q.own = {&a, &b};
    q.asked = true;
    EXPECT_EQ(rule.next(q), &b) << "the younger";
    EXPECT_EQ(rule.next(q), &a);
  }
}

// What computes is not shut out by what waits.
TEST(TurnsModel, TheYoungestKeepsHalfOfTheTicks) {
  places q;
  turns rule;
  job worker{}, crowd{};
  int chosen = 0, picks = 100 * tick;
  for (int now = 0; now < picks; ++now) {
    if (q.own.empty() || q.own.back() != &worker) q.own.push_back(&worker);
    while (q.own.size() < 500) q.own.push_front(&crowd);
    while (q.of_later.size() < 500) q.of_later.push_back(&crowd);
    if (now % tick == 0) q.asked = true;
    chosen += rule.next(q) == &worker;
  }
  EXPECT_GE(chosen, picks * 45 / 100);
}

}  // namespace
