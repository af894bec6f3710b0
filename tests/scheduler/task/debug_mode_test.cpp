// SPDX-License-Identifier: MIT
// What debug mode knows of locks, tasks and exceptions.
#include <gmock/gmock.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <jay/call_graph.hpp>
#include <jay/condition.hpp>
#include <jay/event.hpp>
#include <jay/gather.hpp>
#include <jay/latch.hpp>
#include <jay/lock.hpp>
#include <jay/queue.hpp>
#include <jay/rw_lock.hpp>
#include <jay/semaphore.hpp>
#include <jay/settled.hpp>
#include <jay/task_group.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::yield;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

jay::task_options named(const char* name) { return jay::task_options().name(name); }

class DebugMode : public testing::TestWithParam<unsigned> {
 protected:
  DebugMode() {
    s.set_exception_handler([this](const jay::exception_context& c) {
      std::lock_guard g(mutex_);
      told_.push_back(c.message);
    });
  }
  template <class T>
  T run(jay::task<T> t) {
    return jay::testing::run_on(s, std::move(t));
  }
  std::vector<std::string> told() {
    std::lock_guard g(mutex_);
    return told_;
  }
  static jay::debug_config debug() {
    jay::debug_config d;
    d.enabled = true;
    d.slow_step = 0;
    return d;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> told_;

 protected:
  jay::scheduler s{GetParam() ? jay::testing::workers(GetParam()) : jay::testing::in_asyncio_order(), debug()};
};
JAY_FOR_WORKER_COUNTS(DebugMode);

/// The graph of a task that has come to wait for this.
jay::task<jay::future_call_graph> when_it_waits_for(jay::task_handle<> h, std::string what) {
  for (;;) {
    jay::future_call_graph g = h.call_graph();
    if (g.waits_for == what) co_return g;
    co_await yield();
  }
}
jay::task<> ended(std::vector<jay::task_handle<>> all) {
  for (auto& h : all) h.cancel();
  for (auto& h : all) (void)co_await jay::settled(h);
}
/// Holds the lock from the moment that `has` is set until `end` is.
jay::task<> holds(jay::lock& l, jay::event& has, jay::event& end) {
  auto g = co_await l.scoped();
  has.set();
  co_await end.wait();
}
jay::task<> acquires(jay::lock& l) { auto g = co_await l.scoped(); }

TEST_P(DebugMode, NamesWhoHoldsTheLockThatIsWaitedFor) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::event has, end;
    auto holder = jay::create_task(named("holder"), holds(l, has, end));
    co_await has.wait();
    auto waits = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(waits, "lock.acquire");
    EXPECT_THAT(g.held_by, ElementsAre(ContainsRegex("^holder \\(.*holds.*, .*debug_mode_test.cpp:[0-9]+\\)$")));
    EXPECT_THAT(jay::format_call_graph(g), HasSubstr("+ Held by: holder ("));
    end.set();
    co_await waits;
    co_await holder;
  };
  run(body());
}

TEST_P(DebugMode, NamesWhoWasHandedTheLock) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::event has, end, second_has, second_end;
    auto first = jay::create_task(named("first"), holds(l, has, end));
    co_await has.wait();
    auto second = jay::create_task(named("second"), holds(l, second_has, second_end));
    co_await when_it_waits_for(second, "lock.acquire");
    auto third = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(third, "lock.acquire");
    EXPECT_THAT(g.held_by, ElementsAre(StartsWith("first (")));
    end.set();
    co_await second_has.wait();
    g = third.call_graph();
    EXPECT_THAT(g.held_by, ElementsAre(StartsWith("second (")));
    second_end.set();
    co_await third;
    co_await second;
    co_await first;
  };
  run(body());
}

