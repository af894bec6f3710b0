// SPDX-License-Identifier: MIT
#include <jay/home_thread.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <jay/cancel.hpp>
#include <jay/enter.hpp>
#include <jay/event.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/lock.hpp>
#include <jay/queue.hpp>
#include <jay/settled.hpp>
#include <jay/task_group.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::run_on;
using jay::testing::what_is_thrown;
using jay::testing::workers;
using jay::testing::yield;

class HomeThread : public jay::testing::WorkerCounts {};
INSTANTIATE_TEST_SUITE_P(On, HomeThread, ::testing::Values(1u, 2u, 8u, 0u), jay::testing::worker_count_name);

/// A thread with a home, which it drives until this goes.
class driven {
 public:
  ~driven() {
    home->stop();
    thread_.join();
  }
  jay::home_thread* home = nullptr;

 private:
  std::binary_semaphore made_{0};
  std::thread thread_{[this] {
    jay::home_thread mine;
    home = &mine;
    made_.release();
    mine.run_forever();
  }};
  const bool waited_ = (made_.acquire(), true);
};

bool is_readable(const jay::home_thread& h) {
  pollfd p{h.fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}
void wait_until_readable(const jay::home_thread& h) {
  pollfd p{h.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, -1), 1);
}
/// Drives it as a foreign loop does, until the flag is set by a step that runs there.
void drive_until(jay::home_thread& h, const bool& done) {
  while (!done) {
    wait_until_readable(h);
    h.poll();
  }
}
std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing";
}
bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// ---- where code runs ----

TEST_P(HomeThread, IsWhereTheTaskGoesOnAfterEveryAwait) {
  driven d;
  auto body = [&]() -> jay::task<> {
    jay::home_thread& home = *d.home;
    EXPECT_FALSE(home.is_current());
    co_await jay::resume_on(home);
    const std::thread::id there = std::this_thread::get_id();
    const auto is_there = [&] { return home.is_current() && std::this_thread::get_id() == there; };
    EXPECT_TRUE(is_there());
    co_await yield();
    EXPECT_TRUE(is_there());
    co_await jay::checkpoint();
    EXPECT_TRUE(is_there());
    jay::event e;
    jay::promise<int> p;
    auto f = p.get_future();
    auto other = jay::create_task([](jay::event& set, jay::promise<int> give, jay::home_thread& h) -> jay::task<> {
      EXPECT_FALSE(h.is_current()) << "a task of its own";
      set.set();
      co_await yield();
      give.set_result(1);
    }, std::ref(e), std::move(p), std::ref(home));
    co_await e.wait();
    EXPECT_TRUE(is_there());
    co_await f;
    EXPECT_TRUE(is_there());
    co_await other;
    EXPECT_TRUE(is_there());
    auto nested = [&]() -> jay::task<> {
      EXPECT_TRUE(is_there());
      co_await yield();
      EXPECT_TRUE(is_there());
    };
    co_await nested();
    EXPECT_TRUE(is_there());
    co_await jay::gather(nested(), nested(), nested());
    EXPECT_TRUE(is_there());
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      EXPECT_TRUE(is_there());
      tg.create_task([](jay::home_thread& h) -> jay::task<> {
        EXPECT_FALSE(h.is_current());
        co_await yield();
      }, std::ref(home));
      co_await yield();
      EXPECT_TRUE(is_there());
    });
    EXPECT_TRUE(is_there());
    jay::lock l;
    auto g = co_await l.scoped();
    EXPECT_TRUE(is_there());
    auto cancelled = jay::create_task(home.run(nested()));
    cancelled.cancel();
    static_cast<void>(co_await jay::settled(cancelled));
    EXPECT_TRUE(is_there());
  };
  run(body());
}

