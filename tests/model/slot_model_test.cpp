// SPDX-License-Identifier: MIT
// Readiness of a descriptor (slot.hpp) as shipped, on the shipped cancel word, against a kernel of one pipe: an operation
// ends exactly once, by whomever; data whose event has come is not forgotten; no system call after the fd was released.
#include <jay/detail/cancel_word.hpp>
#include <jay/detail/slot.hpp>

#include <algorithm>

#include "suite.hpp"

namespace {

using jay::detail::cancel_word;
using jay::detail::direction;
using jay::detail::io_step;
using jay::detail::plain;
using model::execution;

// What the kernel holds for the fd. Its own lock orders system calls.
struct kernel {
  model::atomic<int> bytes{0};
  plain<bool> open = true;  // a race on it is a system call on a closed fd
  void arrive(int n) { bytes.fetch_add(n, std::memory_order_acq_rel); }
  int read(int wanted) {
    model::check(open, "a system call on a closed fd");
    auto take = [](std::uint64_t have, std::uint64_t most) { return have - std::min(have, most); };
    auto had = model::engine::fetch(bytes.model_location(), take, static_cast<std::uint64_t>(wanted),
                                    std::memory_order_acq_rel, model::op::fetch, model::place::current());
    return std::min(static_cast<int>(had), wanted);
  }
};

struct state;

// What is left of an operation when its frame has gone on. The word is the task's, not the operation's.
struct record {
  cancel_word word;
  int got = 0;
  int ended = 0;
};

// A read of up to `wanted` bytes by a coroutine; what slot_awaiter is. It is gone when its frame goes on (resume).
struct alignas(16) operation {
  operation(state& st, record& rec, int n, operation* next = nullptr) : s(st), r(rec), wanted(n), then(next) {}
  state& s;
  record& r;
  const int wanted;
  operation* const then;  // what the frame awaits next
  plain<int> frame = 0;
  plain<int> got = 0;
  plain<bool> was_closed = false;
  plain<bool> cancelled = false;

  io_step attempt();
  bool claim() {
    model::check(frame == 1, "the operation is not visible");
    return r.word.claim(this);
  }
  bool arm() {
    if (r.word.arm(this, false)) return true;
    cancelled = true;
    return false;
  }
  bool rearm() { return arm(); }
  void closed() { was_closed = true; }

  void run();
  void resume();
};

struct slot final : jay::detail::basic_slot<operation> {
  explicit slot(kernel& kern) : k(kern) {}
  kernel& k;
  int releases = 0;
  void released() noexcept override {
    model::check(++releases == 1, "released twice");
    k.open = false;  // close(2)
  }
};

struct state {
  explicit state(execution& e) : x(e) {}
  execution& x;
  kernel k;
  slot sl{k};
  std::uint32_t incarnation = sl.open(true, true);
  record records[2];
  operation& second = x.make<operation>(*this, records[1], 1);
  operation& first = x.make<operation>(*this, records[0], 1, &second);
  int expected = 0;  // bytes that have arrived
  bool close_called = false;
  int reads = 1;  // one after the other

  void cancel() {
    void* found = nullptr;
    if (records[0].word.begin_cancel(found) != cancel_word::outcome::claimed) return;
    auto& op = *static_cast<operation*>(found);
    op.cancelled = true;
    op.resume();
  }
  void event() {
    if (operation* op = sl.on_ready(direction::reading)) op->resume();
  }
  void arrive(int n) {
    expected += n;
    k.arrive(n);
    event();
  }
  void close() {
    close_called = true;
    for (operation* op : sl.close(incarnation).op)
      if (op) op->resume();
  }
  void pinned_call() {
    if (!sl.pin(incarnation)) return;
    model::check(k.open, "a pinned fd is closed");
    sl.unpin();
  }

