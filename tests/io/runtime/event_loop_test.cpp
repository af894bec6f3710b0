// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/on_orders.hpp"
#include "tests/support/until_it_waits.hpp"

using namespace std::chrono_literals;
using jay::testing::said_by;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

jay::task<int> answer() {
  co_await jay::sleep(0s);
  co_return 42;
}
jay::task<> nothing() { co_return; }
jay::task<> for_ever() { co_await jay::sleep(24h); }

/// The names of the calls, in the order in which they were made. Calls are never made two at once, so no lock is needed.
struct trace {
  std::vector<std::string> seen;
  auto note(std::string s) {
    return [this, s] { seen.push_back(s); };
  }
};

class EventLoop : public jay::testing::OnOrders {
 protected:
  jay::event_loop loop{config()};
  trace t;
  auto stops() {
    return [this] { loop.stop(); };
  }
};
JAY_FOR_WORKER_COUNTS(EventLoop);

// ---- run_until_complete ----

TEST_P(EventLoop, GivesTheValueAndThrowsTheError) {
  EXPECT_EQ(loop.run_until_complete(answer()), 42);
  auto fails = []() -> jay::task<> {
    throw std::domain_error("main");
    co_return;
  };
  EXPECT_THROW(loop.run_until_complete(fails()), std::domain_error);
  EXPECT_EQ(loop.run_until_complete(answer()), 42);
}

TEST_P(EventLoop, RunsEveryOp) {
  EXPECT_EQ(loop.run_until_complete(jay::sleep(0s, 3)), 3);
  auto [a, b] = loop.run_until_complete(jay::gather(answer(), answer()));
  EXPECT_EQ(a + b, 84);
  jay::queue<int> q;
  q.put_nowait(7);
  EXPECT_EQ(loop.run_until_complete(q.get()), 7);
  auto p = []() -> jay::task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  EXPECT_EQ(*loop.run_until_complete(p()), 5);
}

TEST_P(EventLoop, RunsUntilATaskOrAFutureThatWasThereHasEnded) {
  auto h = loop.create_task(answer());
  EXPECT_EQ(loop.run_until_complete(h), 42);
  EXPECT_EQ(h.result(), 42);
  EXPECT_EQ(loop.run_until_complete(h), 42);  // which is done already
  auto [p, f] = jay::with_resolvers<int>();
  loop.call_soon([p = p] { p.set_result(1); });
  EXPECT_EQ(loop.run_until_complete(f), 1);
  EXPECT_THROW(loop.run_until_complete(jay::task_handle<int>()), jay::invalid_state_error);
}

TEST_P(EventLoop, RefusesATaskOfAnotherLoop) {
  jay::event_loop other(config());
  auto h = other.create_task(nothing());
  EXPECT_THROW(loop.run_until_complete(h), std::invalid_argument);
}

TEST_P(EventLoop, ThrowsWhenItIsStoppedBeforeTheTaskHasEnded) {
  auto main = [&]() -> jay::task<int> {
    loop.stop();
    co_await jay::sleep(24h);
    co_return 1;
  };
  EXPECT_THAT(said_by([&] { loop.run_until_complete(main()); }), HasSubstr("event loop stopped before future completed"));
}

TEST_P(EventLoop, ATaskThatAStopHasLeftGoesOnInTheNextRun) {
  auto [p, f] = jay::with_resolvers<int>();
  auto waits = [](jay::future<int> f) -> jay::task<int> {
    int n = co_await f;
    co_return n + 1;
  };
  auto h = loop.create_task(waits, f);
  loop.call_soon(stops());
  EXPECT_THROW(loop.run_until_complete(h), std::runtime_error);
  EXPECT_FALSE(h.done());
  p.set_result(1);
  EXPECT_EQ(loop.run_until_complete(h), 2);
}

// Also when the thread that runs the loop is slow to say that it waits.
TEST_P(EventLoop, TheFirstRunEndsWithTheTurnAfterItsMainTask) {
  for (int i = 0; i < 100; ++i) {
    jay::event_loop another(config());
    std::atomic<long> turns{0};
    auto counts = [&]() -> jay::task<> {
      for (;;) {
        ++turns;
        co_await jay::sleep(0s);
      }
    };
    auto starts = [&]() -> jay::task<> {
      (void)jay::create_task(counts());
      co_return;
    };
    another.run_until_complete(starts());
    if (in_order()) {
      EXPECT_EQ(turns, 1);
    }
    another.close();
  }
}