TEST_P(HomeThread, IsLeftByResumeOnElsewhereAndAtTheEnd) {
  driven d;
  auto body = [&]() -> jay::task<> {
    jay::home_thread& home = *d.home;
    jay::strand s;
    auto there = [&]() -> jay::task<int> {
      co_await jay::resume_on(home);
      EXPECT_TRUE(home.is_current());
      co_return 1;
    };
    for (int i = 0; i < 20; ++i) {
      auto one = co_await there();
      EXPECT_EQ(one, 1);
      EXPECT_FALSE(home.is_current());
      co_await jay::resume_on(home);
      EXPECT_TRUE(home.is_current());
      co_await jay::resume_on(s);
      EXPECT_TRUE(s.is_current());
      EXPECT_FALSE(home.is_current());
      co_await there();
      EXPECT_TRUE(s.is_current());
      co_await jay::resume_on(home);
      co_await jay::resume_on(home);
      co_await there();
      EXPECT_TRUE(home.is_current());
      auto away = [&]() -> jay::task<> {
        co_await jay::resume_on(jay::any_worker);
        EXPECT_FALSE(home.is_current());
        co_await yield();
      };
      co_await away();
      EXPECT_TRUE(home.is_current());
      co_await jay::gather(away(), there(), away());
      EXPECT_TRUE(home.is_current());
      co_await jay::resume_on(jay::any_worker);
      EXPECT_FALSE(home.is_current());
    }
  };
  run(body());
}

TEST_P(HomeThread, RunsAnOperationThatKnowsNothingOfIt) {
  driven d;
  auto body = [&]() -> jay::task<> {
    jay::home_thread& home = *d.home;
    auto three = [&]() -> jay::task<int> {
      EXPECT_TRUE(home.is_current());
      co_await yield();
      EXPECT_TRUE(home.is_current());
      co_return 3;
    };
    auto fails = [&]() -> jay::task<int> {
      co_await yield();
      throw std::runtime_error("no");
    };
    auto got = co_await home.run(three());
    EXPECT_EQ(got, 3);
    auto h = jay::create_task(home.run(three()));
    auto got2 = co_await h;
    EXPECT_EQ(got2, 3);
    auto [a, b] = co_await jay::gather(home.run(three()), home.run(three()));
    EXPECT_EQ(a + b, 6);
    auto thrown = co_await what_is_thrown(home.run(fails()));
    EXPECT_EQ(thrown, "no");
    jay::strand handle = home;
    auto got3 = co_await handle.run(three());
    EXPECT_EQ(got3, 3);
    EXPECT_FALSE(home.is_current());
  };
  run(body());
}

TEST_P(HomeThread, EagerTasksComeToIt) {
  driven d;
  auto body = [&]() -> jay::task<> {
    auto inner = [](jay::home_thread& h) -> jay::task<int> {
      co_await jay::resume_on(h);
      co_await yield();
      EXPECT_TRUE(h.is_current());
      co_return 5;
    };
    auto outside = jay::create_task(jay::task_options().eager_start(), inner(*d.home));
    co_await jay::resume_on(*d.home);
    auto inside = jay::create_task(jay::task_options().eager_start(), inner(*d.home));
    EXPECT_FALSE(inside.done()) << "this task is on it";
    auto five = co_await inside;
    auto ten = co_await outside;
    EXPECT_EQ(five + ten, 10);
    EXPECT_TRUE(d.home->is_current());
  };
  run(body());
}

TEST_P(HomeThread, ManyTasksIncrementAPlainIntWhileThreadsOutsideWakeThem) {
  driven d;
  constexpr int tasks = 40, rounds = 25;
  auto body = [&]() -> jay::task<> {
    jay::home_thread& home = *d.home;
    int plain = 0;
    jay::queue<int> q;
    auto leaf = [&]() -> jay::task<> {
      ++plain;
      co_return;
    };
    auto one = [&](int n) -> jay::task<> {
      for (int i = 0; i < rounds; ++i) {
        co_await jay::resume_on(home);
        ++plain;
        if ((n + i) % 5 == 0) {
          co_await jay::gather(leaf(), leaf(), leaf());
          plain -= 3;
        }
        co_await q.get();
        ++plain;
        if ((n + i) % 3 == 0) co_await jay::resume_on(jay::any_worker);
      }
    };
    std::vector<std::thread> outside;
    for (int t = 0; t < 4; ++t)
      outside.emplace_back([&] {
        for (int i = 0; i < tasks * rounds / 4; ++i) q.put_nowait(i);
      });
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < tasks; ++i) all.push_back(jay::create_task(one(i)));
    for (auto& h : all) co_await h;
    for (auto& t : outside) t.join();
    EXPECT_EQ(plain, 2 * tasks * rounds);
  };
  run(body());
}

