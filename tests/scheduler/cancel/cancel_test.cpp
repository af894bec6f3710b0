// SPDX-License-Identifier: MIT
#include <jay/cancel.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/settled.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::gate;
using jay::testing::yield;

class Cancel : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Cancel);

jay::task<int> give(int v) { co_return v; }

/// Suspends until it is cancelled.
jay::task<> for_ever() {
  jay::promise<> never;
  auto f = never.get_future();
  co_await f;
}
jay::task<> note_then_for_ever(jay::promise<> started, std::atomic<int>& cancelled) {
  started.set_result();
  try {
    co_await for_ever();
  } catch (const jay::cancelled_error&) {
    ++cancelled;
    throw;
  }
}

TEST_P(Cancel, ThrowsAtTheSuspensionWithItsMessage) {
  auto body = []() -> jay::task<std::string> {
    std::atomic<int> cancelled{0};
    jay::promise<> started;
    auto h = jay::create_task(note_then_for_ever(started, cancelled));
    co_await started.get_future();
    EXPECT_TRUE(h.cancel("because"));
    std::string text;
    try {
      co_await h;
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    EXPECT_TRUE(h.done());
    EXPECT_TRUE(h.cancelled());
    EXPECT_EQ(1, cancelled.load());
    EXPECT_THROW(h.result(), jay::cancelled_error);
    EXPECT_THROW(h.exception(), jay::cancelled_error);
    co_return text;
  };
  EXPECT_EQ("because", run(body()));
}

TEST_P(Cancel, IsNoStdException) {
  auto body = []() -> jay::task<int> {
    jay::promise<> started;
    auto inner = [](jay::promise<> s) -> jay::task<> {
      s.set_result();
      try {
        co_await for_ever();
      } catch (const std::exception&) {
        ADD_FAILURE() << "a cancel was eaten";
      }
    };
    auto h = jay::create_task(inner(started));
    co_await started.get_future();
    h.cancel();
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      co_return 1;
    }
    co_return 0;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(Cancel, BeforeTheStartRunsNothingOfTheBody) {
  auto body = []() -> jay::task<> {
    std::atomic<bool> ran{false};
    int alive = 0;
    auto mark = [](std::atomic<bool>& r, jay::testing::counted) -> jay::task<> {
      r = true;
      co_return;
    };
    auto h = jay::create_task(mark(ran, jay::testing::counted(alive)));
    EXPECT_TRUE(h.cancel("early"));
    std::string text;
    try {
      co_await h;
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    EXPECT_FALSE(ran.load());
    EXPECT_TRUE(h.cancelled());
    EXPECT_EQ("early", text);
    EXPECT_EQ(0, alive);
  };
  if (GetParam() <= 1) run(body());  // with more it may have started
}

TEST_P(Cancel, AfterTheEndDoesNothing) {
  auto body = []() -> jay::task<> {
    auto h = jay::create_task(give(1));
    co_await h;
    EXPECT_FALSE(h.cancel());
    EXPECT_EQ(0, h.cancelling());
    EXPECT_EQ(1, h.result());
  };
  run(body());
}

TEST_P(Cancel, OnceIsDeliveredOnceAndMayBeSwallowed) {
  auto body = []() -> jay::task<int> {
    jay::promise<> started;
    auto stubborn = [](jay::promise<> s) -> jay::task<int> {
      int caught = 0;
      s.set_result();
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        ++caught;
      }
      auto h = jay::create_task(give(5));
      int v = co_await h;  // suspends, and is not cancelled again
      co_await yield();
      co_return 10 * caught + v;
    };
    auto h = jay::create_task(stubborn(started));
    co_await started.get_future();
    h.cancel();
    int v = co_await h;
    EXPECT_FALSE(h.cancelled());
    EXPECT_EQ(1, h.cancelling());
    co_return v;
  };
  EXPECT_EQ(15, run(body()));
}

TEST_P(Cancel, TwiceIsDeliveredTwice) {
  auto body = []() -> jay::task<int> {
    jay::promise<> first, second;
    auto stubborn = [](jay::promise<> a, jay::promise<> b) -> jay::task<int> {
      int caught = 0;
      try {
        a.set_result();
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        ++caught;
      }
      try {
        b.set_result();
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        ++caught;
      }
      co_return caught;
    };
    auto h = jay::create_task(stubborn(first, second));
    co_await first.get_future();
    h.cancel();
    co_await second.get_future();
    h.cancel();
    EXPECT_EQ(2, h.cancelling());
    co_return co_await h;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(Cancel, OfARunningTaskWaitsForItsNextSuspension) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    auto self = [](std::string& l) -> jay::task<> {
      jay::current_task().cancel();
      l += "a";
      int v = co_await give(1);  // completes without a suspension
      l += static_cast<char>('a' + v);
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        l += "c";
      }
      co_await jay::create_task(give(1));
      l += "d";
    };
    auto h = jay::create_task(self(log));
    co_await h;
    co_return log;
  };
  EXPECT_EQ("abcd", run(body()));
}

TEST_P(Cancel, CountsRequests) {
  auto body = []() -> jay::task<> {
    gate g;
    auto counted = [](gate& at) -> jay::task<int> {
      auto me = jay::current_task();
      EXPECT_EQ(0, me.cancelling());
      int caught = 0;
      try {
        co_await at.pass();
      } catch (const jay::cancelled_error&) {
        ++caught;
      }
      EXPECT_EQ(2, me.cancelling());
      EXPECT_EQ(1, me.uncancel());
      EXPECT_EQ(0, me.uncancel());
      EXPECT_EQ(0, me.uncancel());
      co_return caught;
    };
    auto h = jay::create_task(counted(g));
    co_await g.arrived;
    if (h.cancel()) h.cancel();
    int caught = co_await h;
    EXPECT_EQ(1, caught);
  };
  if (GetParam() <= 1) run(body());  // elsewhere the two cancels may come in two suspensions
}

TEST_P(Cancel, UncancelTakesAPendingRequestBack) {
  auto body = []() -> jay::task<int> {
    auto self = []() -> jay::task<int> {
      auto me = jay::current_task();
      me.cancel();
      EXPECT_EQ(0, me.uncancel());
      int v = co_await jay::create_task(give(9));  // not cancelled
      co_return v;
    };
    auto h = jay::create_task(self());
    co_return co_await h;
  };
  EXPECT_EQ(9, run(body()));
}

TEST_P(Cancel, OfATaskThatAwaitsATaskCancelsThat) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> started;
    auto inner = jay::create_task(note_then_for_ever(started, cancelled));
    auto wait = [](jay::task_handle<> h) -> jay::task<> { co_await h; };
    auto outer = jay::create_task(jay::task_options().eager_start(), wait(inner));  // it waits from here on
    co_await started.get_future();
    outer.cancel();
    try {
      co_await outer;
    } catch (const jay::cancelled_error&) {
    }
    EXPECT_TRUE(inner.done());
    EXPECT_TRUE(outer.cancelled());
    EXPECT_TRUE(inner.cancelled());
    co_return cancelled;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(Cancel, PassedOnMayBeSwallowedByWhatIsAwaited) {
  auto body = []() -> jay::task<int> {
    jay::promise<> started;
    auto stubborn = [](jay::promise<> s) -> jay::task<int> {
      s.set_result();
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
      }
      co_return 4;
    };
    auto inner = jay::create_task(stubborn(started));
    auto wait = [](jay::task_handle<int> h) -> jay::task<int> { co_return co_await h; };
    auto outer = jay::create_task(jay::task_options().eager_start(), wait(inner));
    co_await started.get_future();
    outer.cancel();
    int v = co_await outer;  // the value: as in asyncio, the cancel was swallowed further down
    EXPECT_FALSE(outer.cancelled());
    co_return v;
  };
  EXPECT_EQ(4, run(body()));
}