TEST_P(EventLoop, TheEndOfATaskWhoseRunWasStoppedEndsNoOtherRun) {
  auto [first, waited_for] = jay::with_resolvers<>();
  auto waits = [](jay::future<> f) -> jay::task<> { co_await f; };
  auto h = loop.create_task(waits, waited_for);
  loop.stop();
  EXPECT_THROW(loop.run_until_complete(h), std::runtime_error);
  first.set_result();
  auto goes_on = [](jay::task_handle<> h) -> jay::task<int> {
    co_await h;
    for (int i = 0; i < 10; ++i) co_await jay::sleep(0s);
    co_return 1;
  };
  EXPECT_EQ(loop.run_until_complete(goes_on(h)), 1);
}

TEST_P(EventLoop, ARunInsideARunIsAnError) {
  std::string same, other;
  auto main = [&]() -> jay::task<> {
    same = said_by([&] { loop.run_until_complete(nothing()); });
    jay::event_loop second(config());
    other = said_by([&] { second.run_forever(); });
    co_return;
  };
  loop.run_until_complete(main());
  EXPECT_THAT(same, HasSubstr("already running"));
  EXPECT_THAT(other, HasSubstr("called from a running task"));
}

TEST_P(EventLoop, ARunBesideARunInAnotherThreadIsAnError) {
  std::string said, closed;
  auto other_thread = [&] {
    said = said_by([&] { loop.run_forever(); });
    closed = said_by([&] { loop.close(); });
  };
  loop.run_until_complete(jay::to_thread(other_thread));
  EXPECT_THAT(said, HasSubstr("already running"));
  EXPECT_THAT(closed, HasSubstr("cannot close a running event loop"));
}

// ---- run_forever, stop ----

TEST_P(EventLoop, StopLetsWhatIsQueuedBeCalledAndLeavesWhatThatQueues) {
  loop.call_soon(t.note("a"));
  loop.call_soon([&] {
    loop.call_soon(t.note("next turn"));
    loop.stop();
  });
  loop.call_soon(t.note("b"));
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("a", "b"));
  loop.call_soon(t.note("c"));
  loop.call_soon(stops());
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("a", "b", "next turn", "c"));
}

TEST_P(EventLoop, StopBeforeARunLetsItTakeOneTurn) {
  loop.stop();
  loop.call_soon([&] {
    t.note("a")();
    loop.call_soon(t.note("b"));
  });
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("a"));
  loop.stop();
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("a", "b"));
}

TEST_P(EventLoop, StopComesFromAnyThread) {
  loop.create_task(for_ever());
  std::thread other;
  loop.call_soon([&] { other = std::thread([&] { loop.stop(); }); });
  loop.run_forever();
  other.join();
  EXPECT_FALSE(loop.is_running());
}

TEST_P(EventLoop, StandsStillBetweenTheRuns) {
  long steps = 0;  // no atomic: who runs the loop may read it between the runs
  auto counts = [&]() -> jay::task<> {
    for (;;) {
      ++steps;
      co_await jay::sleep(0s);
    }
  };
  loop.create_task(counts);
  EXPECT_EQ(steps, 0);
  for (int i = 0; i < 20 || steps < 20; ++i) {
    loop.run_until_complete(jay::sleep(0s));
    long before = steps;
    for (int k = 0; k < 20; ++k) std::this_thread::yield();
    EXPECT_EQ(steps, before);
  }
  loop.close();
}

TEST_P(EventLoop, ATimerThatComesDueBetweenTheRunsWaitsForTheNext) {
  loop.run_until_complete(nothing());
  loop.call_later(1ms, t.note("late"));
  auto due = loop.time() + 5ms;
  while (loop.time() < due) std::this_thread::yield();
  EXPECT_TRUE(t.seen.empty());
  loop.call_soon(t.note("first"));
  loop.call_later(1ms, stops());
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("first", "late"));
}

