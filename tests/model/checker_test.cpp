// SPDX-License-Identifier: MIT
// What the checker finds beside weak memory: races, lost wake-ups, livelocks, uses after destruction; and how it reports.
#include <chrono>
#include <stdexcept>

#include "atomic.hpp"
#include "expect.hpp"
#include "model_sync.hpp"
#include "var.hpp"

namespace {

using model::atomic;
using model::execution;
using model::expect_fails;
using model::expect_holds;
using model::options;
using model::var;
using enum std::memory_order;

template <class F>
model::outcome explore(F&& f, const options& o = {}) {
  return model::explore(o, f);
}

void message(execution& x, std::memory_order publish, std::memory_order look) {
  struct state {
    var<int> data;
    atomic<bool> ready{false};
  };
  auto& s = x.make<state>();
  x.name(s.ready, "ready");
  x.thread("writer", [&s, publish] { s.data = 7, s.ready.store(true, publish); });
  x.thread("reader", [&s, look] {
    if (s.ready.load(look)) model::check(s.data == 7, "data");
  });
}

TEST(Checker, FindsADataRace) {
  expect_fails(explore([](execution& x) { message(x, relaxed, acquire); }), "data race");
  expect_fails(explore([](execution& x) { message(x, release, relaxed); }), "data race");
  expect_holds(explore([](execution& x) { message(x, release, acquire); }));
}

TEST(Checker, FindsAWriteAgainstARead) {
  auto model_with = [](std::memory_order o) {
    return [o](execution& x) {
      struct state {
        var<int> data{1};
        atomic<int> done{0};
      };
      auto& s = x.make<state>();
      x.thread("reader", [&s, o] { model::check(s.data == 1, "data"), s.done.store(1, o); });
      x.thread("writer", [&s] {
        if (s.done.load(acquire)) s.data = 2;
      });
    };
  };
  expect_fails(explore(model_with(relaxed)), "a write of a plain variable against a read");
  expect_holds(explore(model_with(release)));
}

TEST(Checker, WhatFollowsAReleaseFenceIsNotReleasedByIt) {
  expect_fails(explore([](execution& x) {
                 struct state {
                   var<int> data;
                   atomic<int> flag{0};
                 };
                 auto& s = x.make<state>();
                 x.thread("writer", [&s] { jay::detail::fence(release), s.data = 1, s.flag.store(1, relaxed); });
                 x.thread("reader", [&s] {
                   if (s.flag.load(acquire)) s.data = 2;
                 });
               }),
               "data race");
}

// A consumer sleeps on a word; a producer makes it 1 and wakes.
void sleeper(execution& x, bool wakes, bool checks_word) {
  auto& word = x.make<atomic<std::uint32_t>>(0u);
  x.name(word, "word");
  x.thread("sleeper", [&word, checks_word] {
    if (!checks_word) {
      jay::detail::futex_wait(word, word.load(relaxed));
      return;
    }
    while (word.load(acquire) == 0) jay::detail::futex_wait(word, 0);
  });
  x.thread("waker", [&word, wakes] {
    word.store(1, release);
    if (wakes) jay::detail::futex_wake(word, 1);
  });
}

TEST(Checker, FindsALostWakeUp) {
  expect_fails(explore([](execution& x) { sleeper(x, false, true); }), "lost wake-up");
  expect_fails(explore([](execution& x) { sleeper(x, true, false); }), "lost wake-up");
  expect_holds(explore([](execution& x) { sleeper(x, true, true); }));
  options spurious;
  spurious.spurious = 2;
  expect_holds(explore([](execution& x) { sleeper(x, true, true); }, spurious));
}

// Sleep only after announcing it, wake only who has announced: both sides need a full fence between store and load.
void announced_sleeper(execution& x, bool sleeper_fence, bool waker_fence) {
  struct state {
    atomic<int> items{0}, sleeping{0};
    atomic<std::uint32_t> word{0};
  };
  auto& s = x.make<state>();
  x.thread("sleeper", [&s, sleeper_fence] {
    while (s.items.load(acquire) == 0) {
      std::uint32_t seen = s.word.load(relaxed);
      s.sleeping.store(1, relaxed);
      if (sleeper_fence) jay::detail::fence(seq_cst);
      if (s.items.load(relaxed) == 0) jay::detail::futex_wait(s.word, seen);
      s.sleeping.store(0, relaxed);
    }
  });
  x.thread("waker", [&s, waker_fence] {
    s.items.store(1, release);
    if (waker_fence) jay::detail::fence(seq_cst);
    if (s.sleeping.load(relaxed)) {
      s.word.fetch_add(1, relaxed);
      jay::detail::futex_wake(s.word, 1);
    }
  });
}

TEST(Checker, FindsAMissingFenceBeforeSleep) {
  expect_holds(explore([](execution& x) { announced_sleeper(x, true, true); }));
  expect_fails(explore([](execution& x) { announced_sleeper(x, false, true); }), "lost wake-up");
  expect_fails(explore([](execution& x) { announced_sleeper(x, true, false); }), "lost wake-up");
}

TEST(Checker, WakesAsManyAsToldInAnyOrder) {
  auto woken = [](int count) {
    return explore([count](execution& x) {
      struct state {
        atomic<std::uint32_t> word{0};
        atomic<int> waiting{0}, first{0};
      };
      auto& s = x.make<state>();
      for (int i = 1; i <= 2; ++i)
        x.thread(i == 1 ? "one" : "two", [&s, i] {
          s.waiting.fetch_add(1);
          jay::detail::futex_wait(s.word, 0);
          int nobody = 0;
          s.first.compare_exchange_strong(nobody, i);
          model::check(s.first.load() == 1 || s.waiting.load() > 2, "two is first");
        });
      x.thread("waker", [&s, count] {
        while (s.waiting.load() != 2) jay::detail::cpu_relax();
        s.word.store(1);
        jay::detail::futex_wake(s.word, count);
      });
    });
  };
  expect_fails(woken(2), "two is first");
  expect_fails(woken(1), "");
}

TEST(Checker, TimedWaitsEndEitherWay) {
  auto waits = [](bool timeouts) {
    options o;
    o.timeouts = timeouts;
    return explore(
        [](execution& x) {
          auto& word = x.make<atomic<std::uint32_t>>(0u);
          x.thread("sleeper", [&word] {
            bool in_time = jay::detail::futex_wait_until(word, 0, std::chrono::steady_clock::time_point{});
            model::check(in_time, "timed out");
          });
          x.thread("waker", [&word] { word.store(1), jay::detail::futex_wake(word, 1); });
        },
        o);
  };
  expect_fails(waits(true), "timed out");
  expect_holds(waits(false));
}

TEST(Checker, ATimeoutIsNoDeadlock) {
  expect_holds(explore([](execution& x) {
    auto& word = x.make<atomic<std::uint32_t>>(0u);
    x.thread("sleeper", [&word] { model::check(!jay::detail::futex_wait_until(word, 0, 0), "woken by nobody"); });
  }));
}

TEST(Checker, FindsALivelock) {
  expect_fails(explore([](execution& x) {
                 auto& flag = x.make<atomic<int>>(0);
                 x.thread("spinner", [&flag] {
                   while (flag.load() == 0) jay::detail::cpu_relax();
                 });
                 x.thread("other", [] {});
               }),
               "livelock");
  expect_fails(explore([](execution& x) {
                 auto& flag = x.make<atomic<int>>(0);
                 x.thread("busy", [&flag] {
                   while (flag.load() == 0) flag.store(0);
                 });
               }),
               "livelock: more than");
}

TEST(Checker, ASpinnerSeesTheStoreInTheEnd) {
  expect_holds(explore([](execution& x) {
    struct state {
      atomic<int> flag{0};
      var<int> data;
    };
    auto& s = x.make<state>();
    x.thread("spinner", [&s] {
      while (s.flag.load(acquire) == 0) jay::detail::thread_yield();
      model::check(s.data == 3, "data");
    });
    x.thread("setter", [&s] { s.data = 3, s.flag.store(1, release); });
  }));
}

TEST(Checker, FindsAUseDuringOrAfterDestruction) {
  auto last_one_destroys = [](std::memory_order o) {
    return [o](execution& x) {
      struct state {
        atomic<int> count{2};
        atomic<int> other{0};
      };
      auto& s = x.make<state>();
      for (int i = 0; i < 2; ++i)
        x.thread("user", [&s, &x, o] {
          s.other.store(1, relaxed);
          if (s.count.fetch_sub(1, o) == 1) x.destroy(s);
        });
    };
  };
  expect_fails(explore(last_one_destroys(relaxed)), "destroyed while another thread may still use it");
  expect_holds(explore(last_one_destroys(acq_rel)));
  expect_fails(explore([](execution& x) {
                 auto& a = x.make<atomic<int>>(0);
                 x.thread("destroyer", [&] { x.destroy(a); });
                 x.thread("user", [&a] { a.load(); });
               }),
               "destroy");
}

TEST(Checker, FindsAUseOfAPlainVariableAfterItsDestruction) {
  expect_fails(explore([](execution& x) {
                 struct state {
                   var<int> data{1};
                 };
                 auto& s = x.make<state>();
                 auto& gone = x.make<atomic<int>>(0);
                 x.thread("destroyer", [&] { x.destroy(s), gone.store(1, release); });
                 x.thread("user", [&] {
                   if (gone.load(acquire)) model::check(s.data == 1, "data");
                 });
               }),
               "after its destruction");
}

TEST(Checker, FindsAnExceptionAndAFailedCheckInFinally) {
  expect_fails(explore([](execution& x) { x.thread("thrower", [] { throw std::runtime_error("oops"); }); }), "oops");
  expect_fails(explore([](execution& x) { x.finally([] { model::check(false, "at the end"); }); }), "at the end");
  expect_fails(explore([](execution&) { throw std::runtime_error("early"); }), "early");
}

TEST(Checker, TellsTheOperationsAndReplaysThem) {
  auto racy = [](execution& x) { message(x, relaxed, acquire); };
  auto r = explore(racy);
  ASSERT_TRUE(r.failed);
  EXPECT_NE(r.trace.find("writer"), std::string::npos);
  EXPECT_NE(r.trace.find("checker_test.cpp:"), std::string::npos);
  EXPECT_NE(r.trace.find("relaxed  ready          <- 1"), std::string::npos) << r.trace;
  EXPECT_NE(r.trace.find("acquire  ready          = 1"), std::string::npos) << r.trace;
  options again;
  again.replay = r.replay;
  auto replayed = explore(racy, again);
  EXPECT_EQ(replayed.executions, 1u);
  EXPECT_EQ(replayed.reason, r.reason);
  EXPECT_EQ(replayed.trace, r.trace);
}

TEST(Checker, FindsAtRandomToo) {
  options random;
  random.random_executions = 2000;
  for (random.seed = 1; random.seed <= 5; ++random.seed) {
    auto r = explore([](execution& x) { announced_sleeper(x, true, false); }, random);
    EXPECT_TRUE(r.failed) << "seed " << random.seed;
    options again = random;
    again.replay = r.replay;
    EXPECT_EQ(explore([](execution& x) { announced_sleeper(x, true, false); }, again).reason, r.reason);
  }
  auto r = explore([](execution& x) { announced_sleeper(x, true, true); }, random);
  EXPECT_FALSE(r.failed) << r.text();
  EXPECT_EQ(r.executions, 2000u);
}

TEST(Checker, TheBoundLimitsPreemptions) {
  auto rounds = [](int limit) {
    return [limit](execution& x) {
      auto& a = x.make<atomic<int>>(0);
      for (int t = 0; t < 2; ++t)
        x.thread("incrementer", [&a] {
          for (int i = 0; i < 3; ++i) a.store(a.load() + 1);
        });
      x.finally([&a, limit] { model::check(a.load() > limit, "too many increments lost"); });
    };
  };
  options o;
  std::uint64_t executions = 0;
  for (o.bound = 0; o.bound <= 4; ++o.bound) {
    auto r = explore(rounds(0), o);
    expect_holds(r);
    EXPECT_GT(r.executions, executions);
    executions = r.executions;
  }
  o.bound = 0;
  expect_holds(explore(rounds(5), o));
  o.bound = 1;  // one switch away in the middle of an increment, and the other's three are lost
  expect_fails(explore(rounds(3), o), "too many increments lost");
  expect_holds(explore(rounds(2), o));
  o.bound = 3;
  expect_holds(explore(rounds(2), o));
  o.bound = 4;  // store the first late, let the other one load that, add one's own two, and be overwritten: 2 is left
  expect_fails(explore(rounds(2), o), "too many increments lost");
}

TEST(Checker, ReachesThreeHundredThousandExecutionsASecond) {
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
  options o;
  o.max_executions = 200'000;
  double best = 0;
  for (int attempt = 0; attempt < 5 && best < 300'000; ++attempt) {
    auto r = explore(
        [](execution& x) {
          auto& a = x.make<atomic<int>>(0);
          for (int t = 0; t < 3; ++t)
            x.thread("thread", [&a] {
              for (int i = 0; i < 4; ++i) a.fetch_add(1, relaxed);
            });
        },
        o);
    EXPECT_FALSE(r.failed);
    best = std::max(best, static_cast<double>(r.executions) / r.seconds);
  }
  RecordProperty("executions_per_second", static_cast<int>(best));
  std::printf("  %.0f executions a second\n", best);
#else
  GTEST_SKIP() << "not an optimised build";
#endif
}

// ---- mutants ----

TEST(Mutation, EveryOrderOfAMessageIsNeeded) {
  auto body = [](execution& x) {
    struct state {
      var<int> data;
      atomic<bool> ready{false};
    };
    auto& s = x.make<state>();
    x.thread("writer", [&s] { s.data = 7, s.ready.store(true, release); });
    x.thread("reader", [&s] {
      if (s.ready.load(acquire)) model::check(s.data == 7, "data");
    });
  };
  model::operation_log log;
  options o;
  o.log = &log;
  expect_holds(explore(body, o));
  auto mutants = log.mutants("checker_test.cpp");
  ASSERT_EQ(mutants.size(), 4u);  // the store weaker or left out, the load weaker, the data not written
  int survivors = 0;
  for (const auto& m : mutants) {
    options seeded;
    seeded.seeded = &m;
    auto r = explore(body, seeded);
    EXPECT_NE(m.source().find("s.ready."), std::string::npos) << m.text();
    if (!r.failed) {
      ++survivors;
      EXPECT_NE(m.text().find("left out"), std::string::npos) << m.text();  // nobody misses a message that never comes
    }
  }
  EXPECT_EQ(survivors, 1);
}

}  // namespace
