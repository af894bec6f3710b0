// SPDX-License-Identifier: MIT
// The await / complete / cancel word as shipped: of all who want to end a suspension exactly one resumes the frame, it sees
// what the others have written for it, a cancel is told once, and nobody touches the waiter after its end.
#include <jay/detail/cancel_word.hpp>
#include <jay/detail/spin_mutex.hpp>

#include "suite.hpp"

namespace {

using jay::detail::cancel_word;
using jay::detail::plain;
using jay::detail::spin_guard;
using jay::detail::spin_mutex;
using model::execution;

// What a suspension consists of: the awaiter in the strand's frame.
struct alignas(16) waiter {
  plain<int> frame = 0;      // written by the strand before it suspends, read by who resumes it
  plain<int> result = 0;     // written by the completer
  plain<bool> told = false;  // by a canceller
};

struct state {
  explicit state(execution& e) : x(e) {}
  execution& x;
  cancel_word word;
  waiter& l = x.make<waiter>();
  spin_mutex resource;
  plain<bool> linked = false;
  spin_mutex scope;
  plain<int> noted = 0;   // what cancellers leave in the scope for the strand
  plain<bool> level = false;  // the cancel is for good: guarded by the scope's lock
  plain<int> target = 0;  // the result of what a relaying waiter waits for
  int cancels = 0;        // that have been accepted
  int ended = 0;          // suspensions ended, by whomever
  int told = 0;           // cancels told
  int passed_on = 0;  // times that what is waited for was told
  bool forwards = false;
  bool breaks = false;  // the canceller ends the wait itself, as in a cycle
  bool accepts = true;  // what is forwarded to
  bool for_good = false;  // cancels are

  // The frame goes on, on the thread that calls this; the waiter's end.
  void resume() {
    model::check(++ended == 1, "resumed twice");
    model::check(l.frame == 1, "the frame is not visible to who resumes it");
    l.frame = 2;  // it goes on
    if (l.told) ++told;
    word.go_on_told();
    put_back();
    {
      spin_guard g(resource);
      linked = false;
    }
    x.destroy(l);
    take_pending();
  }
  /// As scope::still_due.
  void put_back() {
    if (!for_good) return;
    spin_guard g(scope);
    if (level) word.set_pending();
  }
  void take_pending() {
    if (!word.take_pending()) return;
    model::check(noted == 1, "what the canceller noted is not visible");
    ++told;
  }

  // ---- the strand ----
  void await() {
    l.frame = 1;
    bool suspended;
    {
      spin_guard g(resource);
      linked = true;
      suspended = word.arm(&l, forwards);  // the waiter may be gone from here on
      if (!suspended) linked = false;
    }
    if (suspended) return;
    model::check(noted == 1, "what the canceller noted is not visible");
    ++told;
    ++ended;
    put_back();
    x.destroy(l);
  }

  // ---- a completer that finds the waiter in the resource's list ----
  void complete() {
    bool mine = false;
    {
      spin_guard g(resource);
      if (!linked) return;
      linked = false;
      target = 5;
      mine = word.claim(&l);
      if (mine) l.result = 5;
    }
    if (mine) resume();
  }