TEST_P(HomeThread, IsSharedByRuntimes) {
  driven d;
  int plain = 0;
  auto body = [&](const jay::scheduler* mine) -> jay::task<> {
    std::vector<jay::task_handle<>> all;
    auto one = [&]() -> jay::task<> {
      co_await jay::resume_on(*d.home);
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(jay::detail::current_scheduler(), mine);
        ++plain;
        co_await yield();
      }
    };
    for (int i = 0; i < 10; ++i) all.push_back(jay::create_task(one()));
    for (auto& h : all) co_await h;
  };
  std::thread other([&] {
    jay::scheduler second(workers(2));
    run_on(second, body(&second));
  });
  run(body(&sched()));
  other.join();
  EXPECT_EQ(plain, 400);
}

TEST_P(HomeThread, SchedulersMayEndAsSoonAsTheirTasksHave) {
  driven d;
  auto body = [&]() -> jay::task<int> {
    auto here = []() -> jay::task<int> { co_return 1; };
    auto one = co_await d.home->run(here());
    co_return one;
  };
  for (int i = 0; i < 50; ++i) {
    jay::scheduler s(GetParam() ? workers(GetParam()) : jay::testing::in_asyncio_order());
    EXPECT_EQ(run_on(s, body()), 1);
  }
}

// ---- cancels ----

/// Runs the body on a scheduler beside this thread, which may drive a home meanwhile.
template <class Fixture>
class beside {
 public:
  template <class T>
  beside(Fixture& f, jay::task<T> body) : thread_([&f, b = std::move(body)]() mutable { f.run(std::move(b)); }) {}
  ~beside() { thread_.join(); }

 private:
  std::thread thread_;
};

class HomeOfThisThread : public jay::testing::WorkerCounts {
 public:
  template <class T>
  void run(jay::task<T> t) {
    run_on(sched(), std::move(t));
  }
};
INSTANTIATE_TEST_SUITE_P(On, HomeOfThisThread, ::testing::Values(1u, 2u, 8u, 0u), jay::testing::worker_count_name);

TEST_P(HomeOfThisThread, ACancelInItsQueueIsToldThere) {
  jay::home_thread home;
  bool done = false;
  std::string told;
  auto comes = [&]() -> jay::task<> {
    try {
      co_await jay::resume_on(home);
    } catch (const jay::cancelled_error& e) {
      told = e.message();
      EXPECT_TRUE(home.is_current()) << "it has moved all the same";
      throw;
    }
  };
  std::binary_semaphore cancelled(0);
  auto body = [&]() -> jay::task<> {
    auto h = jay::create_task(comes());
    while (!is_readable(home)) co_await yield();  // it stands there
    h.cancel("enough");
    cancelled.release();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    co_await jay::resume_on(home);
    done = true;
  };
  beside b(*this, body());
  cancelled.acquire();
  drive_until(home, done);
  EXPECT_EQ(told, "enough");
}

TEST_P(HomeOfThisThread, WhatIsCancelledInItsQueueIsNeverStarted) {
  jay::home_thread home;
  bool begun = false, done = false;
  auto op = [&]() -> jay::task<> {
    begun = true;
    co_return;
  };
  const auto unawaited = jay::detail::unawaited_count();
  std::binary_semaphore cancelled(0);
  auto body = [&]() -> jay::task<> {
    auto h = jay::create_task(home.run(op()));
    while (!is_readable(home)) co_await yield();
    h.cancel();
    cancelled.release();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    co_await jay::resume_on(home);
    done = true;
  };
  beside b(*this, body());
  cancelled.acquire();
  drive_until(home, done);
  EXPECT_FALSE(begun);
  EXPECT_EQ(jay::detail::unawaited_count(), unawaited);
}