TEST_P(EventLoop, NoticesWhatASocketHasGotBetweenTheRuns) {
  auto [server, port] = loop.run_until_complete([]() -> jay::task<std::pair<jay::server, int>> {
    jay::server s = co_await jay::start_server(
        [](jay::stream_reader r, jay::stream_writer w) -> jay::task<> {
          std::string line = co_await r.readline();
          w.write(line);
          co_await w.drain();
        },
        "127.0.0.1", 0);
    int p = s.port();
    co_return std::pair<jay::server, int>(std::move(s), p);
  }());
  auto ask = [](int to) -> jay::task<std::string> {
    auto [r, w] = co_await jay::open_connection("127.0.0.1", static_cast<std::uint16_t>(to));
    w.write("hello\n");
    std::string line = co_await r.readline();
    co_return line;
  };
  auto h = loop.create_task(ask, port);
  for (int i = 0; i < 1000 && !h.done(); ++i) loop.run_until_complete(jay::sleep(0s));
  EXPECT_EQ(loop.run_until_complete(h), "hello\n");
  server.close();
}

// ---- call_soon and the like ----

TEST_P(EventLoop, CallsInTheOrderInWhichTheyCame) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 200; ++i) {
    wanted.push_back(std::to_string(i));
    loop.call_soon(t.note(std::to_string(i)));
  }
  loop.call_soon(stops());
  loop.run_forever();
  EXPECT_EQ(t.seen, wanted);
}

TEST_P(EventLoop, InDebugModeCallSoonRefusesAnotherThread) {
  loop.set_debug(true);
  loop.call_soon(t.note("before the run"));
  std::string soon, later, at;
  std::thread other;
  loop.call_soon([&] {
    loop.call_soon(t.note("by the loop"));
    other = std::thread([&] {
      soon = said_by([&] { loop.call_soon([] {}); });
      later = said_by([&] { loop.call_later(1ms, [] {}); });
      at = said_by([&] { loop.call_at(loop.time(), [] {}); });
      loop.call_soon_threadsafe(stops());
    });
  });
  loop.run_forever();
  other.join();
  EXPECT_THAT(t.seen, ElementsAre("before the run", "by the loop"));
  EXPECT_THAT(soon, HasSubstr("call_soon: non-thread-safe operation"));
  EXPECT_THAT(later, HasSubstr("call_later: non-thread-safe operation"));
  EXPECT_THAT(at, HasSubstr("call_at: non-thread-safe operation"));
}

TEST_P(EventLoop, CallsFromManyTasksAreMadeOneAfterAnother) {
  int calls = 0;  // no atomic
  auto gives = [&]() -> jay::task<> {
    for (int i = 0; i < 100; ++i) {
      loop.call_soon([&] { ++calls; });
      co_await jay::sleep(0s);
    }
  };
  std::vector<jay::task<>> all;
  for (int i = 0; i < 8; ++i) all.push_back(gives());
  loop.run_until_complete(jay::gather(std::move(all)));
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(calls, 800);
}

TEST_P(EventLoop, OwnsTheFunctionAndItsArguments) {
  auto token = std::make_shared<int>(3);
  std::weak_ptr<int> alive = token;
  int got = 0;
  loop.call_soon([&got](std::shared_ptr<int> p, const std::string& s) { got = *p + static_cast<int>(s.size()); },
                 std::move(token), "four");
  EXPECT_FALSE(alive.expired());
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(got, 7);
  EXPECT_TRUE(alive.expired());
}

TEST_P(EventLoop, TimersCallByDeadline) {
  const auto begun = loop.time();
  loop.call_at(begun + 6ms, t.note("c"));
  loop.call_at(begun + 2ms, t.note("a"));
  loop.call_at(begun + 4ms, t.note("b"));
  auto last = loop.call_later(8ms, stops());
  EXPECT_GE(last.when(), begun + 8ms);
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("a", "b", "c"));
  EXPECT_GE(loop.time(), begun + 8ms);
}

TEST_P(EventLoop, CallLaterOfZeroComesInTheNextTurnBehindWhatIsQueued) {
  loop.call_later(0s, [&] {
    t.note("later")();
    loop.stop();
  });
  loop.call_at(loop.time() - 1s, t.note("long ago"));
  loop.call_soon(t.note("soon"));
  loop.run_forever();
  EXPECT_THAT(t.seen, ElementsAre("soon", "long ago", "later"));
}