  // After all threads: what is known about the fd.
  void settle(int operations) {
    int got = records[0].got + records[1].got;
    int ended = records[0].ended + records[1].ended;
    model::check(ended <= operations, "an operation ended twice");
    if (close_called) {
      model::check(ended == operations, "an operation is never resumed");
      model::check(sl.releases == 1, "the fd is never closed");
      return;
    }
    model::check(got + k.bytes.load() == expected, "bytes are lost");
    if (k.bytes.load() == 0) return;
    model::check(ended == operations, "data has come, but the operation waits on");
    model::check(sl.begin(direction::reading, incarnation) == slot::admission::attempt,
                 "data has come, but is not known of");
  }
};

io_step operation::attempt() {
  int n = s.k.read(wanted);
  if (n == 0) return io_step::again;
  got = n;
  return n < wanted ? io_step::drained : io_step::done;
}

void operation::run() {
  using progress = slot::progress;
  frame = 1;
  progress p = s.sl.start(direction::reading, s.incarnation, *this);
  if (p == progress::waits) p = s.sl.park(direction::reading, *this);
  if (p == progress::suspended) return;
  model::check(p != progress::busy, "busy, though nobody else reads");
  if (p == progress::closed) closed();
  resume();
}

// As slot_awaiter::complete: the frame is this thread's from here on.
void operation::resume() {
  model::check(++r.ended == 1, "an operation ended twice");
  if (cancelled) s.sl.forget(direction::reading, *this);
  else model::check(got > 0 || was_closed, "resumed without a result");
  r.got = got;
  operation* next = s.reads > 1 ? then : nullptr;
  s.x.destroy(*this);
  if (next) next->run();
}

template <class F>
model::named_model slot_model(const char* name, F body, bool large = false) {
  model::options o;
  if (large) o.stale = 1, --o.bound;  // a minute at bound 3: that is for JAY_SOAK=1
  return {name, [body](execution& x) { body(x, x.make<state>(x)); }, o, false};
}

const model::suite& models() {
  static const model::suite all({
      slot_model("read, data",
                 [](execution& x, state& s) {
                   x.thread("reader", [&s] { s.first.run(); });
                   x.thread("reactor", [&s] { s.arrive(1); });
                   x.finally([&s] { s.settle(1); });
                 }),
      slot_model("read, an event for no reason, data",
                 [](execution& x, state& s) {
                   x.thread("reader", [&s] { s.first.run(); });
                   x.thread("reactor", [&s] { s.event(), s.arrive(1); });
                   x.finally([&s] { s.settle(1); });
                 }),
      slot_model("a short read drains, more data comes",
                 [](execution& x, state& s) {
                   s.expected = 1;
                   s.k.bytes.store(1);
                   auto& all = x.make<operation>(s, s.records[0], 2);
                   x.thread("reader", [&all] { all.run(); });
                   x.thread("reactor", [&s] { s.arrive(1); });
                   x.finally([&s] { s.settle(1); });
                 }),
      slot_model("two reads, one after the other",
                 [](execution& x, state& s) {
                   s.reads = 2;
                   x.thread("reader", [&s] { s.first.run(); });
                   x.thread("reactor", [&s] { s.arrive(1), s.arrive(1); });
                   x.finally([&s] { s.settle(2); });
                 }),
      slot_model(
          "two events for no reason",
          [](execution& x, state& s) {
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("reactor", [&s] { s.event(); });
            x.thread("reactor2", [&s] { s.event(); });
            x.finally([&s] { s.settle(1); });
          },
          true),
      slot_model("read, cancel, data",
                 [](execution& x, state& s) {
                   x.thread("reader", [&s] { s.first.run(); });
                   x.thread("canceller", [&s] { s.cancel(); });
                   x.thread("reactor", [&s] { s.arrive(1); });
                   x.finally([&s] { s.settle(1); });
                 }),
      slot_model(
          "read, close, data",
          [](execution& x, state& s) {
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("closer", [&s] { s.close(); });
            x.thread("reactor", [&s] { s.arrive(1); });
            x.finally([&s] { s.settle(1); });
          },
          true),
      slot_model(
          "used again: an old event, an old owner",
          [](execution& x, state& s) {
            s.close();
            s.close_called = false;
            s.sl.releases = 0;
            s.k.open = true;
            std::uint32_t old = std::exchange(s.incarnation, s.sl.open(true, true));
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("reactor", [&s] { s.event(), s.arrive(1); });
            x.thread("old owner", [&s, old] {
              model::check(s.sl.begin(direction::reading, old) == slot::admission::closed, "the old owner may read");
              model::check(!s.sl.pin(old), "the old owner may pin");
              for (operation* op : s.sl.close(old).op) model::check(!op, "the old owner closes the new fd");
            });
            x.finally([&s] {
              s.settle(1);
              model::check(s.sl.releases == 0, "the new fd is closed");
            });
          },
          true),
      slot_model(
          "close, a pinned call",
          [](execution& x, state& s) {
            x.thread("closer", [&s] { s.close(); });
            x.thread("caller", [&s] { s.pinned_call(); });
            x.thread("caller2", [&s] { s.pinned_call(); });
            x.finally([&s] { s.settle(0); });
          },
          true),
      slot_model(
          "two closes",
          [](execution& x, state& s) {
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("closer", [&s] { s.close(); });
            x.thread("closer2", [&s] { s.close(); });
            x.finally([&s] { s.settle(1); });
          },
          true),
      slot_model(
          "an event in each of two threads",
          [](execution& x, state& s) {
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("reactor", [&s] { s.arrive(1); });
            x.thread("reactor2", [&s] { s.event(); });
            x.finally([&s] { s.settle(1); });
          },
          true),
      slot_model(
          "an event for no reason, a cancel, data",
          [](execution& x, state& s) {
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("canceller", [&s] { s.cancel(); });
            x.thread("reactor", [&s] { s.event(), s.arrive(1); });
            x.finally([&s] { s.settle(1); });
          },
          true),
      slot_model(
          "cancel, close, data",
          [](execution& x, state& s) {
            x.thread("reader", [&s] { s.first.run(); });
            x.thread("canceller", [&s] { s.cancel(); });
            x.thread("closer", [&s] { s.close(); });
            x.thread("reactor", [&s] { s.arrive(1); });
            x.finally([&s] { s.settle(1); });
          },
          true),
  });
  return all;
}

TEST(SlotModel, EachOperationEndsOnceAndNoDataIsForgotten) { models().expect_holds(); }

TEST(SlotModel, EveryStepIsNeeded) {
  models().expect_every_mutant_is_noticed(
      "slot.hpp", {
                      {"s.ready = false;", "left out", "costs an attempt that finds nothing"},
                      {"s.inside = true; / s.news = false;", "left out", "costs an attempt that finds nothing"},
                      {"return parking::suspended; / s.waiter = nullptr;", "left out",
                       "the cancelled operation also takes itself out (forget)"},
                      {"op may be gone / s.waiter = nullptr;", "left out",
                       "the cancelled operation also takes itself out (forget)"},
                  });
}

TEST(SlotModel, EveryOrderOfItsLockIsNeeded) { models().expect_every_mutant_is_noticed("spin_mutex.hpp"); }

}  // namespace
