// SPDX-License-Identifier: MIT
#include <jay/strand.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <jay/cancel.hpp>
#include <jay/enter.hpp>
#include <jay/event.hpp>
#include <jay/gather.hpp>
#include <jay/lock.hpp>
#include <jay/settled.hpp>
#include <jay/task_group.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::what_is_thrown;
using jay::testing::yield;

class Strand : public jay::testing::WorkerCounts {};
INSTANTIATE_TEST_SUITE_P(On, Strand, ::testing::Values(1u, 2u, 8u, 0u), jay::testing::worker_count_name);

/// Another runtime has a task that keeps the strand until let_go().
class held {
 public:
  explicit held(const jay::strand& s) : thread_([this, s] { jay::testing::run(jay::testing::workers(1), keep(s)); }) {
    has_.acquire();
  }
  ~held() {
    let_go();
    thread_.join();
  }
  void let_go() {
    if (!std::exchange(gone_, true)) go_.release();
  }

 private:
  jay::task<> keep(jay::strand s) {
    co_await jay::resume_on(s);
    has_.release();
    go_.acquire();
  }
  std::binary_semaphore has_{0}, go_{0};
  bool gone_ = false;
  std::thread thread_;
};

/// An object that is not safe to use from several threads: it notices if it is.
class not_thread_safe {
 public:
  void use() {
    EXPECT_FALSE(busy_.exchange(true)) << "two at a time";
    for (int i = 0; i < 20; ++i) uses_ = uses_ + (i == 0);
    busy_ = false;
  }
  int uses() const { return uses_; }

 private:
  std::atomic<bool> busy_{false};
  volatile int uses_ = 0;
};

jay::task<> uses(jay::strand s, not_thread_safe& o, int times) {
  co_await jay::resume_on(s);
  for (int i = 0; i < times; ++i) {
    EXPECT_TRUE(s.is_current());
    o.use();
    co_await yield();
  }
}

TEST_P(Strand, RunsOneAtATime) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    not_thread_safe o;
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 40; ++i) all.push_back(jay::create_task(uses(s, o, 50)));
    for (auto& h : all) co_await h;
    EXPECT_EQ(o.uses(), 2000);
    EXPECT_FALSE(s.is_current());
  };
  run(body());
}

TEST_P(Strand, RunsAnOperationThatKnowsNothingOfIt) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    auto three = [&]() -> jay::task<int> {
      EXPECT_TRUE(s.is_current());
      co_await yield();
      EXPECT_TRUE(s.is_current());
      co_return 3;
    };
    auto got1 = co_await s.run(three());
    EXPECT_EQ(got1, 3);
    EXPECT_FALSE(s.is_current());
    auto h = jay::create_task(s.run(three()));
    auto got2 = co_await h;
    EXPECT_EQ(got2, 3);
    auto [a, b] = co_await jay::gather(s.run(three()), s.run(three()));
    EXPECT_EQ(a + b, 6);
    jay::event e;
    e.set();
    co_await s.run(e.wait());
    auto got3 = co_await s.run(h);
    EXPECT_EQ(got3, 3);
  };
  run(body());
}

TEST_P(Strand, IsWhereTheTaskGoesOnAfterEveryAwait) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    co_await jay::resume_on(s);
    EXPECT_TRUE(s.is_current());
    jay::event e;
    jay::promise<int> p;
    auto f = p.get_future();
    auto other = jay::create_task([](jay::event& set, jay::promise<int> give, jay::strand t) -> jay::task<> {
      EXPECT_FALSE(t.is_current()) << "a task of its own";
      set.set();
      co_await yield();
      give.set_result(1);
    }, std::ref(e), std::move(p), s);
    co_await e.wait();
    EXPECT_TRUE(s.is_current());
    co_await f;
    EXPECT_TRUE(s.is_current());
    co_await other;
    EXPECT_TRUE(s.is_current());
    auto nested = [&]() -> jay::task<> {
      EXPECT_TRUE(s.is_current());
      co_await yield();
      EXPECT_TRUE(s.is_current());
    };
    co_await nested();
    EXPECT_TRUE(s.is_current());
    auto is_elsewhere = []() -> jay::task<> { co_await yield(); };
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      EXPECT_TRUE(s.is_current());
      tg.create_task(is_elsewhere());
      co_await yield();
      EXPECT_TRUE(s.is_current());
    });
    EXPECT_TRUE(s.is_current());
    jay::lock l;
    auto g = co_await l.scoped();
    EXPECT_TRUE(s.is_current());
    co_await jay::checkpoint();
    EXPECT_TRUE(s.is_current());
  };
  run(body());
}