TEST_P(HomeThread, ACancelThatIsDueIsToldByResumeOn) {
  driven d;
  auto body = [&]() -> jay::task<> {
    jay::home_thread& home = *d.home;
    for (int where = 0; where < 3; ++where) {
      if (where == 1) co_await jay::resume_on(home);  // where it is already
      jay::current_task().cancel();
      std::string told = "nothing";
      try {
        if (where == 2) {
          co_await jay::resume_on(jay::any_worker);
        } else {
          co_await jay::resume_on(home);
        }
      } catch (const jay::cancelled_error&) {
        told = "cancelled";
      }
      EXPECT_EQ(told, "cancelled");
      EXPECT_EQ(home.is_current(), where != 2) << "it has moved all the same";
      jay::current_task().uncancel();
    }
  };
  run(body());
}

TEST_P(HomeThread, ACancelInAWaitIsHandledOnIt) {
  driven d;
  auto body = [&]() -> jay::task<> {
    jay::testing::gate g;
    auto waits = [&]() -> jay::task<> {
      co_await jay::resume_on(*d.home);
      try {
        co_await g.pass();
      } catch (const jay::cancelled_error&) {
        EXPECT_TRUE(d.home->is_current());
        throw;
      }
    };
    auto h = jay::create_task(waits());
    co_await g.arrived;
    h.cancel();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
  };
  run(body());
}

TEST_P(HomeThread, ACancelOnTheWayBackIsToldAtTheNextSuspension) {
  driven d;
  auto body = [&]() -> jay::task<> {
    jay::testing::gate g;
    auto away = [&]() -> jay::task<int> {
      co_await jay::resume_on(jay::any_worker);
      co_await g.pass();
      jay::current_task().cancel();
      co_return 7;
    };
    int got = 0;
    auto t = [&]() -> jay::task<> {
      co_await jay::resume_on(*d.home);
      got = co_await away();
      EXPECT_TRUE(d.home->is_current());
      co_await jay::checkpoint();
      ADD_FAILURE() << "the cancel was lost";
    };
    auto h = jay::create_task(t());
    co_await g.arrived;
    g.open();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_EQ(got, 7);
  };
  run(body());
}

// ---- poll and its descriptor ----

TEST_P(HomeOfThisThread, PollRunsWhatIsReadyAndTheDescriptorSaysSo) {
  jay::home_thread home;
  EXPECT_FALSE(is_readable(home));
  EXPECT_EQ(home.poll(), 0u);
  bool done = false;
  int steps = 0;
  auto body = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    ++steps;
    co_await yield();
    ++steps;
    done = true;
  };
  std::size_t polled = 0;
  {
    beside b(*this, body());
    while (!done) {
      wait_until_readable(home);
      polled += home.poll();
    }
  }
  EXPECT_EQ(polled, 2u);
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(home.poll(), 0u);
  EXPECT_FALSE(is_readable(home));
}

TEST_P(HomeOfThisThread, APollRunsNoMoreThanStoodThereWhenItBegan) {
  jay::home_thread home;
  bool done = false;
  auto comes = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    for (int i = 0; i < 10; ++i) co_await yield();
  };
  auto body = [&]() -> jay::task<> {
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 5; ++i) all.push_back(jay::create_task(comes()));
    for (auto& h : all) co_await h;
    co_await jay::resume_on(home);
    done = true;
  };
  beside b(*this, body());
  std::size_t steps = 0;
  while (!done) {
    wait_until_readable(home);
    const std::size_t n = home.poll();
    EXPECT_LE(n, 5u);
    steps += n;
  }
  EXPECT_EQ(steps, 5u * 11 + 1);
}

TEST_P(HomeOfThisThread, APollInsideAStepRunsTheOthers) {
  jay::home_thread home;
  bool nested = false, done = false;
  auto inner = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    nested = true;
  };
  auto outer = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    auto h = jay::create_task(inner());
    drive_until(home, nested);  // a modal dialog
    EXPECT_EQ(jay::current_task().name(), "outer");
    co_await h;
    EXPECT_TRUE(home.is_current());
    done = true;
  };
  auto body = [&]() -> jay::task<> {
    auto h = jay::create_task(jay::task_options().name("outer"), outer());
    co_await h;
  };
  beside b(*this, body());
  drive_until(home, done);
  EXPECT_TRUE(nested);
}