  // ---- a canceller ----
  void cancel() {
    bool wake = false;
    bool forward = false;
    {
      spin_guard g(scope);
      if (noted == 0) noted = 1;
      if (for_good) level = true;
      void* found = nullptr;
      switch (word.begin_cancel(found)) {
        case cancel_word::outcome::claimed:
          model::check(found == &l, "another waiter");
          l.told = true;
          wake = true;
          ++cancels;
          break;
        case cancel_word::outcome::pending:
        case cancel_word::outcome::pending_before:
          ++cancels;  // (several become one)
          break;
        case cancel_word::outcome::told: break;  // with the one that has ended the suspension
        case cancel_word::outcome::forward:
          forward = true;
          model::check(word.busy_with() == found, "nobody is said to be busy");
          break;
        case cancel_word::outcome::busy: break;  // who is passing on another passes this one on
      }
    }
    if (forward) {
      model::check(l.frame == 1, "the waiter is not visible to the canceller");
      cancel_word::passed p;
      do {
        ++passed_on;
        if (breaks) {
          if (word.end_wait()) l.told = true, p = cancel_word::passed::completed;
          else p = cancel_word::passed::completed, model::check(target == 5, "the result is not visible to the canceller");
          wake = true;
        } else {
          p = word.end_forward(accepts);
          if (p == cancel_word::passed::completed) {
            model::check(target == 5, "the completer's result is not visible to the canceller");
            wake = true;
          }
        }
      } while (p == cancel_word::passed::again);
      if (!accepts) ++cancels;
    }
    if (wake) resume();
  }
  // ---- who looks at what is suspended ----
  void look() {
    spin_guard g(scope);
    const cancel_word::held h = word.hold();
    if (h.waiter) model::check(l.frame == 1, "what is suspended is not visible to who looks, or goes on");
    word.let_go(h);
  }
  // A later look of the strand at its word; cancels that came become one.
  void settle(int completers, int least, int most) {
    if (ended == 0) {
      model::check(completers == 0 && cancels == 0, "never resumed");
      return;
    }
    if (word.take_pending()) ++told;
    model::check(told >= least, "a cancel is lost");
    model::check(told <= most, "a cancel is told twice");
  }
};

template <class F>
model::named_model word_model(const char* name, F body, bool large = false) {
  return {name, [body](execution& x) { body(x, x.make<state>(x)); }, {}, false, large};
}

model::options weak() {  // compare_exchange_weak may fail for no reason
  model::options o;
  o.spurious = 1;
  return o;
}

const model::suite& models() {
  static const model::suite all({
      word_model("await, complete",
                 [](execution& x, state& s) {
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("completer", [&s] { s.complete(); });
                   x.finally([&s] { s.complete(), s.settle(1, 0, 0); });
                 }),
      word_model("await, cancel",
                 [](execution& x, state& s) {
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] { s.settle(0, 1, 1); });
                 }),
      word_model("a forwarded cancel that is accepted",
                 [](execution& x, state& s) {
                   s.forwards = true;
                   s.await();
                   x.thread("completer", [&s] { s.complete(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] { s.settle(1, 0, 1); });
                 }),
      word_model("a forwarded cancel that is not accepted is pending",
                 [](execution& x, state& s) {
                   s.forwards = true;
                   s.accepts = false;
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("completer", [&s] { s.complete(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] { s.complete(), s.settle(1, 1, 1); });
                 }),
      // An inner scope: the strand arms a relaying waiter, runs on, disarms it and destroys it.
      word_model("disarm against a forwarded cancel",
                 [](execution& x, state& s) {
                   s.accepts = false;
                   x.thread("strand", [&s] {
                     s.l.frame = 1;
                     if (s.word.arm(&s.l, true)) s.word.disarm(&s.l);
                     else ++s.told;
                     s.ended = 1;
                     s.x.destroy(s.l);
                     s.take_pending();
                   });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] { s.settle(0, 1, 1); });
                 }),
      word_model("a turn taken back",
                 [](execution& x, state& s) {
                   x.thread("strand", [&s] {
                     s.noted = 1;
                     s.word.set_pending();
                     s.take_pending();
                     s.ended = 1;
                   });
                   x.finally([&s] { s.settle(0, 1, 1); });
                 }),
      {"complete and cancel, with spurious failures",
       [](execution& x) {
         auto& s = x.make<state>(x);
         s.await();
         x.thread("completer", [&s] { s.complete(); });
         x.thread("canceller", [&s] { s.cancel(); });
         x.finally([&s] { s.settle(1, 0, 1); });
       },
       weak(), false},
      word_model("what is cancelled for good is told again at the next suspension",
                 [](execution& x, state& s) {
                   s.for_good = true;
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("completer", [&s] { s.complete(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] {
                     s.complete(), s.put_back();
                     model::check(s.ended == 1 && s.word.take_pending(), "the next suspension is not told");
                   });
                 }),
      word_model("await, complete, cancel",
                 [](execution& x, state& s) {
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("completer", [&s] { s.complete(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] { s.complete(), s.settle(1, 1, 1); });
                 }),
      word_model("a suspension that a cancel has ended takes a second one with it",
                 [](execution& x, state& s) {
                   s.await();
                   x.thread("cancellers", [&s] {
                     void* found = nullptr;
                     spin_guard g(s.scope);
                     s.noted = 1;
                     if (s.word.begin_cancel(found) != cancel_word::outcome::claimed) return;  // completed
                     s.l.told = true;
                     model::check(s.word.begin_cancel(found) == cancel_word::outcome::told, "told with the first");
                     s.resume();
                   });
                   x.thread("completer", [&s] { s.complete(); });
                   x.finally([&s] { s.settle(1, 0, 1); });
                 }),
      word_model("a wait in a cycle is ended by the canceller or by its completion",
                 [](execution& x, state& s) {
                   s.forwards = s.breaks = true;
                   s.await();
                   x.thread("completer", [&s] { s.complete(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.finally([&s] { s.settle(1, 0, 1); });
                 }),
      word_model("a cancel that finds another one busy is passed on as well",
                 [](execution& x, state& s) {
                   s.forwards = true;
                   s.await();
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.thread("canceller2", [&s] { s.cancel(); });
                   x.finally([&s] {
                     model::check(s.passed_on == 2 || (s.passed_on == 1 && s.word.pending()), "one was not passed on");
                     s.complete(), s.settle(1, 0, 0);
                   });
                 }),
      word_model("two cancels are told once or twice",
                 [](execution& x, state& s) {
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.thread("canceller2", [&s] { s.cancel(); });
                   x.finally([&s] { s.settle(0, 1, 2); });
                 }),
      word_model("who looks sees what is suspended",
                 [](execution& x, state& s) {
                   x.thread("strand", [&s] { s.await(); });
                   x.thread("looks", [&s] { s.look(); });
                   x.finally([&s] { s.complete(), s.settle(1, 0, 0); });
                 }),
      word_model("who looks keeps off the completer",
                 [](execution& x, state& s) {
                   s.await();
                   x.thread("completer", [&s] { s.complete(); });
                   x.thread("looks", [&s] { s.look(); });
                   x.finally([&s] { s.settle(1, 0, 0); });
                 }),
      word_model("who looks keeps off the canceller",
                 [](execution& x, state& s) {
                   s.await();
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.thread("looks", [&s] { s.look(); });
                   x.finally([&s] { s.settle(0, 1, 1); });
                 }),
      word_model("who looks keeps off a disarm",
                 [](execution& x, state& s) {
                   s.l.frame = 1;
                   s.word.arm(&s.l, true);
                   x.thread("strand", [&s] {
                     s.word.disarm(&s.l);
                     s.l.frame = 2;
                     s.x.destroy(s.l);
                   });
                   x.thread("looks", [&s] { s.look(); });
                 }),
      {"who looks, with spurious failures",
       [](execution& x) {
         auto& s = x.make<state>(x);
         s.await();
         x.thread("completer", [&s] { s.complete(); });
         x.thread("looks", [&s] { s.look(); });
         x.finally([&s] { s.settle(1, 0, 0); });
       },
       weak(), false},
      word_model(
          "who looks, a canceller and a completer",
          [](execution& x, state& s) {
            s.await();
            x.thread("completer", [&s] { s.complete(); });
            x.thread("canceller", [&s] { s.cancel(); });
            x.thread("looks", [&s] { s.look(); });
            x.finally([&s] { s.settle(1, 0, 1); });
          },
          true),
      word_model(
          "two forwarded cancels",
          [](execution& x, state& s) {
            s.forwards = true;
            s.await();
            x.thread("completer", [&s] { s.complete(); });
            x.thread("canceller", [&s] { s.cancel(); });
            x.thread("canceller2", [&s] { s.cancel(); });
            x.finally([&s] { s.settle(1, 0, 2); });
          },
          true),
  });
  return all;
}

TEST(CancelWordModel, ExactlyOneEndsASuspension) { models().expect_holds(); }

TEST(CancelWordModel, EveryOrderIsNeeded) {
  models().expect_every_mutant_is_noticed(
      "cancel_word.hpp",
      {
          {"compare_exchange_strong(cur, want", "acq_rel -> release", "arm has nothing to acquire when it succeeds"},
          {"compare_exchange_strong(cur, want", "on failure acquire -> relaxed", "take_pending acquires"},
          {"fetch_and(~pending_bit", "acq_rel -> acquire", "nothing is told by taking a cancel"},
          {"compare_exchange_strong(cur, cur & pending_bit", "acq_rel -> acquire", "nobody waits for a disarm"},
          {"fetch_or(pending_bit", "acq_rel", "between two steps of the strand itself"},
      });
}

}  // namespace