TEST_P(EventLoop, CallLaterOfNaNIsAnError) {
  using seconds = std::chrono::duration<double>;
  EXPECT_THROW(loop.call_later(seconds(std::nan("")), t.note("never")), std::invalid_argument);
}

TEST_P(EventLoop, ACallThatWasCancelledIsNotMade) {
  auto token = std::make_shared<int>(3);
  std::weak_ptr<int> alive = token;
  auto soon = loop.call_soon([&, token] { t.note("soon")(); });
  auto later = loop.call_later(1ms, [&, token] { t.note("later")(); });
  token.reset();
  EXPECT_FALSE(soon.cancelled());
  EXPECT_FALSE(soon.when());
  EXPECT_TRUE(later.when());
  soon.cancel();
  later.cancel();
  EXPECT_TRUE(soon.cancelled());
  EXPECT_TRUE(later.cancelled());
  EXPECT_TRUE(alive.expired());
  loop.call_later(1ms, stops());  // due after the one that was cancelled
  loop.run_forever();
  EXPECT_TRUE(t.seen.empty());
  jay::call_handle empty;
  empty.cancel();
  EXPECT_FALSE(empty.cancelled());
}

TEST_P(EventLoop, ACallMayCancelTheNext) {
  jay::call_handle next;
  loop.call_soon([&] { next.cancel(); });
  next = loop.call_soon(t.note("never"));
  loop.call_soon(stops());
  loop.run_forever();
  EXPECT_TRUE(t.seen.empty());
}

TEST_P(EventLoop, CancellingRacesTheTimerAndOneWins) {
  auto main = [&]() -> jay::task<int> {
    int differ = 0;
    for (int i = 0; i < 200; ++i) {
      std::atomic<int> called{0};
      auto h = loop.call_later(std::chrono::microseconds(i % 100), [&] { ++called; });
      co_await jay::sleep(std::chrono::microseconds(50));
      h.cancel();
      while (!h.cancelled() && called == 0) co_await jay::sleep(0s);
      co_await jay::sleep(0s);
      differ += h.cancelled() == (called == 1);
    }
    co_return differ;
  };
  EXPECT_EQ(loop.run_until_complete(main()), 0);
}

TEST_P(EventLoop, CallSoonThreadsafeWakesTheLoop) {
  std::thread other;
  loop.call_soon([&] {
    other = std::thread([&] {
      for (int i = 0; i < 3; ++i) loop.call_soon_threadsafe(t.note(std::to_string(i)));
      loop.call_soon_threadsafe(stops());
    });
  });
  loop.run_forever();
  other.join();
  EXPECT_THAT(t.seen, ElementsAre("0", "1", "2"));
}

jay::context_var<int> number("number", 0);

TEST_P(EventLoop, ACallRunsInACopyOfTheContextWhereItWasGiven) {
  auto before = number.set(1);
  std::vector<int> got;
  loop.call_soon([&] {
    got.push_back(number.get());
    number.set(2);
    loop.call_soon([&] { got.push_back(number.get()); });
  });
  number.reset(before);
  loop.call_soon([&] { got.push_back(number.get()); });
  loop.stop();
  loop.run_forever();
  loop.stop();
  loop.run_forever();
  EXPECT_THAT(got, ElementsAre(1, 0, 2));
  EXPECT_EQ(number.get(), 0);
}

TEST_P(EventLoop, AKeyboardInterruptInACallEndsTheRun) {
  loop.call_soon([] { throw jay::keyboard_interrupt(); });
  EXPECT_THROW(loop.run_forever(), jay::keyboard_interrupt);
  EXPECT_EQ(loop.run_until_complete(answer()), 42);
}

// ---- tasks ----

TEST_P(EventLoop, CreateTaskBeforeTheRunBeginsNothing) {
  bool ran = false;
  auto sets = [&]() -> jay::task<> {
    ran = true;
    co_return;
  };
  auto h = loop.create_task(jay::task_options().name("early"), sets);
  EXPECT_EQ(h.name(), "early");
  EXPECT_FALSE(ran);
  loop.run_until_complete(h);
  EXPECT_TRUE(ran);
}