TEST_P(DebugMode, StillKnowsTheHolderWhenAWaiterWasCancelled) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::event has, end;
    auto holder = jay::create_task(named("holder"), holds(l, has, end));
    co_await has.wait();
    auto first = jay::create_task(acquires(l));
    co_await when_it_waits_for(first, "lock.acquire");
    first.cancel();
    (void)co_await jay::settled(first);
    auto second = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(second, "lock.acquire");
    EXPECT_THAT(g.held_by, ElementsAre(StartsWith("holder (")));
    end.set();
    co_await second;
    co_await holder;
    EXPECT_FALSE(l.locked());
  };
  run(body());
}

TEST_P(DebugMode, ForgetsTheHolderWhenTheLockIsReleased) {
  auto body = [&]() -> jay::task<> {
    jay::lock l;
    co_await l.acquire();
    l.release();
    s.set_debug(false);
    co_await yield();  // in a step that is not noted
    co_await l.acquire();
    auto waits = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(waits, "lock.acquire");
    EXPECT_THAT(g.held_by, IsEmpty());
    l.release();
    co_await waits;
  };
  run(body());
}

TEST_P(DebugMode, NamesTheTaskThatACancelledHandOverWasPassedOnTo) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::event has, end;
    co_await l.acquire();
    auto first = jay::create_task(acquires(l));
    co_await when_it_waits_for(first, "lock.acquire");
    auto second = jay::create_task(named("second"), holds(l, has, end));
    co_await when_it_waits_for(second, "lock.acquire");
    l.release();     // the first has it,
    first.cancel();  // and perhaps passes it on
    co_await has.wait();
    auto third = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(third, "lock.acquire");
    EXPECT_THAT(g.held_by, ElementsAre(StartsWith("second (")));
    end.set();
    co_await third;
    co_await second;
    (void)co_await jay::settled(first);
  };
  run(body());
}

TEST_P(DebugMode, NamesWhoHasTheLockOfAConditionAgain) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::condition c(l);
    jay::event woken, end;
    auto waits = [&]() -> jay::task<> {
      auto g = co_await c.scoped();
      co_await c.wait();
      woken.set();
      co_await end.wait();
    };
    auto waiter = jay::create_task(named("waiter"), waits());
    co_await when_it_waits_for(waiter, "condition.wait");
    co_await l.acquire();
    c.notify();
    l.release();
    co_await woken.wait();
    auto third = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(third, "lock.acquire");
    EXPECT_THAT(g.held_by, ElementsAre(StartsWith("waiter (")));
    end.set();
    co_await third;
    co_await waiter;
  };
  run(body());
}

TEST_P(DebugMode, NamesTheReadersThatAWriterWaitsFor) {
  auto body = []() -> jay::task<> {
    jay::rw_lock l;
    jay::latch reading(2);
    jay::event first_end, second_end;
    auto reads = [&](jay::event& end) -> jay::task<> {
      auto g = co_await l.read_scoped();
      reading.count_down();
      co_await end.wait();
    };
    auto writes = [&]() -> jay::task<> { auto g = co_await l.write_scoped(); };
    auto first = jay::create_task(named("first"), reads(first_end));
    auto second = jay::create_task(named("second"), reads(second_end));
    co_await reading.wait();
    auto writer = jay::create_task(named("writer"), writes());
    auto g = co_await when_it_waits_for(writer, "rw_lock");
    EXPECT_THAT(g.held_by, testing::UnorderedElementsAre(StartsWith("first ("), StartsWith("second (")));
    first_end.set();
    co_await first;
    g = writer.call_graph();
    EXPECT_THAT(g.held_by, ElementsAre(StartsWith("second (")));
    second_end.set();
    co_await writer;
    co_await second;
  };
  run(body());
}

TEST_P(DebugMode, SaysThatTheHolderHasEnded) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    auto takes = [&]() -> jay::task<> { co_await l.acquire(); };
    co_await jay::create_task(takes());
    auto waits = jay::create_task(acquires(l));
    auto g = co_await when_it_waits_for(waits, "lock.acquire");
    EXPECT_THAT(g.held_by, ElementsAre(ContainsRegex("^Task-[0-9]+ .*, which has ended$")));
    l.release();
    co_await waits;
  };
  run(body());
}

// ---- circles ----