TEST_P(HomeThread, StopEndsTheNextRunWhereNoneIsUnderWay) {
  jay::home_thread home;
  home.stop();
  home.run_forever();
  bool ran = false;
  auto body = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    ran = true;
    home.stop();
  };
  std::thread other([&] { run(body()); });
  home.run_forever();
  EXPECT_TRUE(ran);
  other.join();
}

// ---- the end ----

TEST_P(HomeOfThisThread, CloseCancelsWhatIsOnItAndLetsItCleanUpThere) {
  jay::home_thread home;
  std::atomic<int> waiting{0}, cleaned{0};
  std::string told;
  jay::event never;
  auto waits = [&]() -> jay::task<> {
    auto clean_up = [&]() -> jay::task<> {
      EXPECT_TRUE(home.is_current());
      co_await yield();  // it may wait
      EXPECT_TRUE(home.is_current());
      ++cleaned;
    };
    co_await jay::defer(clean_up);
    try {
      ++waiting;
      co_await never.wait();
    } catch (const jay::cancelled_error& e) {
      EXPECT_TRUE(home.is_current());
      told = e.message();
      throw;
    }
  };
  auto child_of_a_gather = [&]() -> jay::task<> {
    auto elsewhere = [&]() -> jay::task<> { co_await never.wait(); };
    co_await jay::gather(elsewhere(), home.run(waits()));
  };
  auto away = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    auto on_a_worker = [&]() -> jay::task<> {
      co_await jay::resume_on(jay::any_worker);
      ++waiting;
      co_await never.wait();
    };
    co_await on_a_worker();
  };
  auto body = [&]() -> jay::task<> {
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 3; ++i) all.push_back(jay::create_task(home.run(waits())));
    all.push_back(jay::create_task(child_of_a_gather()));
    all.push_back(jay::create_task(away()));
    for (auto& h : all) {
      auto r = co_await jay::settled(h);
      EXPECT_TRUE(r.cancelled());
    }
  };
  beside b(*this, body());
  while (waiting < 5) {
    if (is_readable(home)) home.poll();
    std::this_thread::yield();
  }
  home.close();
  EXPECT_EQ(cleaned, 4);
  EXPECT_EQ(told, "its home_thread has ended");
}

TEST_P(HomeOfThisThread, WhoStandsInItsQueueWhenItEndsIsToldThere) {
  std::optional<jay::home_thread> home(std::in_place);
  jay::strand handle = *home;
  bool told = false;
  auto comes = [&]() -> jay::task<> {
    try {
      co_await jay::resume_on(handle);
      ADD_FAILURE() << "it has ended";
    } catch (const jay::cancelled_error&) {
      told = handle.is_current();
    }
  };
  auto body = [&]() -> jay::task<> { co_await comes(); };
  beside b(*this, body());
  wait_until_readable(*home);
  home.reset();
  EXPECT_TRUE(told);
}

TEST_P(HomeThread, WhoComesToOneThatHasEndedIsRefusedAndHasNotMoved) {
  jay::strand handle;
  {
    jay::home_thread home;
    handle = home;
    home.close();
    home.close();
    EXPECT_TRUE(home.closed());
    EXPECT_EQ(home.poll(), 0u);
    EXPECT_TRUE(contains(error_of([&] { home.run_forever(); }), "closed"));
  }
  auto body = [&]() -> jay::task<> {
    jay::strand s;
    auto op = []() -> jay::task<> { co_return; };
    for (int i = 0; i < 2; ++i) {
      if (i == 1) co_await jay::resume_on(s);
      auto thrown = co_await what_is_thrown(jay::resume_on(handle));
      EXPECT_TRUE(contains(thrown, "has ended")) << thrown;
      EXPECT_EQ(s.is_current(), i == 1);
      auto thrown2 = co_await what_is_thrown(handle.run(op()));
      EXPECT_TRUE(contains(thrown2, "has ended")) << thrown2;
      co_await yield();
      EXPECT_EQ(s.is_current(), i == 1);
      std::string told = "nothing";
      try {
        co_await jay::resume_on(handle);
      } catch (const std::runtime_error& e) {
        told = e.what();
      }
      EXPECT_TRUE(contains(told, "has ended")) << told;
      EXPECT_EQ(s.is_current(), i == 1);
    }
  };
  run(body());
}

