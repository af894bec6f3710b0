// SPDX-License-Identifier: MIT
#include <jay/future.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include <jay/create_task.hpp>
#include <jay/gather.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

class Future : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(Future);

jay::task<int> wait(jay::future<int> f) { co_return co_await f; }

TEST_P(Future, GivesWhatWasSetBeforeTheAwait) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    EXPECT_FALSE(f.done());
    EXPECT_THROW((void)f.result(), jay::invalid_state_error);
    EXPECT_THROW((void)f.exception(), jay::invalid_state_error);
    p.set_result(3);
    EXPECT_TRUE(f.done());
    EXPECT_TRUE(p.done());
    EXPECT_FALSE(f.cancelled());
    EXPECT_EQ(nullptr, f.exception());
    int v = co_await f;
    co_return v + f.result();
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(Future, WakesManyWaiters) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    std::vector<jay::task_handle<int>> waiters;
    for (int i = 0; i < 100; ++i) waiters.push_back(jay::create_task(wait(f)));
    co_await jay::testing::yield();
    p.set_result(2);
    int sum = 0;
    for (auto& w : waiters) sum += co_await w;
    co_return sum;
  };
  EXPECT_EQ(200, run(body()));
}

TEST_P(Future, IsSetFromAnyThread) {
  auto body = []() -> jay::task<int> {
    int sum = 0;
    for (int i = 0; i < 100; ++i) {
      auto [p, f] = jay::with_resolvers<int>();
      std::thread setter([p = p, i] { p.set_result(i); });
      sum += co_await f;
      setter.join();
    }
    co_return sum;
  };
  EXPECT_EQ(4950, run(body()));
}

TEST_P(Future, OfVoid) {
  auto body = []() -> jay::task<bool> {
    auto [p, f] = jay::with_resolvers<>();
    p.set_result();
    co_await f;
    f.result();
    co_return f.done();
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(Future, GivesALvalueAndMovesFromAnRvalue) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<std::unique_ptr<int>>();
    p.set_result(std::make_unique<int>(4));
    const std::unique_ptr<int>& seen = co_await f;
    EXPECT_EQ(4, *seen);
    std::unique_ptr<int> taken = co_await std::move(f);
    co_return *taken;
  };
  EXPECT_EQ(4, run(body()));
}

TEST_P(Future, RethrowsItsException) {
  auto body = []() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    p.set_exception(std::runtime_error("bad"));
    int caught = 0;
    for (int i = 0; i < 2; ++i) {
      try {
        co_await f;
      } catch (const std::runtime_error& e) {
        caught += std::string(e.what()) == "bad";
      }
    }
    EXPECT_NE(nullptr, f.exception());
    EXPECT_THROW((void)f.result(), std::runtime_error);
    co_return caught;
  };
  EXPECT_EQ(2, run(body()));
}

TEST(Future, IsSetOnce) {
  auto [p, f] = jay::with_resolvers<int>();
  p.set_result(1);
  EXPECT_THROW(p.set_result(2), jay::invalid_state_error);
  EXPECT_THROW(p.set_exception(std::runtime_error("x")), jay::invalid_state_error);
  EXPECT_FALSE(f.cancel());
  EXPECT_EQ(1, f.result());

  auto [q, g] = jay::with_resolvers<int>();
  q.set_exception(std::make_exception_ptr(std::runtime_error("x")));
  EXPECT_THROW(q.set_result(2), jay::invalid_state_error);
  EXPECT_THROW((void)g.result(), std::runtime_error);
}

TEST(Future, ANullExceptionIsRefused) {
  auto [p, f] = jay::with_resolvers<int>();
  EXPECT_THROW(p.set_exception(std::exception_ptr()), std::invalid_argument);
  p.set_result(1);
  EXPECT_EQ(1, f.result());
}

TEST(Future, CancelledRefusesAResult) {
  auto [p, f] = jay::with_resolvers<int>();
  EXPECT_TRUE(f.cancel("no more"));
  EXPECT_TRUE(f.done());
  EXPECT_TRUE(f.cancelled());
  EXPECT_THROW(p.set_result(1), jay::invalid_state_error);
  try {
    (void)f.result();
    FAIL() << "no error";
  } catch (const jay::cancelled_error& e) {
    EXPECT_EQ("no more", e.message());
  }
}

TEST(Future, AnExceptionThatIsACancelCancelsIt) {
  auto [p, f] = jay::with_resolvers<int>();
  p.set_exception(std::make_exception_ptr(jay::cancelled_error("x")));
  EXPECT_TRUE(f.cancelled());
}

TEST_P(Future, OfADroppedPromiseFails) {
  auto body = []() -> jay::task<std::string> {
    jay::future<int> f;
    {
      jay::promise<int> p;
      f = p.get_future();
      jay::promise<int> copy = p;
    }
    std::string text;
    try {
      co_await f;
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_NE(std::string::npos, run(body()).find("broken promise"));
}

TEST_P(Future, MadeOutsideARuntimeBindsAtTheFirstAwait) {
  auto [p, f] = jay::with_resolvers<int>();
  std::thread setter([p = p] { p.set_result(11); });
  EXPECT_EQ(11, run(wait(f)));
  setter.join();
}

TEST_P(Future, CancellingItsWaiterCancelsIt) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto h = jay::create_task(jay::task_options().eager_start(), wait(f));
    EXPECT_TRUE(h.cancel());
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_TRUE(f.cancelled());
    EXPECT_TRUE(h.cancelled());
  };
  run(body());
}