/// Acquires one, and when both have theirs, the other.
jay::task<> crosses(jay::lock& mine, jay::lock& other, jay::latch& both) {
  auto first = co_await mine.scoped();
  both.count_down();
  co_await both.wait();
  auto second = co_await other.scoped();
}

TEST_P(DebugMode, ReportsACircleThroughLocks) {
  auto body = [&]() -> jay::task<> {
    jay::lock x, y;
    jay::latch both(2);
    auto a = jay::create_task(named("a"), crosses(x, y, both));
    auto b = jay::create_task(named("b"), crosses(y, x, both));
    co_await when_it_waits_for(a, "lock.acquire");
    co_await when_it_waits_for(b, "lock.acquire");
    const std::string text = s.pending_tasks();
    EXPECT_THAT(text, HasSubstr("for lock.acquire, held by b ("));
    EXPECT_THAT(text, HasSubstr("a waits for a lock that b holds"));
    EXPECT_THAT(text, HasSubstr("b waits for a lock that a holds"));
    std::vector<jay::task_handle<>> all{a, b};
    co_await ended(std::move(all));
  };
  run(body());
}

TEST_P(DebugMode, ReportsACircleOfALockAndATask) {
  auto body = [&]() -> jay::task<> {
    jay::lock l;
    jay::event begin;
    jay::task_handle<> b;
    auto awaits = [&]() -> jay::task<> {
      auto g = co_await l.scoped();
      begin.set();
      co_await b;
    };
    auto locks = [&]() -> jay::task<> {
      co_await begin.wait();
      auto g = co_await l.scoped();
    };
    b = jay::create_task(named("b"), locks());
    auto a = jay::create_task(named("a"), awaits());
    co_await when_it_waits_for(a, "b");
    co_await when_it_waits_for(b, "lock.acquire");
    const std::string text = s.pending_tasks();
    EXPECT_THAT(text, HasSubstr("a awaits b"));
    EXPECT_THAT(text, HasSubstr("b waits for a lock that a holds"));
    std::vector<jay::task_handle<>> all{a, b};
    co_await ended(std::move(all));
  };
  run(body());
}

TEST_P(DebugMode, ReportsATaskThatLocksTwice) {
  auto body = [&]() -> jay::task<> {
    jay::lock l;
    auto twice = [&]() -> jay::task<> {
      auto g = co_await l.scoped();
      co_await acquires(l);
    };
    auto a = jay::create_task(named("a"), twice());
    co_await when_it_waits_for(a, "lock.acquire");
    EXPECT_THAT(s.pending_tasks(), HasSubstr("a circle: a waits for a lock that a holds\n"));
    a.cancel();
    (void)co_await jay::settled(a);
  };
  run(body());
}

TEST_P(DebugMode, ReportsACircleOfTheChildrenOfAGather) {
  auto body = [&]() -> jay::task<> {
    jay::lock x, y;
    jay::latch both(2);
    auto parent = [&]() -> jay::task<> { co_await jay::gather(crosses(x, y, both), crosses(y, x, both)); };
    auto a = jay::create_task(named("a"), parent());
    std::size_t waiting = 0;
    while (waiting != 2) {
      waiting = 0;
      const jay::future_call_graph g = a.call_graph();
      for (const jay::call_graph_strand& c : g.children) {
        if (c.waits_for != "lock.acquire") continue;
        ++waiting;
        EXPECT_THAT(c.held_by, ElementsAre(StartsWith("a child of a (")));
      }
      co_await yield();
    }
    EXPECT_THAT(s.pending_tasks(), ContainsRegex("a circle: a child of a .* waits for a lock that a child of a .* holds, a child"));
    a.cancel();
    (void)co_await jay::settled(a);
  };
  run(body());
}

