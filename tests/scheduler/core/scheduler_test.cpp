// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <semaphore>
#include <thread>

#include <jay/detail/cpus.hpp>
#include <jay/event.hpp>
#include <jay/gather.hpp>
#include <jay/lock.hpp>
#include <jay/scheduler.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::run_on;
using jay::testing::workers;

jay::task<long> fib(long n) {
  if (n < 2) co_return n;
  auto [a, b] = co_await jay::gather(fib(n - 1), fib(n - 2));
  co_return a + b;
}

TEST(Scheduler, RunsOnAsManyWorkersAsAsked) {
  for (unsigned n : {1u, 2u, 5u}) {
    jay::scheduler s(workers(n));
    EXPECT_EQ(s.workers(), n);
    EXPECT_EQ(run_on(s, fib(18)), 2584);
  }
}

TEST(Scheduler, FullFencesGiveTheSameResults) {
  jay::scheduler_config c = workers(4);
  c.fence = jay::fence_policy::full;
  jay::scheduler s(c);
  EXPECT_EQ(run_on(s, fib(20)), 6765);
}

TEST(Scheduler, AffinityKeepsAWorkerOnOneCpu) {
  jay::scheduler_config c = workers(3);
  c.affinity = true;
  jay::scheduler s(c);
  auto allowed = []() -> jay::task<std::size_t> { co_return jay::detail::allowed_cpus().size(); };
  EXPECT_EQ(run_on(s, allowed()), 1u);
}

TEST(Scheduler, SeveralAtOnceDoNotMix) {
  jay::scheduler a(workers(2)), b(workers(2));
  std::atomic<bool> right{true};
  auto where = [&](jay::scheduler* s) -> jay::task<> {
    if (jay::detail::current_scheduler() != s) right = false;
    co_return;
  };
  for (int i = 0; i < 100; ++i) {
    run_on(a, where(&a));
    run_on(b, where(&b));
  }
  EXPECT_TRUE(right);
}