TEST_P(Future, CallsItsCallbacksOnceNeverInline) {
  auto body = []() -> jay::task<> {
    auto [p, f] = jay::with_resolvers<int>();
    auto [done, all_called] = jay::with_resolvers<>();
    std::atomic<int> calls{0};
    std::atomic<bool> setting{true};
    f.add_done_callback([&](const jay::future<int>& x) { calls += x.result(); });
    auto id = f.add_done_callback([&](const jay::future<int>&) { calls += 1000; });
    EXPECT_TRUE(f.remove_done_callback(id));
    EXPECT_FALSE(f.remove_done_callback(id));
    f.add_done_callback([&, done = done](const jay::future<int>& x) {
      calls += x.result();
      if (calls == 10) done.set_result();
    });
    p.set_result(5);
    if (jay::detail::current_scheduler()->workers() == 1) {
      EXPECT_EQ(0, calls.load());
    }
    setting = false;
    while (calls != 10) co_await jay::testing::yield();
    EXPECT_EQ(10, calls.load());
  };
  run(body());
}

TEST(Future, ComparesAndHashes) {
  auto [p, f] = jay::with_resolvers<int>();
  jay::future<int> copy = f;
  jay::future<int> other = jay::promise<int>().get_future();
  EXPECT_TRUE(f == copy);
  EXPECT_TRUE(f == p.get_future());
  EXPECT_FALSE(f == other);
  std::unordered_set<jay::future<int>> set{f, copy, other};
  EXPECT_EQ(2u, set.size());
  jay::future<int> empty;
  EXPECT_FALSE(static_cast<bool>(empty));
  EXPECT_THROW((void)empty.done(), jay::invalid_state_error);
  p.set_result(1);
}

TEST_P(Future, ChainsOfTasksThroughFutures) {
  auto body = []() -> jay::task<int> {
    constexpr std::size_t n = 200;
    std::vector<jay::promise<int>> links(n + 1);
    auto link = [](jay::future<int> from, jay::promise<int> to) -> jay::task<> {
      int v = co_await from;
      to.set_result(v + 1);
    };
    std::vector<jay::task_handle<>> tasks;
    for (std::size_t i = 0; i < n; ++i) tasks.push_back(jay::create_task(link(links[i].get_future(), links[i + 1])));
    links[0].set_result(0);
    int v = co_await links[n].get_future();
    for (auto& t : tasks) co_await t;
    co_return v;
  };
  EXPECT_EQ(200, run(body()));
}

TEST_P(Future, OfAReferenceGivesIt) {
  auto body = []() -> jay::task<> {
    int x = 1;
    auto [p, f] = jay::with_resolvers<int&>();
    p.set_result(x);
    EXPECT_EQ(&x, &f.result());
    int& awaited = co_await f;
    EXPECT_EQ(&x, &awaited);
    int& shielded = co_await f.shielded();
    EXPECT_EQ(&x, &shielded);
    auto [a] = co_await jay::gather(f);
    EXPECT_EQ(&x, &a);
    int& moved = co_await std::move(f);
    EXPECT_EQ(&x, &moved);
  };
  run(body());
}

/// How often an unread error is reported, by what body(reports) does.
template <class Body>
int unread(jay::scheduler& s, Body body) {
  std::atomic<int> reports = 0;
  s.set_exception_handler([&](const jay::exception_context& c) {
    reports += c.message == "a future's exception was never retrieved" && c.exception && c.task_name.empty();
  });
  jay::testing::run_on(s, body(reports));
  s.set_exception_handler({});
  return reports;
}

TEST_P(Future, AnErrorThatNobodyReadsIsReported) {
  EXPECT_EQ(1, unread(sched(), [](std::atomic<int>& reports) -> jay::task<> {
              auto [p, f] = jay::with_resolvers<int>();
              p.set_exception(std::runtime_error("unread"));
              EXPECT_EQ(0, reports);
              co_return;
            }));
}

TEST_P(Future, AnErrorThatWasReadIsNotReported) {
  EXPECT_EQ(0, unread(sched(), [](std::atomic<int>& reports) -> jay::task<> {
              for (int how = 0; how < 3; ++how) {
                auto [p, f] = jay::with_resolvers<int>();
                p.set_exception(std::runtime_error("read"));
                try {
                  if (how == 0) (void)f.exception();
                  if (how == 1) (void)f.result();
                  if (how == 2) co_await f;
                } catch (const std::runtime_error&) {
                }
              }
              EXPECT_EQ(0, reports);
            }));
}

TEST_P(Future, ACallbackThatDoesNotLookIsNoReader) {
  EXPECT_EQ(1, unread(sched(), [](std::atomic<int>& reports) -> jay::task<> {
              std::atomic<bool> called = false;
              {
                auto [p, f] = jay::with_resolvers<int>();
                f.add_done_callback([&called](const jay::future<int>&) { called = true; });
                p.set_exception(std::runtime_error("unread"));
              }
              while (reports == 0) co_await jay::testing::yield();
              EXPECT_TRUE(called);
            }));
}

TEST_P(Future, ThatItsPromiseWentUnsetIsNoErrorToReport) {
  EXPECT_EQ(0, unread(sched(), [](std::atomic<int>& reports) -> jay::task<> {
              jay::with_resolvers<int>();
              EXPECT_EQ(0, reports);
              co_return;
            }));
}

}  // namespace