TEST_P(Cancel, OfAFutureReachesAllItsWaiters) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    auto wait = [](jay::future<int> x) -> jay::task<int> {
      try {
        co_await x;
      } catch (const jay::cancelled_error& e) {
        co_return e.message() == "gone" ? 1 : 0;
      }
      co_return 0;
    };
    std::vector<jay::task_handle<int>> waiters;
    for (int i = 0; i < 10; ++i) waiters.push_back(jay::create_task(wait(f)));
    co_await yield();
    EXPECT_TRUE(f.cancel("gone"));
    EXPECT_FALSE(f.cancel());
    EXPECT_TRUE(f.cancelled());
    EXPECT_THROW(p.set_result(1), jay::invalid_state_error);
    int sum = 0;
    for (auto& h : waiters) sum += co_await h;
    co_return sum;
  };
  EXPECT_EQ(10, run(body()));
}

TEST_P(Cancel, OfATaskInAGatherReachesEveryChild) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    std::vector<jay::promise<>> started(6);
    auto parent = [](std::vector<jay::promise<>>& s, std::atomic<int>& n) -> jay::task<> {
      auto nested = [](std::vector<jay::promise<>>& all, std::atomic<int>& c) -> jay::task<> {
        co_await jay::gather(note_then_for_ever(all[2], c), note_then_for_ever(all[3], c));
      };
      std::vector<jay::task<>> range;
      range.push_back(note_then_for_ever(s[4], n));
      range.push_back(note_then_for_ever(s[5], n));
      co_await jay::gather(note_then_for_ever(s[0], n), note_then_for_ever(s[1], n), nested(s, n),
                           jay::gather(std::move(range)));
    };
    auto h = jay::create_task(parent(started, cancelled));
    for (auto& p : started) co_await p.get_future();
    h.cancel("all of you");
    std::string text;
    try {
      co_await h;
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    EXPECT_EQ("all of you", text);
    EXPECT_TRUE(h.cancelled());
    co_return cancelled;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(Cancel, OfAGatherWhoseChildrenSwallowItGivesTheirValuesUnlessTheyWereTold) {
  // As in asyncio: the gather itself was cancelled, so it throws when its children have ended.
  auto body = []() -> jay::task<int> {
    std::atomic<int> swallowed{0};
    std::vector<jay::promise<>> started(2);
    auto stubborn = [](jay::promise<> s, std::atomic<int>& n) -> jay::task<int> {
      s.set_result();
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        ++n;
      }
      co_return 1;
    };
    auto parent = [](auto& f, std::vector<jay::promise<>>& s, std::atomic<int>& n) -> jay::task<int> {
      auto [a, b] = co_await jay::gather(f(s[0], n), f(s[1], n));
      co_return a + b;
    };
    auto h = jay::create_task(parent(stubborn, started, swallowed));
    for (auto& p : started) co_await p.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return swallowed;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(Cancel, IsDeliveredOncePerStrand) {
  // After the cancel each child goes on suspending; none is told twice, nor is the parent afterwards.
  auto body = []() -> jay::task<int> {
    std::atomic<int> told{0};
    std::vector<jay::promise<>> started(4);
    auto child = [](jay::promise<> s, std::atomic<int>& n) -> jay::task<> {
      s.set_result();
      for (int i = 0; i < 3; ++i) {
        try {
          if (i == 0) co_await for_ever();
          auto h = jay::create_task(give(i));
          co_await h;
        } catch (const jay::cancelled_error&) {
          ++n;
        }
      }
    };
    auto parent = [](auto& f, std::vector<jay::promise<>>& s, std::atomic<int>& n) -> jay::task<> {
      int caught = 0;
      try {
        co_await jay::gather(f(s[0], n), f(s[1], n), f(s[2], n), f(s[3], n));
      } catch (const jay::cancelled_error&) {
        ++caught;
      }
      EXPECT_EQ(1, caught);
      co_await jay::create_task(give(1));
      auto [x, y] = co_await jay::gather(give(1), give(2));
      EXPECT_EQ(3, x + y);
    };
    auto h = jay::create_task(parent(child, started, told));
    for (auto& p : started) co_await p.get_future();
    h.cancel();
    co_await h;
    co_return told;
  };
  EXPECT_EQ(4, run(body()));
}

TEST_P(Cancel, BeforeAGatherStartsNothing) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> ran{0};
    auto mark = [](std::atomic<int>& n) -> jay::task<> {
      ++n;
      co_await yield();
    };
    auto parent = [](auto& f, std::atomic<int>& n) -> jay::task<> {
      jay::current_task().cancel();
      co_await jay::gather(f(n), f(n), f(n));
    };
    auto h = jay::create_task(parent(mark, ran));
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return ran;
  };
  EXPECT_EQ(0, run(body()));
}