TEST_P(DebugMode, ReportsAGroupWhoseOwnerHoldsWhatAMemberWants) {
  auto body = [&]() -> jay::task<> {
    jay::lock l;
    auto owns = [&]() -> jay::task<> {
      auto g = co_await l.scoped();
      auto members = [&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(named("member"), acquires(l));
        co_return;
      };
      co_await jay::with_task_group(members);
    };
    auto a = jay::create_task(named("a"), owns());
    co_await when_it_waits_for(a, "task_group");
    std::string text;
    while (text.find("circle") == text.npos) {  // until the member has come to wait
      co_await yield();
      text = s.pending_tasks();
    }
    EXPECT_THAT(text, HasSubstr("a waits for its group's member"));
    EXPECT_THAT(text, HasSubstr("member waits for a lock that a holds"));
    a.cancel();
    (void)co_await jay::settled(a);
  };
  run(body());
}

TEST_P(DebugMode, SaysThatASemaphoreHasNoHolder) {
  auto body = [&]() -> jay::task<> {
    jay::semaphore permits(0);
    auto a = jay::create_task(named("a"), permits.acquire());
    co_await when_it_waits_for(a, "semaphore.acquire");
    EXPECT_THAT(s.pending_tasks(), HasSubstr("for semaphore.acquire (a permit)\n"));
    permits.release();
    co_await a;
  };
  run(body());
}

TEST(OutsideDebugMode, TheReportSaysHowToLearnWhoHoldsALock) {
  jay::scheduler s(jay::testing::workers(2));
  auto body = [&]() -> jay::task<> {
    jay::lock l;
    co_await l.acquire();
    auto a = jay::create_task(named("a"), acquires(l));
    auto g = co_await when_it_waits_for(a, "lock.acquire");
    EXPECT_THAT(g.held_by, IsEmpty());
    EXPECT_THAT(s.pending_tasks(), HasSubstr("JAY_DEBUG=1"));
    l.release();
    co_await a;
  };
  jay::testing::run_on(s, body());
}

/// Standard error, as long as it lives.
class stderr_as_pipe {
 public:
  stderr_as_pipe() : before_(::dup(2)) {
    if (::pipe(ends_) != 0) throw std::runtime_error("pipe");
    ::dup2(ends_[1], 2);
  }
  stderr_as_pipe(const stderr_as_pipe&) = delete;
  ~stderr_as_pipe() {
    ::dup2(before_, 2);
    for (int fd : {before_, ends_[0], ends_[1]}) ::close(fd);
  }
  /// Waits until something has been written, and gives all that has been.
  std::string read() {
    std::string text(65536, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends_[0], text.data(), text.size()))));
    return text;
  }

 private:
  int before_;
  int ends_[2];
};

TEST_P(DebugMode, WarnsOfACircleWhileOthersGoOn) {
  stderr_as_pipe said;
  jay::event begin;
  std::atomic<bool> stop{false};
  auto body = [&]() -> jay::task<> {
    jay::lock x, y;
    jay::latch both(2);
    auto a = jay::create_task(named("a"), crosses(x, y, both));
    auto b = jay::create_task(named("b"), crosses(y, x, both));
    while (!stop) co_await yield();
    std::vector<jay::task_handle<>> all{a, b};
    co_await ended(std::move(all));
  };
  std::thread reader([&] {
    std::string text;
    while (text.find("circle") == text.npos) text += said.read();
    EXPECT_THAT(text, HasSubstr("a waits for a lock that b holds"));
    stop = true;
  });
  run(body());
  reader.join();
}

// ---- who made a task ----

TEST_P(DebugMode, TellsWhoMadeATask) {
  auto body = []() -> jay::task<> {
    jay::event end;
    auto makes = [&]() -> jay::task<> {
      auto h = jay::create_task(end.wait());
      co_await when_it_waits_for(h, "event.wait");
      auto g = h.call_graph();
      EXPECT_THAT(g.created_by, ContainsRegex("^maker \\(.*debug_mode_test.cpp:[0-9]+\\)$"));
      EXPECT_THAT(jay::format_call_graph(g), HasSubstr("+ Created by: maker ("));
      end.set();
      co_await h;
    };
    co_await jay::create_task(named("maker"), makes());
  };
  run(body());
}