TEST(Scheduler, AThousandMoreTasksThanWorkersAllRun) {
  jay::scheduler s(workers(3));
  std::atomic<int> ran{0};
  auto one = [&]() -> jay::task<> {
    ++ran;
    co_return;
  };
  auto main = [&]() -> jay::task<> {
    std::vector<jay::task_handle<>> handles;
    for (int i = 0; i < 10'000; ++i) handles.push_back(jay::create_task(one()));
    for (auto& h : handles) co_await h;
  };
  run_on(s, main());
  EXPECT_EQ(ran, 10'000);
}

TEST(Scheduler, TasksFromForeignThreadsAllRun) {
  jay::scheduler s(workers(2));
  std::atomic<int> ran{0};
  std::counting_semaphore<> ended(0);
  auto one = [&]() -> jay::task<> {
    ++ran;
    co_return;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        jay::detail::start(s, jay::task_options(), one()).add_done_callback([&](const auto&) { ended.release(); });
    });
  for (auto& t : threads) t.join();
  for (int i = 0; i < 4000; ++i) ended.acquire();
  EXPECT_EQ(ran, 4000);
  EXPECT_TRUE(s.drain(std::chrono::seconds(10)));
}

TEST(Scheduler, PriorityHighGoesFirst) {
  jay::scheduler s(workers(1));
  std::vector<int> order;
  auto one = [&](int i) -> jay::task<> {
    order.push_back(i);
    co_return;
  };
  auto main = [&]() -> jay::task<> {
    auto low = jay::create_task(jay::task_options().priority(jay::priority::low), one(3));
    auto normal = jay::create_task(one(2));
    auto high = jay::create_task(jay::task_options().priority(jay::priority::high), one(1));
    co_await low;
    co_await normal;
    co_await high;
  };
  run_on(s, main());
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Scheduler, ABusyWorkerDoesNotHoldUpTheOthers) {
  jay::scheduler s(workers(2));
  std::atomic<bool> release{false};
  auto blocker = [&]() -> jay::task<> {
    while (!release) std::this_thread::yield();
    co_return;
  };
  auto releaser = [&]() -> jay::task<> {
    release = true;
    co_return;
  };
  auto main = [&]() -> jay::task<> { co_await jay::gather(blocker(), releaser()); };
  run_on(s, main());
  EXPECT_TRUE(release);
}

// Small tasks are not worth a theft, but there is nobody else to do them.
TEST(Scheduler, ABusyWorkersSmallTasksAreDoneByAnother) {
  constexpr int small = 20'000;
  jay::scheduler s(workers(2));
  std::atomic<int> ran{0};
  auto bump = [&]() -> jay::task<> {
    ++ran;
    co_return;
  };
  auto body = [&]() -> jay::task<int> {
    for (int i = 0; i < small; ++i) jay::create_task(bump);
    while (ran < small) std::this_thread::yield();
    co_return ran;
  };
  EXPECT_EQ(run_on(s, body()), small);
}

// One worker. The two run from the young end of its deque for as long as the others have not had their turns.
TEST(Scheduler, TasksThatWakeEachOtherDoNotShutOutTheRest) {
  constexpr int others = 1000;
  jay::scheduler s(workers(1));
  std::atomic<int> ran{0};
  auto other = [&]() -> jay::task<> {
    ++ran;
    co_return;
  };
  auto play = [&](jay::event& mine, jay::event& yours) -> jay::task<> {
    while (ran < others) {
      co_await mine.wait();
      mine.clear();
      yours.set();
    }
    yours.set();
  };
  auto body = [&]() -> jay::task<int> {
    for (int i = 0; i < others; ++i) jay::create_task(other);
    jay::event ping, pong;
    ping.set();
    co_await jay::gather(play(ping, pong), play(pong, ping));
    co_return ran;
  };
  EXPECT_EQ(run_on(s, body()), others);
}

TEST(Scheduler, ReportsAnErrorThatNobodyRetrieves) {
  jay::scheduler s(workers(1));
  std::mutex mutex;
  std::vector<jay::exception_context> reports;
  s.set_exception_handler([&](const jay::exception_context& c) {
    std::lock_guard g(mutex);
    reports.push_back(c);
  });
  auto fails = []() -> jay::task<> {
    throw std::runtime_error("lost");
    co_return;
  };
  auto main = [&]() -> jay::task<> {
    jay::create_task(jay::task_options().name("loser"), fails());
    while (jay::all_tasks().size() > 1) co_await jay::testing::yield();
  };
  run_on(s, main());
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_NE(reports[0].message.find("never retrieved"), std::string::npos);
  EXPECT_EQ(reports[0].task_name, "loser");
  EXPECT_TRUE(reports[0].exception);
}

TEST(Scheduler, AHandlerThatThrowsEndsNothing) {
  jay::scheduler s(workers(1));
  s.set_exception_handler([](const jay::exception_context&) { throw std::runtime_error("handler"); });
  auto fails = []() -> jay::task<> {
    throw std::runtime_error("lost");
    co_return;
  };
  auto main = [&]() -> jay::task<int> {
    jay::create_task(fails());
    co_return 5;
  };
  EXPECT_EQ(run_on(s, main()), 5);
}

// No lock of the library's is held while it runs.
TEST(Scheduler, AHandlerMayMakeAnotherScheduler) {
  jay::scheduler s(workers(1));
  std::atomic<int> made{0};
  s.set_exception_handler([&](const jay::exception_context&) {
    jay::scheduler another(workers(1));
    ++made;
  });
  auto fails = []() -> jay::task<> {
    throw std::runtime_error("lost");
    co_return;
  };
  auto main = [&]() -> jay::task<int> {
    jay::create_task(fails());
    co_return 5;
  };
  EXPECT_EQ(run_on(s, main()), 5);
  EXPECT_EQ(made, 1);
}

TEST(Drain, NamesWhatDoesNotEnd) {
  jay::scheduler s(workers(1));
  jay::event never;
  std::binary_semaphore begun(0);
  auto stubborn = [&]() -> jay::task<> {
    begun.release();
    for (int i = 0; i < 2; ++i) {
      try {
        co_await never.wait();
      } catch (const jay::cancelled_error&) {
      }
    }
  };
  auto h = jay::detail::start(s, jay::task_options().name("stubborn"), stubborn());
  begun.acquire();  // a task that is cancelled before it begins ends at once
  std::string stuck;
  EXPECT_FALSE(s.drain(std::chrono::milliseconds(30), &stuck));
  EXPECT_EQ(stuck, "stubborn");
  EXPECT_NE(s.pending_tasks().find("stubborn waits in"), std::string::npos) << s.pending_tasks();
  h.cancel();
  EXPECT_TRUE(s.drain(std::chrono::seconds(10)));
}

TEST(Drain, RefusesTasksFromOutsideMeanwhile) {
  jay::scheduler s(workers(1));
  jay::event end;
  std::binary_semaphore begun(0), cancelled(0);
  auto slow = [&]() -> jay::task<> {
    begun.release();
    bool told = false;
    try {
      co_await end.wait();
    } catch (const jay::cancelled_error&) {
      told = true;
    }
    cancelled.release();
    if (told) co_await end.wait();
  };
  auto h = jay::detail::start(s, jay::task_options(), slow());
  begun.acquire();
  std::thread drainer([&] { EXPECT_TRUE(s.drain(std::chrono::seconds(60))); });
  cancelled.acquire();  // so it has begun to drain
  auto late = []() -> jay::task<> { co_return; };
  std::string text;
  try {
    jay::detail::start(s, jay::task_options(), late());
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_NE(std::string::npos, text.find("shutting down")) << text;
  end.set();
  drainer.join();
  auto five = []() -> jay::task<int> { co_return 5; };
  EXPECT_EQ(5, run_on(s, five()));  // afterwards it takes them again
}

TEST(StallWatch, NamesTheTaskThatKeepsItsWorker) {
  jay::debug_config debug;
  debug.enabled = true;
  debug.slow_step = 5;
  jay::scheduler s(workers(2), debug);
  std::atomic<bool> reported{false};
  std::string text, name;
  s.set_exception_handler([&](const jay::exception_context& c) {
    if (reported) return;
    text = c.message;
    name = c.task_name;
    reported = true;
  });
  auto endless = [&]() -> jay::task<> {
    while (!reported) std::this_thread::yield();
    co_return;
  };
  auto main = [&]() -> jay::task<> { co_await jay::create_task(jay::task_options().name("endless"), endless()); };
  run_on(s, main());
  EXPECT_NE(text.find("slow step"), std::string::npos) << text;
  EXPECT_EQ(name, "endless");
}

TEST(Debug, NamesACoroutineThatWasNeverAwaited) {
  jay::debug_config debug;
  debug.enabled = true;
  jay::scheduler s(workers(1), debug);
  std::string text;
  s.set_exception_handler([&](const jay::exception_context& c) { text = c.message; });
  auto main = []() -> jay::task<> {
    { auto dropped = fib(3); }
    co_return;
  };
  run_on(s, main());
  EXPECT_NE(text.find("never awaited"), std::string::npos) << text;
  EXPECT_NE(text.find("fib"), std::string::npos) << text;
}

TEST(Unawaited, AreCountedInReleaseToo) {
  std::size_t before = jay::detail::unawaited_count();
  { auto dropped = fib(3); }
  EXPECT_EQ(jay::detail::unawaited_count(), before + 1);
}

TEST(Fork, TheChildIsToldThatTheRuntimeIsNotUsable) {
  jay::scheduler s(workers(1));
  auto main = []() -> jay::task<int> {
    pid_t pid = ::fork();
    if (pid == 0) {
      try {
        jay::create_task(fib(1));
      } catch (const std::runtime_error& e) {
        ::_exit(std::string(e.what()).find("not usable after fork") != std::string::npos ? 7 : 8);
      }
      ::_exit(9);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(run_on(s, main()), 7);
}

TEST(CreateTask, OutsideARuntimeIsAClearError) {
  std::string text;
  try {
    jay::create_task(fib(1));
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_NE(text.find("create_task: no runtime is running here"), std::string::npos) << text;
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST(Threads, RefusedByTheSystemAreAClearErrorOrFewerWorkers) {
  pid_t pid = ::fork();
  if (pid == 0) {
    if (::setuid(65534) != 0) ::_exit(7);  // root is not limited; without the right to change there is nothing to see
    rlimit none{1, 1};
    ::setrlimit(RLIMIT_NPROC, &none);
    try {
      jay::scheduler s(workers(4));
      ::_exit(s.workers() < 4 ? 7 : 8);
    } catch (const std::system_error& e) {
      ::_exit(std::string(e.what()).find("cannot start a worker thread") != std::string::npos ? 7 : 9);
    }
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}
#endif

}  // namespace