TEST_P(Cancel, ReachesTheWaitAfterAGatherThatDidNotSuspend) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    auto parent = [](std::string& l) -> jay::task<> {
      auto cancel_me = []() -> jay::task<int> {
        jay::current_task().cancel();
        co_return 1;
      };
      try {
        co_await jay::gather(cancel_me(), give(1));
        l += "g";
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        l += "c";
      }
      co_await jay::create_task(give(1));
      l += "e";
    };
    auto h = jay::create_task(parent(log));
    co_await h;
    co_return log;
  };
  std::string log = run(body());
  // a result that has arrived is delivered; with several workers a child may be told before it ends
  EXPECT_TRUE(log == "gce" || log == "ce") << log;
}

TEST_P(Cancel, OfSettledGatherThrowsAfterItsChildrenHaveEnded) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> a, b;
    auto parent = [](jay::promise<> x, jay::promise<> y, std::atomic<int>& n) -> jay::task<> {
      co_await jay::gather_settled(note_then_for_ever(x, n), note_then_for_ever(y, n));
      ADD_FAILURE() << "a cancel was lost";
    };
    auto h = jay::create_task(parent(a, b, cancelled));
    co_await a.get_future();
    co_await b.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return cancelled;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(Cancel, OfAGatherOfHandlesCancelsThem) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> a, b;
    auto x = jay::create_task(note_then_for_ever(a, cancelled));
    auto y = jay::create_task(note_then_for_ever(b, cancelled));
    gate g;
    auto parent = [](jay::task_handle<> p, jay::task_handle<> q, gate& at) -> jay::task<> {
      co_await jay::gather(p, q, at.pass());
    };
    auto h = jay::create_task(parent(x, y, g));
    co_await a.get_future();
    co_await b.get_future();
    co_await g.arrived;
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_TRUE(x.cancelled());
    EXPECT_TRUE(y.cancelled());
    co_return cancelled;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(Cancel, ComesFromAnyThread) {
  auto body = []() -> jay::task<int> {
    int cancelled = 0;
    for (int i = 0; i < 50; ++i) {
      jay::promise<> started;
      std::atomic<int> n{0};
      auto h = jay::create_task(note_then_for_ever(started, n));
      co_await started.get_future();
      std::thread other([h]() mutable { h.cancel(); });
      try {
        co_await h;
      } catch (const jay::cancelled_error&) {
        ++cancelled;
      }
      other.join();
    }
    co_return cancelled;
  };
  EXPECT_EQ(50, run(body()));
}

