// SPDX-License-Identifier: MIT
// The seat of the worker that waits for events (poll_seat.hpp): it is called from there whoever gets the event, an I/O
// thread that stays away comes back, and the next to sit finds all as the last one has left it.
#include <jay/detail/poll_seat.hpp>

#include "suite.hpp"

namespace {

using model::execution;
struct nobody {};
using poll_seat = jay::detail::basic_poll_seat<nobody>;

/// An eventfd in an epoll instance: what is raised comes to one of those that wait.
struct event {
  model::atomic<std::uint32_t> raised{0};
  void raise() {
    raised.store(1, std::memory_order_seq_cst);
    jay::detail::futex_wake(raised, 1);
  }
  bool comes() { return raised.exchange(0, std::memory_order_seq_cst) != 0; }
  void wait() {
    while (!comes()) jay::detail::futex_wait(raised, 0);
  }
};

struct state {
  poll_seat seat;
  event call;
  model::atomic<std::uint32_t> work{0};
  jay::detail::plain<int> left = 0;  // what one poller leaves to the next
  nobody workers[2];

  /// Sits until there is work.
  void poll(int w) {
    if (!seat.try_take()) return;
    left = left + 1;
    seat.sit(&workers[w]);
    model::check(seat.is_of(&workers[w]), "somebody else sits here");
    if (work.load(std::memory_order_seq_cst) == 0) call.wait();
    seat.stand();
    model::check(!seat.is_of(&workers[w]), "it sits here although it has stood up");
  }
  void watch() {
    if (!seat.try_take()) return;
    left = left + 1;
    seat.give_back();
  }
  void give_work() {
    work.store(1, std::memory_order_seq_cst);
    if (seat.is_occupied()) call.raise();
  }
  /// By who has seen that the worker is about to sit, not that it does.
  void call_out() {
    work.store(1, std::memory_order_seq_cst);
    call.raise();
  }
  void seat_is_free() {
    model::check(!seat.is_occupied(), "somebody sits at the end");
    model::check(seat.try_take(), "the seat was not given back");
  }
  void look(bool stays_away) {
    if (call.comes()) seat.pass_on(stays_away, [this] { call.raise(); });
  }
};

const model::suite& models() {
  static const model::suite all({
      {"a worker sits, work is given, and an I/O thread gets the event",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("worker", [&] { s.poll(0); });
         x.thread("giver", [&] { s.give_work(); });
         x.thread("I/O thread", [&] { s.look(true); });
         x.finally([&] { s.seat_is_free(); });
       },
       {},
       false},
      {"two workers sit one after the other",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("first", [&] { s.poll(0); });
         x.thread("second", [&] { s.poll(1); });
         x.thread("giver", [&] { s.give_work(); });
         x.finally([&] { s.seat_is_free(); });
       },
       {},
       false},
      {"the event comes to an I/O thread, then to a worker in its turn",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("worker", [&] { s.poll(0); });
         x.thread("giver", [&] { s.give_work(); });
         x.thread("I/O thread", [&] { s.look(true); });
         x.thread("another", [&] { s.look(false); });
       },
       {},
       false},
      {"the event is raised while the worker is about to sit",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("worker", [&] { s.poll(0); });
         x.thread("caller", [&] { s.call_out(); });
         x.thread("I/O thread", [&] { s.look(true); });
       },
       {},
       false},
      {"one watches and another sits",
       [](execution& x) {
         auto& s = x.make<state>();
         x.thread("worker", [&] { s.poll(0); });
         x.thread("watcher", [&] { s.watch(); });
         x.thread("giver", [&] { s.give_work(); });
         x.finally([&] { s.seat_is_free(); });
       },
       {},
       false},
  });
  return all;
}

TEST(PollSeatModel, WhoSitsIsCalled) { models().expect_holds(); }

TEST(PollSeatModel, EveryOrderIsNeeded) { models().expect_every_mutant_is_noticed("poll_seat.hpp"); }

}  // namespace