TEST_P(EventLoop, IsFoundByItsTasksAndCalls) {
  auto main = [&]() -> jay::task<bool> { co_return &jay::get_event_loop() == &loop; };
  EXPECT_TRUE(loop.run_until_complete(main()));
  bool found = false;
  loop.call_soon([&] {
    found = &jay::get_event_loop() == &loop && loop.is_running();
    loop.stop();
  });
  EXPECT_FALSE(loop.is_running());
  loop.run_forever();
  EXPECT_TRUE(found);
  EXPECT_THROW(jay::get_event_loop(), std::runtime_error);
}

TEST_P(EventLoop, IsThereInsideRunAndRunner) {
  auto main = []() -> jay::task<bool> {
    auto [p, f] = jay::with_resolvers<bool>();
    jay::get_event_loop().call_soon([p = p] { p.set_result(true); });
    bool called = co_await f;
    co_return called;
  };
  EXPECT_TRUE(jay::run(main(), config()));
  jay::runner r(config());
  EXPECT_TRUE(r.run(main()));
}

// ---- close ----

TEST_P(EventLoop, IsClosedOnceAndRefusesEverything) {
  auto h = loop.create_task(nothing());
  auto timer = loop.call_later(24h, [] {});
  loop.close();
  loop.close();
  EXPECT_TRUE(loop.is_closed());
  EXPECT_FALSE(loop.is_running());
  timer.cancel();
  loop.stop();
  const char* closed = "event loop is closed";
  EXPECT_THAT(said_by([&] { loop.call_soon([] {}); }), HasSubstr(closed));
  EXPECT_THAT(said_by([&] { loop.call_soon_threadsafe([] {}); }), HasSubstr(closed));
  EXPECT_THAT(said_by([&] { loop.call_later(1s, [] {}); }), HasSubstr(closed));
  EXPECT_THAT(said_by([&] { loop.call_at(loop.time(), [] {}); }), HasSubstr(closed));
  EXPECT_THAT(said_by([&] { loop.create_task(nothing()); }), HasSubstr(closed));
  EXPECT_THAT(said_by([&] { loop.run_forever(); }), HasSubstr(closed));
  EXPECT_THAT(said_by([&] { loop.run_until_complete(nothing()); }), HasSubstr(closed));
  EXPECT_TRUE(h.done());
}

TEST_P(EventLoop, CloseCancelsWhatIsLeftAndWaitsForItsCleanup) {
  bool cleaned = false;
  auto waits = [&]() -> jay::task<> {
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
    }
    auto [p, f] = jay::with_resolvers<>();
    jay::get_event_loop().call_soon([p = p] { p.set_result(); });  // a cleanup may still use the loop
    co_await f;
    cleaned = true;
  };
  loop.run_until_complete(jay::testing::until_it_waits(loop.create_task(waits)));
  loop.close();
  EXPECT_TRUE(cleaned);
}

TEST_P(EventLoop, CloseDropsWhatWasToBeCalled) {
  auto token = std::make_shared<int>(3);
  std::weak_ptr<int> alive = token;
  auto h = loop.call_soon([&, token] { t.note("soon")(); });
  loop.call_later(0s, [&, token] { t.note("later")(); });
  loop.call_later(24h, [&, token] { t.note("tomorrow")(); });
  token.reset();
  loop.close();
  EXPECT_TRUE(t.seen.empty());
  EXPECT_TRUE(alive.expired());
  EXPECT_FALSE(h.cancelled());
}

TEST_P(EventLoop, IsDestroyedWithoutARun) {
  { jay::event_loop unused(config()); }
  jay::event_loop stood(config());
  stood.call_soon(t.note("never"));
}

TEST_P(EventLoop, TwoLoopsTakeTurnsInOneThread) {
  jay::event_loop other(config());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(loop.run_until_complete(answer()), 42);
    EXPECT_EQ(other.run_until_complete(answer()), 42);
  }
}

TEST_P(EventLoop, MayBeRunByAnotherThreadEachTime) {
  for (int i = 0; i < 5; ++i) {
    std::thread other([&] { EXPECT_EQ(loop.run_until_complete(answer()), 42); });
    other.join();
  }
}

}  // namespace