TEST_P(HomeThread, ItsThreadMayEndTheSchedulerBeforeIt) {
  jay::home_thread home;
  std::atomic<bool> waits{false};
  bool cleaned = false;
  {
    jay::scheduler s(GetParam() ? workers(GetParam()) : jay::testing::in_asyncio_order());
    auto body = [&]() -> jay::task<> {
      co_await jay::resume_on(home);
      try {
        jay::event never;
        waits = true;
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
        cleaned = home.is_current();
        throw;
      }
    };
    auto h = jay::detail::start(s, jay::task_options(), body());
    while (!waits) {
      wait_until_readable(home);
      home.poll();
    }
    EXPECT_TRUE(s.drain(std::chrono::hours(1)));  // runs it here
  }
  EXPECT_TRUE(cleaned);
}

TEST_P(HomeThread, IsNotQuietWhileSomethingStandsThere) {
  jay::home_thread home;
  bool done = false;
  auto body = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    done = true;
  };
  auto h = jay::detail::start(sched(), jay::task_options(), body());
  wait_until_readable(home);
  EXPECT_FALSE(sched().quiet());
  drive_until(home, done);
  EXPECT_TRUE(sched().drain(std::chrono::hours(1)));
}

TEST_P(HomeThread, RunsNothingOfASchedulerThatStands) {
  jay::home_thread home;
  bool done = false;
  auto body = [&]() -> jay::task<> {
    co_await jay::resume_on(home);
    done = true;
  };
  auto h = jay::detail::start(sched(), jay::task_options(), body());
  wait_until_readable(home);
  sched().stand_still();
  EXPECT_EQ(home.poll(), 0u);
  EXPECT_FALSE(done);
  EXPECT_TRUE(contains(error_of([&] { home.close(); }), "does not run"));
  EXPECT_FALSE(home.closed());
  sched().go_on();
  drive_until(home, done);
  EXPECT_TRUE(sched().drain(std::chrono::hours(1)));
}

// ---- wrong use ----

TEST_P(HomeThread, IsOfItsThreadAlone) {
  driven d;
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { d.home->poll(); }, [&] { d.home->run_forever(); }, [&] { d.home->close(); }}) {
    const std::string text = error_of(call);
    EXPECT_TRUE(contains(text, "on another thread than the one that the home_thread was made on")) << text;
  }
  auto body = [&]() -> jay::task<> {
    auto made = error_of([] { jay::home_thread inside; });
    EXPECT_TRUE(contains(made, "by a running task")) << made;
    co_await jay::resume_on(*d.home);
    auto closed = error_of([&] { d.home->close(); });
    EXPECT_TRUE(contains(closed, "by a running task")) << closed;
  };
  run(body());
}

TEST(HomeThreadDeathTest, IsNotDestroyedOnAnotherThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto program = [] {
    auto home = std::make_unique<jay::home_thread>();
    std::thread([&] { home.reset(); }).join();
  };
  EXPECT_DEATH(program(), "destroyed on another thread than its own");
}

TEST(HomeThreadOfAParent, IsNotUsableAfterFork) {
  jay::home_thread home;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(contains(error_of([&] { home.poll(); }), "not usable after fork") ? 7 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(home.poll(), 0u);
}

TEST_P(HomeThread, ManyMovesNeedNoStack) {
  driven d;
  auto body = [&]() -> jay::task<> {
    for (int i = 0; i < 5'000; ++i) {
      co_await jay::resume_on(*d.home);
      co_await jay::resume_on(jay::any_worker);
    }
    co_await jay::resume_on(*d.home);
    for (int i = 0; i < 20'000; ++i) co_await jay::resume_on(*d.home);
    EXPECT_TRUE(d.home->is_current());
  };
  run(body());
}

}  // namespace