TEST_P(Strand, IsLeftAtTheEndOfTheCoroutineThatCameToIt) {
  auto body = []() -> jay::task<> {
    jay::strand s, t;
    auto there = [](jay::strand where) -> jay::task<int> {
      co_await jay::resume_on(where);
      EXPECT_TRUE(where.is_current());
      co_return 1;
    };
    co_await there(s);
    EXPECT_FALSE(s.is_current());
    co_await jay::resume_on(t);
    co_await there(s);
    EXPECT_TRUE(t.is_current());
    co_await there(t);
    EXPECT_TRUE(t.is_current());
    auto away = [&]() -> jay::task<> {
      co_await jay::resume_on(jay::any_worker);
      EXPECT_FALSE(t.is_current());
      co_await yield();
      EXPECT_FALSE(t.is_current());
    };
    co_await away();
    EXPECT_TRUE(t.is_current());
  };
  run(body());
}

TEST_P(Strand, IsLeftByResumeOnElsewhere) {
  auto body = []() -> jay::task<> {
    jay::strand s, t;
    co_await jay::resume_on(jay::any_worker);
    for (int i = 0; i < 3; ++i) {
      co_await jay::resume_on(s);
      EXPECT_TRUE(s.is_current());
      co_await jay::resume_on(s);
      EXPECT_TRUE(s.is_current());
      co_await jay::resume_on(t);
      EXPECT_TRUE(t.is_current());
      EXPECT_FALSE(s.is_current());
      co_await yield();
      EXPECT_TRUE(t.is_current());
      co_await jay::resume_on(jay::any_worker);
      EXPECT_FALSE(t.is_current());
    }
  };
  run(body());
}

TEST_P(Strand, HasTheChildrenOfAGatherToo) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    not_thread_safe o;
    auto child = [&](int n) -> jay::task<int> {
      for (int i = 0; i < n % 3; ++i) {
        EXPECT_TRUE(s.is_current());
        o.use();
        co_await yield();
      }
      EXPECT_TRUE(s.is_current());
      o.use();
      co_return n;
    };
    auto parent = [&]() -> jay::task<> {
      co_await jay::resume_on(s);
      std::vector<jay::task<int>> children;
      for (int i = 0; i < 30; ++i) children.push_back(child(i));
      auto all = co_await jay::gather(std::move(children));
      EXPECT_TRUE(s.is_current());
      o.use();
      EXPECT_EQ(all.size(), 30u);
    };
    co_await jay::gather(parent(), parent(), parent());
    EXPECT_EQ(o.uses(), 3 * (30 + 30 + 1));
  };
  run(body());
}

TEST_P(Strand, ChildrenOfAGatherMayGoElsewhereAndComeBack) {
  auto body = []() -> jay::task<> {
    jay::strand s, t;
    not_thread_safe o;
    auto child = [&](int n) -> jay::task<> {
      o.use();
      if (n % 3 == 0) co_await jay::resume_on(jay::any_worker);
      if (n % 3 == 1) co_await jay::resume_on(t);
      if (n % 2 == 0) co_await yield();
      EXPECT_EQ(s.is_current(), n % 3 == 2);
    };
    auto parent = [&]() -> jay::task<> {
      for (int round = 0; round < 20; ++round) {
        std::vector<jay::task<>> children;
        for (int i = 0; i < 10; ++i) children.push_back(child(i));
        co_await jay::gather(std::move(children));
        EXPECT_TRUE(s.is_current());
        o.use();
      }
    };
    co_await jay::gather(s.run(parent()), s.run(parent()));
    EXPECT_EQ(o.uses(), 2 * 20 * 11);
  };
  run(body());
}

TEST_P(Strand, PassesExceptionsOn) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    auto fails = []() -> jay::task<int> {
      co_await yield();
      throw std::runtime_error("no");
    };
    auto got4 = co_await what_is_thrown(s.run(fails()));
    EXPECT_EQ(got4, "no");
    EXPECT_FALSE(s.is_current());
    co_await jay::resume_on(s);
    auto waits = []() -> jay::task<> {
      jay::event never;
      co_await never.wait();
    };
    auto got5 = co_await what_is_thrown(jay::gather(waits(), fails(), waits()));
    EXPECT_EQ(got5, "no");
    EXPECT_TRUE(s.is_current());
  };
  run(body());
}

struct manager {
  jay::strand s;
  bool& left;
  jay::task<> aenter() { co_return; }
  jay::task<bool> aexit(std::exception_ptr) {
    EXPECT_TRUE(s.is_current());
    co_await yield();
    EXPECT_TRUE(s.is_current());
    left = true;
    co_return false;
  }
};

TEST_P(Strand, ExitsRunWhereTheCoroutineWas) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    bool left = false;
    auto enters = [&]() -> jay::task<> {
      manager m{s, left};
      co_await jay::enter(std::move(m));
      co_await jay::resume_on(s);
    };
    co_await enters();
    EXPECT_TRUE(left);
    EXPECT_FALSE(s.is_current());
  };
  run(body());
}