TEST_P(Cancel, RacingACompletionNeverLosesAValueNorHangs) {
  auto body = []() -> jay::task<int> {
    int ended = 0;
    for (int i = 0; i < 300; ++i) {
      auto [p, f] = jay::with_resolvers<int>();
      auto wait = [](jay::future<int> x) -> jay::task<int> {
        auto w = x.shielded();
        int v = co_await std::move(w);
        co_return v;
      };
      auto h = jay::create_task(wait(f));
      auto set = [](jay::promise<int> to) -> jay::task<> {
        to.set_result(1);
        co_return;
      };
      auto cancel = [](jay::task_handle<int> t) -> jay::task<> {
        t.cancel();
        co_return;
      };
      auto a = jay::create_task(set(p));
      auto b = jay::create_task(cancel(h));
      try {
        int v = co_await h;
        EXPECT_EQ(1, v);
        ++ended;
      } catch (const jay::cancelled_error&) {
        ++ended;
      }
      co_await a;
      co_await b;
      EXPECT_EQ(1, f.result());
    }
    co_return ended;
  };
  EXPECT_EQ(300, run(body()));
}

TEST_P(Cancel, OfATreeThatIsRunning) {
  auto tree = [](auto& self, int depth, std::atomic<int>& entered) -> jay::task<int> {
    ++entered;
    if (depth == 0) {
      co_await yield();
      co_return 1;
    }
    auto [a, b] = co_await jay::gather(self(self, depth - 1, entered), self(self, depth - 1, entered));
    co_return a + b;
  };
  auto body = [](auto& f) -> jay::task<> {
    std::minstd_rand random(5);
    for (int i = 0; i < 50; ++i) {
      std::atomic<int> entered{0};
      auto h = jay::create_task(f(f, 8, entered));
      int wait_for = static_cast<int>(random() % 256);
      while (entered < wait_for) co_await yield();
      h.cancel();
      try {
        int v = co_await h;
        EXPECT_EQ(256, v);
      } catch (const jay::cancelled_error&) {
      }
      EXPECT_TRUE(h.done());
    }
  };
  run(body(tree));
}