TEST_P(DebugMode, TellsWhoDroppedACoroutineThatWasNeverAwaited) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    { auto dropped = acquires(l); }
    co_return;
  };
  run(body());
  EXPECT_THAT(told(), ElementsAre(ContainsRegex("never awaited: .*acquires.*; dropped by main, which had gone on in .*cpp:")));
}

// ---- through which coroutines an exception went ----

jay::task<> throws_first() {
  co_await yield();
  throw std::logic_error("first");
}
jay::task<> passes_on() { co_await throws_first(); }
jay::task<> gathers() { co_await jay::gather(passes_on(), yield()); }

TEST_P(DebugMode, TellsThroughWhichCoroutinesAnExceptionWent) {
  auto body = []() -> jay::task<> {
    auto makes = []() -> jay::task<> {
      auto h = jay::create_task(gathers());
      while (!h.done()) co_await yield();
    };
    co_await jay::create_task(named("maker"), makes());
  };
  run(body());
  EXPECT_THAT(told(), ElementsAre(ContainsRegex("never retrieved; the task was made by maker \\(.*; the exception left .*throws_first.*"
                                                ", then .*passes_on.*, then .*gathers.*")));
}

TEST_P(DebugMode, TellsOfTheExceptionThatWasThrownLast) {
  auto body = []() -> jay::task<> {
    auto replaces = []() -> jay::task<> {
      try {
        co_await passes_on();
      } catch (const std::logic_error&) {
      }
      throw std::logic_error("second");
    };
    auto h = jay::create_task(replaces());
    while (!h.done()) co_await yield();
  };
  run(body());
  EXPECT_THAT(told(), ElementsAre(ContainsRegex("; the exception left .*debug_mode_test.cpp")));
  EXPECT_THAT(told(), ElementsAre(Not(HasSubstr("throws_first"))));
}

TEST_P(DebugMode, SaysNothingOfAnExceptionThatWasRetrieved) {
  auto body = []() -> jay::task<> {
    auto h = jay::create_task(passes_on());
    auto r = co_await jay::settled(h);
    EXPECT_FALSE(r.has_value());
  };
  run(body());
  EXPECT_THAT(told(), IsEmpty());
}

// ---- what it must not change ----

TEST_P(DebugMode, OperationsThatAreReadyGoOnAtOnce) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::event set, never;
    jay::queue<int> q;
    set.set();
    q.put_nowait(7);
    int got = 0;
    auto ready = [&]() -> jay::task<> {
      auto g = co_await l.scoped();
      co_await set.wait();
      got = co_await q.get();
      co_await never.wait();
    };
    auto h = jay::create_task(jay::task_options().eager_start(), ready());
    EXPECT_EQ(got, 7);  // it has run up to its first suspension
    never.set();
    co_await h;
  };
  run(body());
}

TEST_P(DebugMode, ACancelIsToldAtTheNextSuspension) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    jay::event never;
    bool locked = false, told = false;
    auto cancelled = [&]() -> jay::task<> {
      jay::current_task().cancel();
      auto g = co_await l.scoped();  // it is free; a turn that is asked for here is a suspension all the same
      locked = true;
      try {
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
        told = true;
      }
    };
    for (int i = 0; i < 1000 && !locked; ++i) (void)co_await jay::settled(jay::create_task(cancelled()));
    EXPECT_TRUE(locked);
    EXPECT_TRUE(told);
  };
  run(body());
}

TEST_P(DebugMode, OperationsThatAreAlwaysReadyLetOthersRun) {
  auto body = []() -> jay::task<> {
    jay::lock l;
    bool stop = false;
    auto others = [&]() -> jay::task<> {
      stop = true;
      co_return;
    };
    auto h = jay::create_task(jay::task_options().name("others"), others());
    std::size_t rounds = 0;
    while (!h.done()) {
      auto g = co_await l.scoped();
      ++rounds;
    }
    EXPECT_GT(rounds, 0u);
    co_await h;
    EXPECT_TRUE(stop);
  };
  run(body());
}

}  // namespace