TEST_P(Strand, LastsAsLongAsACoroutineIsOnIt) {
  auto body = []() -> jay::task<> {
    auto stays = []() -> jay::task<> {
      auto s = std::make_unique<jay::strand>();
      co_await jay::resume_on(*s);
      s.reset();
      co_await yield();
      co_await yield();
    };
    co_await jay::gather(stays(), stays());
    jay::strand s, copy = s, other;
    EXPECT_EQ(s, copy);
    EXPECT_NE(s, other);
    other = s;
    EXPECT_EQ(s, other);
  };
  run(body());
}

// Several workers may take up tasks in any order.
TEST(StrandOfOneWorker, WhoComesFirstRunsFirst) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    held other(s);
    std::vector<int> order;
    std::vector<jay::task_handle<>> all;
    auto comes = [](jay::strand to, std::vector<int>& seen, jay::event& came, int n) -> jay::task<> {
      came.set();  // who waits for it runs when this has suspended
      co_await jay::resume_on(to);
      seen.push_back(n);
    };
    for (int i = 0; i < 100; ++i) {
      jay::event came;
      all.push_back(jay::create_task(comes(s, order, came, i)));
      co_await came.wait();
    }
    EXPECT_TRUE(order.empty());
    other.let_go();
    for (auto& h : all) co_await h;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
  };
  jay::testing::run(jay::testing::workers(1), body());
  jay::testing::run(jay::testing::in_asyncio_order(), body());
}

TEST_P(Strand, ACancelInItsQueueIsToldThere) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    held other(s);
    jay::testing::gate g;
    std::string told;
    auto comes = [&]() -> jay::task<> {
      g.arrived_promise.set_result();
      try {
        co_await jay::resume_on(s);
      } catch (const jay::cancelled_error& e) {
        told = e.message();
        EXPECT_TRUE(s.is_current());
        throw;
      }
    };
    auto h = jay::create_task(comes());
    co_await g.arrived;
    h.cancel("enough");
    other.let_go();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_EQ(told, "enough");
    EXPECT_FALSE(s.is_current());
  };
  run(body());
}

TEST_P(Strand, WhatIsCancelledInItsQueueIsNeverStarted) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    held other(s);
    bool begun = false;
    auto op = [&]() -> jay::task<> {
      begun = true;
      co_return;
    };
    auto unawaited = jay::detail::unawaited_count();
    jay::event came;
    auto comes = [&]() -> jay::task<> {
      came.set();
      co_await s.run(op());
    };
    auto h = jay::create_task(comes());
    co_await came.wait();
    h.cancel();
    other.let_go();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    EXPECT_FALSE(begun);
    EXPECT_EQ(jay::detail::unawaited_count(), unawaited);
  };
  run(body());
}

TEST_P(Strand, ACancelThatIsDueIsToldByResumeOn) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    for (int where = 0; where < 3; ++where) {
      if (where == 1) co_await jay::resume_on(s);  // where it is already
      jay::current_task().cancel();
      std::string told = "nothing";
      try {
        if (where == 2) {
          co_await jay::resume_on(jay::any_worker);
        } else {
          co_await jay::resume_on(s);
        }
      } catch (const jay::cancelled_error&) {
        told = "cancelled";
      }
      EXPECT_EQ(told, "cancelled");
      EXPECT_EQ(s.is_current(), where != 2) << "it has moved all the same";
      jay::current_task().uncancel();
    }
  };
  run(body());
}

TEST_P(Strand, ACancelInAWaitIsHandledOnIt) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    jay::testing::gate g;
    auto waits = [&]() -> jay::task<> {
      co_await jay::resume_on(s);
      try {
        co_await g.pass();
      } catch (const jay::cancelled_error&) {
        EXPECT_TRUE(s.is_current());
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

TEST_P(Strand, ACancelOnTheWayBackIsToldAtTheNextSuspension) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    jay::testing::gate g;
    auto away = [&]() -> jay::task<int> {
      co_await jay::resume_on(jay::any_worker);
      co_await g.pass();
      co_return 7;
    };
    int got = 0;
    auto t = [&]() -> jay::task<> {
      co_await jay::resume_on(s);
      got = co_await away();
      EXPECT_TRUE(s.is_current());
      co_await jay::checkpoint();
      ADD_FAILURE() << "the cancel was lost";
    };
    auto h = jay::create_task(t());
    co_await g.arrived;
    held other(s);
    g.open();
    if (GetParam() <= 1) {
      co_await yield();
      co_await yield();
      h.cancel();
    }
    other.let_go();
    if (GetParam() > 1) h.cancel();
    auto r = co_await jay::settled(h);
    EXPECT_TRUE(r.cancelled());
    if (GetParam() <= 1) {
      EXPECT_EQ(got, 7);
    }
  };
  run(body());
}