TEST_P(Cancel, DrainCancelsWhatIsLeft) {
  std::atomic<int> cancelled{0};
  auto body = [](std::atomic<int>& n) -> jay::task<> {
    for (int i = 0; i < 20; ++i) {
      jay::promise<> started;
      { auto dropped = jay::create_task(note_then_for_ever(started, n)); }
      co_await started.get_future();
    }
  };
  run(body(cancelled));
  EXPECT_EQ(20, cancelled.load());
}

TEST_P(Cancel, CheckpointThrowsWhenOneIsDue) {
  auto body = []() -> jay::task<std::string> {
    auto loop = [](std::atomic<int>& rounds) -> jay::task<> {
      for (;;) {
        ++rounds;
        co_await jay::checkpoint();
      }
    };
    std::atomic<int> rounds{0};
    auto h = jay::create_task(loop(rounds));
    while (rounds < 1000) co_await yield();
    h.cancel("stop");
    std::string text;
    try {
      co_await h;
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    co_return text;
  };
  EXPECT_EQ("stop", run(body()));
}

TEST_P(Cancel, CheckpointThrowsInAChildWhoseSiblingHasFailed) {
  auto body = []() -> jay::task<std::string> {
    std::atomic<bool> looping{false};
    auto loop = [](std::atomic<bool>& l) -> jay::task<> {
      for (;;) {
        l = true;
        co_await jay::checkpoint();
      }
    };
    auto failing = [](std::atomic<bool>& l) -> jay::task<> {
      while (!l) co_await yield();
      throw std::runtime_error("x");
    };
    std::string text;
    try {
      co_await jay::gather(loop(looping), failing(looping));
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_EQ("x", run(body()));
}

TEST_P(Cancel, CheckpointLetsOthersRun) {
  auto body = []() -> jay::task<int> {
    std::atomic<bool> ran{false};
    auto mark = [](std::atomic<bool>& r) -> jay::task<> {
      r = true;
      co_return;
    };
    auto h = jay::create_task(mark(ran));
    int rounds = 0;
    while (!ran && rounds < 1'000'000) {
      ++rounds;
      co_await jay::checkpoint();
    }
    co_await h;
    co_return rounds;
  };
  EXPECT_LT(run(body()), 1'000'000);
}

TEST_P(Cancel, CheckCancelledThrowsOnce) {
  auto body = []() -> jay::task<std::string> {
    auto compute = []() -> jay::task<std::string> {
      jay::check_cancelled();
      jay::current_task().cancel("now");
      std::string text;
      try {
        jay::check_cancelled();
      } catch (const jay::cancelled_error& e) {
        text = e.message();
      }
      jay::check_cancelled();
      co_await jay::create_task(give(1));
      co_return text;
    };
    auto h = jay::create_task(compute());
    co_return co_await h;
  };
  EXPECT_EQ("now", run(body()));
}

TEST(Cancel, CheckCancelledOutsideATaskDoesNothing) { EXPECT_NO_THROW(jay::check_cancelled()); }

TEST_P(Cancel, CheckCancelledEndsAComputeLoop) {
  auto body = []() -> jay::task<bool> {
    std::atomic<bool> running{false};
    auto compute = [](std::atomic<bool>& r) -> jay::task<> {
      for (;;) {
        r = true;
        jay::check_cancelled();
      }
      co_return;
    };
    auto h = jay::create_task(compute(running));
    while (!running) co_await yield();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    co_return thrown;
  };
  if (GetParam() <= 1) return;  // nobody could run to cancel it
  EXPECT_TRUE(run(body()));
}

TEST_P(Cancel, StopTokenIsRequested) {
  auto body = []() -> jay::task<> {
    std::stop_token outside;
    jay::promise<> started;
    auto inner = [](std::stop_token& out, jay::promise<> s) -> jay::task<> {
      out = jay::get_stop_token();
      EXPECT_TRUE(out.stop_possible());
      EXPECT_TRUE(out == jay::get_stop_token());
      s.set_result();
      co_await for_ever();
    };
    auto h = jay::create_task(inner(outside, started));
    co_await started.get_future();
    EXPECT_FALSE(outside.stop_requested());
    int called = 0;
    std::stop_callback callback(outside, [&] { ++called; });
    h.cancel();
    EXPECT_TRUE(outside.stop_requested());
    EXPECT_EQ(1, called);
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
    }
    EXPECT_TRUE(outside.stop_requested());
  };
  run(body());
}

TEST_P(Cancel, StopTokenOfATaskThatIsCancelledAlready) {
  auto body = []() -> jay::task<bool> {
    auto inner = []() -> jay::task<bool> {
      jay::current_task().cancel();
      bool requested = jay::get_stop_token().stop_requested();
      jay::current_task().uncancel();
      co_return requested;
    };
    auto h = jay::create_task(inner());
    co_return co_await h;
  };
  EXPECT_TRUE(run(body()));
}

TEST(Cancel, StopTokenNeedsATask) { EXPECT_THROW(jay::get_stop_token(), std::runtime_error); }

/// Random trees of gathers, tasks and cancels: each ends, each waiter is told at most once per cancel.
class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  jay::task<> grow(int depth) {
    ++entered;
    unsigned kind = depth == 0 ? 5 : next() % 6;
    switch (kind) {
      case 0: {
        co_await jay::gather(grow(depth - 1), grow(depth - 1));
        break;
      }
      case 1: {
        std::vector<jay::task<>> many;
        for (unsigned i = next() % 5; i-- > 0;) many.push_back(grow(depth - 1));
        co_await jay::gather(std::move(many));
        break;
      }
      case 2: {
        co_await jay::gather_settled(grow(depth - 1), grow(depth - 1), grow(depth - 1));
        break;
      }
      case 3: {
        auto h = jay::create_task(grow(depth - 1));
        if (next() % 4 == 0) h.cancel();
        auto g = jay::gather_settled(h, grow(depth - 1));
        co_await std::move(g);
        break;
      }
      case 4: {
        try {
          co_await jay::gather(grow(depth - 1), grow(depth - 1));
        } catch (const std::runtime_error&) {
          ++caught;
        }
        break;
      }
      default: {
        unsigned n = next() % 8;
        for (unsigned i = 0; i < n; ++i) co_await yield();
        if (n == 7) throw std::runtime_error("waiter");
        break;
      }
    }
    ++left;
  }

  std::atomic<int> entered{0}, left{0}, caught{0};

 private:
  unsigned next() {
    jay::detail::spin_guard g(mutex_);
    return static_cast<unsigned>(random_());
  }
  jay::detail::spin_mutex mutex_;
  std::mt19937 random_;
};

TEST_P(Cancel, OfRandomTreesAlwaysEnds) {
  sched().set_exception_handler([](const jay::exception_context&) {});  // cancelled parents do not look at errors
  unsigned first = std::random_device()();
  std::printf("seeds from %u\n", first);
  for (unsigned i = 0; i < 150; ++i) {
    auto body = [](unsigned seed) -> jay::task<> {
      RandomTree tree(seed);
      std::mt19937 random(seed);
      auto h = jay::create_task(tree.grow(7));
      for (unsigned n = random() % 40; n-- > 0;) co_await yield();
      for (unsigned n = random() % 3; n-- > 0;) {
        h.cancel();
        co_await yield();
      }
      try {
        co_await h;
      } catch (const jay::cancelled_error&) {
      } catch (const std::runtime_error&) {
      }
      EXPECT_TRUE(h.done()) << seed;
      for (bool alone = false; !alone;) {  // those that are waited for may start others
        alone = true;
        for (auto& t : jay::all_tasks()) {
          if (t == jay::current_task()) continue;
          alone = false;
          (void)co_await jay::settled(t);
        }
      }
      EXPECT_LE(tree.left.load(), tree.entered.load()) << seed;
    };
    run(body(first + i));
  }
}

}  // namespace
