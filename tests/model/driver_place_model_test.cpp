// SPDX-License-Identifier: MIT
// Where a scheduler has its driver (scheduler/src/core/driver_place.hpp), as shipped: when it has been taken away nobody is
// inside it, and who comes later finds none.
#include "scheduler/src/core/driver_place.hpp"

#include "suite.hpp"

namespace {

using model::execution;

struct driver {
  model::atomic<std::uint32_t> event{0};
  jay::detail::plain<int> what = 0;
  model::atomic<bool> gone{false};  // relaxed: asked by who would be wrong to be inside

  void be_inside() {
    model::check(!gone.load(std::memory_order_relaxed), "inside a driver that was taken away");
    what = what + 1;
  }
  void interrupt() {
    event.store(1, std::memory_order_seq_cst);
    jay::detail::futex_wake(event, 1);
  }
  void sleep() {
    while (event.exchange(0, std::memory_order_seq_cst) == 0) jay::detail::futex_wait(event, 0);
  }
};
using place = jay::detail::basic_driver_place<driver>;

struct state {
  driver first;
  place at;
  jay::detail::plain<int> made = 0;

  void put() {
    made = 1;
    at.set(&first);
  }
  void take_away() {
    at.set(nullptr);
    first.gone.store(true, std::memory_order_relaxed);
    first.what = -1;  // as its destructor would
  }
  void visit() {
    place::use inside(at);
    if (driver* d = inside.get()) d->be_inside();
  }
  /// A worker that sleeps there, and looks again whether it is still there.
  void sleep() {
    place::use inside(at);
    driver* d = inside.get();
    if (!d) return;
    d->be_inside();
    d->sleep();
    if ((d = inside.get())) d->be_inside();
  }
};

const model::suite& models() {
  static const model::suite all({
      {"one visits while it is taken away",
       [](execution& x) {
         auto& s = x.make<state>();
         s.put();
         x.thread("visitor", [&] { s.visit(); });
         x.thread("owner", [&] { s.take_away(); });
       },
       {},
       false},
      {"one sleeps inside while it is taken away, and another comes",
       [](execution& x) {
         auto& s = x.make<state>();
         s.put();
         x.thread("sleeper", [&] { s.sleep(); });
         x.thread("owner", [&] { s.take_away(); });
       },
       {},
       false},
      {"it is put there while one looks, and one who knows that it stays reads it",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("visitor", [&] { s.visit(); });
         x.thread("reader", [&] {
           if (s.at.peek()) model::check(s.made == 1, "it is not whole");
         });
         x.thread("owner", [&] { s.put(); });
       },
       {},
       false},
  });
  return all;
}

TEST(DriverPlaceModel, NobodyIsInsideADriverThatWasTakenAway) { models().expect_holds(); }

TEST(DriverPlaceModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("driver_place.hpp"); }

}  // namespace