TEST_P(Strand, ATaskOnItMayAwaitATaskOnIt) {
  auto body = []() -> jay::task<> {
    jay::strand s;
    auto inner = [](jay::strand t) -> jay::task<int> {
      co_await jay::resume_on(t);
      co_await yield();
      co_return 5;
    };
    co_await jay::resume_on(s);
    auto h = jay::create_task(inner(s));
    auto got6 = co_await h;
    EXPECT_EQ(got6, 5);
    auto eager = jay::create_task(jay::task_options().eager_start(), inner(s));
    EXPECT_FALSE(eager.done()) << "this task is on the strand";
    auto got7 = co_await eager;
    EXPECT_EQ(got7, 5);
    EXPECT_TRUE(s.is_current());
    jay::strand other;
    auto on_other = jay::create_task(jay::task_options().eager_start(), inner(other));
    EXPECT_TRUE(s.is_current());
    auto got8 = co_await on_other;
    EXPECT_EQ(got8, 5);
    EXPECT_TRUE(s.is_current());
  };
  run(body());
}

TEST_P(Strand, AnEndlessQueueLetsOthersRun) {
  auto body = []() -> jay::task<> {
    jay::strand s, t;
    std::atomic<bool> stop{false};
    auto hops = [&]() -> jay::task<> {
      while (!stop) {
        co_await jay::resume_on(s);
        co_await jay::resume_on(t);
        co_await jay::resume_on(jay::any_worker);
      }
    };
    auto stays = [&]() -> jay::task<> {
      co_await jay::resume_on(s);
      while (!stop) co_await jay::resume_on(s);
    };
    auto stops = [&]() -> jay::task<> {
      co_await yield();
      co_await yield();
      stop = true;
    };
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 3; ++i) all.push_back(jay::create_task(hops()));
    for (int i = 0; i < 3; ++i) all.push_back(jay::create_task(stays()));
    co_await stops();
    for (auto& h : all) co_await h;
  };
  run(body());
}

TEST_P(Strand, ManyMovesNeedNoStack) {
  auto body = []() -> jay::task<> {
    jay::strand s, t;
    for (int i = 0; i < 100'000; ++i) {
      co_await jay::resume_on(s);
      co_await jay::resume_on(jay::any_worker);
      if (i % 4 == 0) co_await jay::resume_on(t);
    }
  };
  run(body());
}

TEST_P(Strand, IsSharedByRuntimes) {
  jay::strand s;
  not_thread_safe o;
  auto body = [](jay::strand on, not_thread_safe& use, const jay::scheduler* at) -> jay::task<> {
    std::vector<jay::task_handle<>> all;
    auto one = [](jay::strand to, not_thread_safe& of, const jay::scheduler* mine) -> jay::task<> {
      co_await jay::resume_on(to);
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(jay::detail::current_scheduler(), mine);
        of.use();
        co_await yield();
      }
    };
    for (int i = 0; i < 20; ++i) all.push_back(jay::create_task(one(on, use, at)));
    for (auto& h : all) co_await h;
  };
  jay::scheduler second(jay::testing::workers(2));
  std::thread other([&] { jay::testing::run_on(second, body(s, o, &second)); });
  run(body(s, o, &sched()));
  other.join();
  EXPECT_EQ(o.uses(), 2000);
}

TEST_P(Strand, ManyTasksIncrementAPlainInt) {
  auto body = []() -> jay::task<> {
    jay::strand s, t;
    int plain = 0;
    jay::lock l;
    auto leaf = [&]() -> jay::task<> {
      ++plain;
      co_return;
    };
    auto one = [&](int n) -> jay::task<> {
      for (int i = 0; i < 100; ++i) {
        co_await jay::resume_on(s);
        ++plain;
        if ((n + i) % 5 == 0) {
          co_await jay::gather(leaf(), leaf(), leaf());
          plain -= 3;
        }
        if ((n + i) % 7 == 0) co_await l.acquire();
        if ((n + i) % 11 == 0) co_await yield();
        ++plain;
        if ((n + i) % 7 == 0) l.release();
        if ((n + i) % 3 == 0) co_await jay::resume_on(jay::any_worker);
        if ((n + i) % 4 == 0) co_await jay::resume_on(t);
      }
    };
    std::vector<jay::task_handle<>> all;
    for (int i = 0; i < 100; ++i) all.push_back(jay::create_task(one(i)));
    for (auto& h : all) co_await h;
    EXPECT_EQ(plain, 20'000);
  };
  run(body());
}

}  // namespace
