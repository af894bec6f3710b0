// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <latch>
#include <mutex>
#include <thread>

#include <jay/detail/log.hpp>
#include <jay/jay.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tests/support/until_it_waits.hpp"

using namespace std::chrono_literals;
using jay::testing::until_it_waits;

namespace {

jay::task<int> answer() { co_return 42; }

TEST(Run, GivesTheValueAndThrowsTheError) {
  EXPECT_EQ(jay::run(answer()), 42);
  auto fails = []() -> jay::task<> {
    throw std::domain_error("main");
    co_return;
  };
  EXPECT_THROW(jay::run(fails()), std::domain_error);
}

TEST(Run, TakesAnyOp) { EXPECT_EQ(jay::run(jay::sleep(0s, 3)), 3); }

TEST(Run, GivesMoveOnlyValues) {
  auto main = []() -> jay::task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  EXPECT_EQ(*jay::run(main()), 5);
}

TEST(Run, InsideARunIsAnError) {
  auto main = []() -> jay::task<std::string> {
    std::string text;
    try {
      jay::run(answer());
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  EXPECT_NE(jay::run(main()).find("called from a running task"), std::string::npos);
}

TEST(Run, CancelsWhatIsLeftAndWaitsForItsCleanup) {
  std::atomic<int> cleaned{0};
  auto background = [&]() -> jay::task<> {
    bool stop = false;
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      stop = true;
    }
    co_await jay::sleep(0s);
    if (stop) ++cleaned;
  };
  auto main = [&]() -> jay::task<> {
    for (int i = 0; i < 5; ++i) {
      auto h = jay::create_task(background());
      co_await until_it_waits(h);
    }
  };
  jay::run(main());
  EXPECT_EQ(cleaned.load(), 5);
}

TEST(Run, EndsATaskThatACleanupHasStarted) {
  std::atomic<bool> ended{false};
  auto late = [&]() -> jay::task<> {
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
      ended = true;
      throw;
    }
  };
  auto background = [&]() -> jay::task<> {
    try {
      co_await jay::sleep(24h);
    } catch (const jay::cancelled_error&) {
    }
    auto h = jay::create_task(late());
    co_await until_it_waits(h);
  };
  auto main = [&]() -> jay::task<> {
    auto h = jay::create_task(background());
    co_await until_it_waits(h);
  };
  jay::run(main());
  EXPECT_TRUE(ended.load());
}

TEST(Run, TenThousandPendingTasksEndWithAllTheirDestructors) {
  std::atomic<int> begun{0}, destroyed{0};
  struct counted {
    std::atomic<int>& n;
    ~counted() { ++n; }
  };
  auto pending = [&]() -> jay::task<> {
    counted c{destroyed};
    ++begun;
    co_await jay::sleep(24h);
  };
  auto main = [&]() -> jay::task<> {
    for (int i = 0; i < 10'000; ++i) jay::create_task(pending());
    while (begun < 5'000) co_await jay::sleep(0s);
  };
  jay::run(main());
  EXPECT_EQ(destroyed.load(), begun.load());  // a task that was cancelled before it began never made its local
}

TEST(Run, TwoRuntimesAtOnce) {
  int a = 0, b = 0;
  std::latch both(2);
  auto one = [&](int v) -> jay::task<int> {
    both.arrive_and_wait();
    co_return co_await jay::sleep(0s, v);
  };
  std::thread other([&] { a = jay::run(one(1)); });
  b = jay::run(one(2));
  other.join();
  EXPECT_EQ(a + b, 3);
}

TEST(Run, ManyShortRunsLeaveNoDescriptorBehind) {
  auto count = [] {
    int n = 0;
    for (int fd = 0; fd < 1024; ++fd) n += ::fcntl(fd, F_GETFD) >= 0;
    return n;
  };
  jay::run(answer());
  int before = count();
  for (int i = 0; i < 50; ++i) jay::run(jay::sleep(0s, i));
  EXPECT_EQ(count(), before);
}

TEST(Run, WithoutIoThreadsOrHelpersStillServesTimers) {
  jay::config c = jay::config::from_environment();
  c.io.threads = 0;
  EXPECT_EQ(jay::run(jay::sleep(5ms, 1), c), 1);
  c.io.threads = 1;
  c.io.help = false;
  EXPECT_EQ(jay::run(jay::sleep(5ms, 2), c), 2);
  c.io.threads = 4;
  c.io.help = true;
  EXPECT_EQ(jay::run(jay::sleep(5ms, 3), c), 3);
}

TEST(Run, ManyMoreWorkersThanCores) {
  jay::config c = jay::testing::with_workers(32);
  auto main = []() -> jay::task<int> {
    std::vector<jay::task<int>> v;
    for (int i = 0; i < 100; ++i) v.push_back([](int k) -> jay::task<int> {
      co_await jay::sleep(1ms);
      co_return k;
    }(i));
    int sum = 0;
    for (int k : co_await jay::gather(std::move(v))) sum += k;
    co_return sum;
  };
  EXPECT_EQ(jay::run(main(), c), 4950);
}

TEST(Run, ABadConfigurationIsRefused) {
  jay::config c;
  c.scheduler.spin = 99'999;
  EXPECT_THROW(jay::run(answer(), c), jay::config_error);
}

TEST(Runner, RunsSeveralTimes) {
  jay::runner r;
  EXPECT_EQ(r.run(answer()), 42);
  EXPECT_EQ(r.run(jay::sleep(0s, 1)), 1);
  r.close();
  EXPECT_THROW(r.run(answer()), std::runtime_error);
}

TEST(ExceptionHandler, IsSetFromInsideARunAndRestored) {
  std::vector<std::string> seen;
  std::mutex mutex;
  auto fail = []() -> jay::task<> {
    throw std::domain_error("lost");
    co_return;
  };
  auto lose_one = [&]() -> jay::task<> {  // ends when its error has been reported
    auto h = jay::create_task(jay::task_options().name("loser"), fail);
    while (!h.done()) co_await jay::sleep(0s);
  };
  auto main = [&]() -> jay::task<> {
    jay::set_exception_handler([&](const jay::exception_context& c) {
      std::lock_guard g(mutex);
      seen.push_back(c.task_name + ": " + c.message);
      EXPECT_THROW(std::rethrow_exception(c.exception), std::domain_error);
    });
    co_await lose_one();
    auto count = [&] {
      std::lock_guard g(mutex);
      return seen.size();
    };
    while (count() == 0) co_await jay::sleep(0s);
    jay::set_exception_handler({});
    co_await lose_one();
  };
  testing::internal::CaptureStderr();
  jay::run(main());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("loser"), std::string::npos);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen.at(0).rfind("loser: ", 0), 0u) << seen.at(0);
  EXPECT_THROW(jay::set_exception_handler({}), std::runtime_error);
}

// In a child process: the handler, and how the process ends, are the process's.
template <class F>
int status_of_child(F f) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(f());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST(Interrupt, TheFirstCancelsTheMainTask) {
  int status = status_of_child([] {
    std::signal(SIGINT, SIG_DFL);
    bool cleaned = false;
    auto main = [&]() -> jay::task<> {
      ::kill(::getpid(), SIGINT);
      try {
        co_await jay::sleep(24h);
      } catch (const jay::cancelled_error&) {
        cleaned = true;
        throw;
      }
    };
    try {
      jay::run(main());
    } catch (const jay::keyboard_interrupt&) {
      return cleaned ? 7 : 8;
    }
    return 9;
  });
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Interrupt, TheSecondEndsTheProcess) {
  int status = status_of_child([] {
    std::signal(SIGINT, SIG_DFL);
    auto main = []() -> jay::task<> {
      for (;;) {
        ::kill(::getpid(), SIGINT);
        try {
          co_await jay::sleep(24h);
        } catch (const jay::cancelled_error&) {
        }
      }
    };
    try {
      jay::run(main());
    } catch (const jay::keyboard_interrupt&) {
    }
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

// What the child says, up to `wanted`, then a SIGINT; up to `then`; then another. Gives all that it said, and how it ended.
template <class F>
std::pair<std::string, int> interrupt_twice(std::string_view wanted, std::string_view then, F f) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], 2);
    std::signal(SIGINT, SIG_DFL);
    f();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  auto read_up_to = [&](std::string_view what) {
    char buffer[1024];
    while (text.find(what) == std::string::npos) {
      ssize_t n = ::read(ends[0], buffer, sizeof buffer);
      if (n <= 0) break;
      text.append(buffer, static_cast<std::size_t>(n));
    }
  };
  read_up_to(wanted);
  ::kill(pid, SIGINT);
  read_up_to(then);
  ::kill(pid, SIGINT);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(ends[0]);
  return {text, status};
}

TEST(Interrupt, WhileARunEndsSaysWhatItWaitsForAndTheSecondEndsIt) {
  auto [text, status] = interrupt_twice("cleaning", "once more", [] {
    auto stubborn = []() -> jay::task<> {
      try {
        co_await jay::sleep(24h);
      } catch (const jay::cancelled_error&) {
        std::fputs("cleaning\n", stderr);
      }
      co_await jay::sleep(24h);
    };
    auto main = [&]() -> jay::task<> {
      auto h = jay::create_task(jay::task_options().name("the stubborn one"), stubborn);
      co_await until_it_waits(h);
    };
    jay::run(main());
  });
  EXPECT_NE(text.find("the stubborn one"), std::string::npos) << text;
  ASSERT_TRUE(WIFSIGNALED(status)) << status << text;
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(Interrupt, WhileABlockingCallIsWaitedForNamesIt) {
  auto [text, status] = interrupt_twice("returned", "once more", [] {
    std::atomic<bool> begun{false};
    auto call = [&] {
      begun = true;
      for (;;) ::pause();
    };
    auto main = [&]() -> jay::task<> {
      jay::create_task(jay::to_thread(call));
      while (!begun) co_await jay::sleep(0s);
      std::fputs("returned\n", stderr);
    };
    jay::config c;
    c.io.shutdown_timeout = 3600;
    jay::run(main(), c);
  });
  EXPECT_NE(text.find("to_thread"), std::string::npos) << text;
  ASSERT_TRUE(WIFSIGNALED(status)) << status << text;
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

#if !JAY_TSAN  // it hands no signal to a handler in the child of a process with several threads
TEST(Interrupt, WorksAgainInTheChildOfAForkThatATaskMade) {
  int status = status_of_child([] {
    std::signal(SIGINT, SIG_DFL);
    auto main = []() -> jay::task<int> {
      pid_t pid = ::fork();
      if (pid == 0) {
        std::raise(SIGINT);  // nobody is there whom it could cancel
        ::_exit(0);
      }
      int inner = 0;
      ::waitpid(pid, &inner, 0);
      co_return WIFSIGNALED(inner) && WTERMSIG(inner) == SIGINT ? 7 : 8;
    };
    return jay::run(main());
  });
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 7);
}
#endif

// ---- a connection whose peer does not read ----

/// Accepts nothing and reads nothing: what is written to it stays.
jay::task<std::pair<jay::socket, jay::stream_writer>> to_a_peer_that_does_not_read() {
  jay::socket listener = jay::socket::listen(jay::address::ip("127.0.0.1", 0));
  auto [reader, writer] = co_await jay::open_connection("127.0.0.1", listener.local_address().port());
  writer.write(std::string(32 << 20, 'x'));
  co_return std::pair<jay::socket, jay::stream_writer>(std::move(listener), std::move(writer));
}

TEST(Stalled, AServersClientDoesNotKeepItFromEndingAtTheFirstInterrupt) {
  for (std::uint32_t workers : {1u, 2u, 8u}) {
    int status = status_of_child([workers] {
      std::signal(SIGINT, SIG_DFL);
      auto flood = [](jay::stream_reader, jay::stream_writer w) -> jay::task<> {
        std::string block(1 << 20, 'x');
        for (bool told = false;;) {
          w.write(block);
          if (!told && w.write_buffer_size() != 0) ::kill(::getpid(), SIGINT);  // the client does not read
          told = told || w.write_buffer_size() != 0;
          co_await w.drain();
        }
      };
      auto main = [&]() -> jay::task<> {
        jay::server s = co_await jay::start_server(flood, "127.0.0.1", 0);
        jay::socket client = co_await jay::socket::connect(jay::address::ip("127.0.0.1", s.port()));
        co_await s.serve_forever();
      };
      jay::config c = jay::testing::with_workers(workers);
      try {
        jay::run(main(), c);
      } catch (const jay::keyboard_interrupt&) {
        return 7;
      }
      return 8;
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 7);
  }
}

TEST(Stalled, ACleanupThatWaitsForItIsEndedWithTheRun) {
  bool told = false;
  auto main = [&]() -> jay::task<> {
    jay::event connected;
    auto writes = [&]() -> jay::task<> {
      auto [listener, writer] = co_await to_a_peer_that_does_not_read();
      connected.set();
      try {
        co_await jay::sleep(24h);
      } catch (const jay::cancelled_error&) {
      }
      writer.close();
      try {
        co_await writer.wait_closed();
      } catch (const std::system_error& e) {
        told = e.code().value() == ECANCELED;
      }
    };
    auto h = jay::create_task(writes);
    co_await connected.wait();
    co_await until_it_waits(h);
  };
  jay::run(main());
  EXPECT_TRUE(told);
}

TEST(Stalled, ServeForeverIsCancelledWithoutASignalToo) {
  std::atomic<int> written{0};
  auto main = [&]() -> jay::task<> {
    auto handler = [&](jay::stream_reader, jay::stream_writer w) -> jay::task<> {
      w.write(std::string(32 << 20, 'x'));
      ++written;
      co_await jay::sleep(24h);
    };
    jay::server s = co_await jay::start_server(handler, "127.0.0.1", 0);
    jay::socket client = co_await jay::socket::connect(jay::address::ip("127.0.0.1", s.port()));
    for (bool twice : {false, true}) {
      if (twice) {
        s = co_await jay::start_server(handler, "127.0.0.1", 0);
        client = co_await jay::socket::connect(jay::address::ip("127.0.0.1", s.port()));
      }
      auto serving = jay::create_task(s.serve_forever());
      while (written < 1 + twice) co_await jay::sleep(0s);
      co_await until_it_waits(serving);
      serving.cancel();
      if (twice) {
        co_await jay::sleep(0s);
        serving.cancel();
      }
      auto r = co_await jay::settled(serving);
      EXPECT_TRUE(r.cancelled());
    }
  };
  jay::run(main());
}

TEST(Stalled, APeerThatReadsSlowlyIsWaitedFor) {
  std::string body(8 << 20, 'x');
  std::size_t got = 0;
  auto main = [&]() -> jay::task<> {
    auto handler = [&](jay::stream_reader, jay::stream_writer w) -> jay::task<> {
      w.write(body);
      co_return;
    };
    jay::server s = co_await jay::start_server(handler, "127.0.0.1", 0);
    jay::socket client = co_await jay::socket::connect(jay::address::ip("127.0.0.1", s.port()));
    auto serving = jay::create_task(s.serve_forever());
    std::vector<std::byte> buffer(1 << 20);
    std::size_t n = co_await client.read_some(buffer);
    serving.cancel();
    while (n > 0) {
      got += n;
      co_await jay::sleep(20ms);
      n = co_await client.read_some(buffer);
    }
    auto r = co_await jay::settled(serving);
    EXPECT_TRUE(r.cancelled());
  };
  jay::run(main());
  EXPECT_EQ(got, body.size());
}

// ---- fork ----

TEST(ForkIdle, TheChildIsToldAndMayDestroyAndGoOnWithARuntimeOfItsOwn) {
  for (std::uint32_t workers : {1u, 2u, 8u}) {
    jay::config c = jay::testing::with_workers(workers);
    auto r = std::make_unique<jay::runner>(c);
    EXPECT_EQ(r->run(answer()), 42);
    auto closed = std::make_unique<jay::runner>(c);
    EXPECT_EQ(closed->run(jay::to_thread([] { return 42; })), 42);  // with a pool that has a thread
    auto whole = std::make_unique<jay::event_loop>(c);
    auto plain = std::make_unique<jay::scheduler>(c.scheduler);
    int status = status_of_child([&] {
      ::alarm(60);  // hanging is what is looked for
      int told = 0;
      auto is_told = [&](auto f) {
        try {
          f();
        } catch (const std::runtime_error& e) {
          told += std::string(e.what()).find("not usable after fork") != std::string::npos;
        }
      };
      is_told([&] { r->run(answer()); });
      is_told([&] { whole->run_until_complete(answer()); });
      is_told([&] { plain->drain(1s); });
      r.reset();
      closed->close();
      closed.reset();
      whole.reset();
      plain.reset();
      return 10 * told + (jay::run(answer()) == 42);
    });
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 31);
    EXPECT_EQ(r->run(answer()), 42);  // the parent goes on
  }
}

TEST(ForkIdle, AHandleOfTheParentsIsHarmlessInTheChild) {
  auto main = []() -> jay::task<int> {
    auto waits = jay::create_task(jay::sleep(24h));
    auto [p, f] = jay::with_resolvers<int>();
    auto reads = jay::create_task([](jay::future<int> g) -> jay::task<int> { co_return co_await g; }, f);
    co_await until_it_waits(waits);
    co_await until_it_waits(reads);
    int status = status_of_child([&] {
      ::alarm(60);
      bool gone = !waits.cancel();
      p.set_result(1);
      return gone && !waits.done() && !reads.done() ? 7 : 8;
    });
    waits.cancel();
    p.set_result(2);
    int got = co_await reads;
    co_return WIFEXITED(status) && got == 2 ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(jay::run(main()), 7);
}

TEST(ForkIdle, AServersSocketFileStaysTheParents) {
  jay::testing::scratch_directory dir;
  auto main = [&]() -> jay::task<> {
    auto handler = [](jay::stream_reader, jay::stream_writer) -> jay::task<> { co_return; };
    jay::server s = co_await jay::start_unix_server(handler, dir.file("socket"));
    int status = status_of_child([&] {
      ::alarm(60);
      s.close();
      return 7;
    });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
    auto [reader, writer] = co_await jay::open_unix_connection(dir.file("socket"));
    writer.close();
  };
  jay::run(main());
}

TEST(Shutdown, NamesABlockingCallThatDoesNotEnd) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  int status = status_of_child([&] {
    ::dup2(pipe_ends[1], 2);
    jay::config c;
    c.io.shutdown_timeout = 0.05;
    std::atomic<bool> begun{false};
    auto call = [&] {
      begun = true;
      for (;;) ::pause();
    };
    auto main = [&]() -> jay::task<> {
      jay::create_task(jay::to_thread(call));
      while (!begun) co_await jay::sleep(0s);
    };
    jay::run(main(), c);
    return 0;
  });
  ::close(pipe_ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(pipe_ends[0], text.data(), text.size()))));
  ::close(pipe_ends[0]);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_NE(text.find("blocking calls still run"), std::string::npos) << text;
  EXPECT_NE(text.find("to_thread"), std::string::npos) << text;
}

/// What a process says, until "waits in", that does this first and then comes to a deadlock.
std::string said_in_a_deadlock(jay::task<> (*first)()) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) throw std::runtime_error("pipe");
  pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(pipe_ends[1], 2);
    jay::lock a, b;
    std::atomic<int> held{0};
    auto one = [&held](jay::lock& first_lock, jay::lock& second) -> jay::task<> {
      co_await first_lock.acquire();
      ++held;
      while (held < 2) co_await jay::sleep(0s);
      co_await second.acquire();
    };
    auto main = [&]() -> jay::task<> {
      co_await first();
      co_await jay::gather(one(a, b), one(b, a));
    };
    jay::run(main());
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::string text;  // read until the report is there: the child itself would wait for ever
  char buffer[1024];
  auto told_of_both = [&text] {
    const std::string child = "a child that waits in";
    const std::size_t first_child = text.find(child);
    return first_child != std::string::npos && text.find(child, first_child + 1) != std::string::npos;
  };
  while (!told_of_both()) {
    ssize_t n = ::read(pipe_ends[0], buffer, sizeof buffer);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::close(pipe_ends[0]);
  return text;
}

TEST(Blocked, IsReportedWithWhatEachTaskWaitsFor) {
  std::string text = said_in_a_deadlock([]() -> jay::task<> { co_return; });
  EXPECT_NE(text.find("every task is blocked"), std::string::npos) << text;
  EXPECT_NE(text.find("runtime_test.cpp"), std::string::npos) << text;
  EXPECT_NE(text.find(") for lock.acquire\n    a child that waits in "), std::string::npos) << text;
}

// Each fails by waiting for ever.
TEST(Blocked, IsReportedWhenSocketsHaveBeenClosed) {
  std::string text = said_in_a_deadlock([]() -> jay::task<> {
    jay::server server = co_await jay::start_server(
        [](jay::stream_reader, jay::stream_writer w) -> jay::task<> {
          w.close();
          co_await w.wait_closed();
        },
        "127.0.0.1", 0);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
    std::string rest = co_await reader.read();
    writer.close();
    co_await writer.wait_closed();
    server.close();
    co_await server.wait_closed();
  });
  EXPECT_NE(text.find("every task is blocked"), std::string::npos) << text;
}

TEST(Blocked, IsReportedWhenFilesHaveBeenRead) {
  std::string text = said_in_a_deadlock([]() -> jay::task<> { std::string content = co_await jay::read_file("/etc/passwd"); });
  EXPECT_NE(text.find("every task is blocked"), std::string::npos) << text;
}

struct LogLevel : testing::Test {
  ~LogLevel() override { jay::detail::log_threshold = jay::log_level::warn; }
  static std::string said(jay::log_level level) {
    jay::config c = jay::testing::with_workers(2);
    c.io.threads = 1;
    c.log.level = level;
    testing::internal::CaptureStderr();
    jay::run(jay::sleep(0s), c);
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogLevel, WarnSaysNothingOfARunThatGoesWell) { EXPECT_EQ(said(jay::log_level::warn), ""); }

TEST_F(LogLevel, InfoSaysWhatHasStarted) {
  EXPECT_EQ(said(jay::log_level::info), "jay: run: started 2 workers and 1 I/O threads\n");
}

TEST_F(LogLevel, DebugSaysWhatWasDoneAtTheEnd) {
  EXPECT_THAT(said(jay::log_level::debug), testing::ContainsRegex("jay: run: ended after [0-9]+ jobs, [0-9]+ thefts"));
}

TEST_F(LogLevel, OffKeepsReportsBack) {
  jay::config c;
  c.log.level = jay::log_level::off;
  auto fail = []() -> jay::task<> {
    throw std::runtime_error("lost");
    co_return;
  };
  auto main = [&]() -> jay::task<> {
    jay::create_task(fail);
    while (jay::all_tasks().size() > 1) co_await jay::sleep(0s);
  };
  testing::internal::CaptureStderr();
  jay::run(main(), c);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Idle, ARuntimeWithNothingToDoUsesNoCpu) {
  auto main = []() -> jay::task<double> {
    auto used = [] {
      rusage u;
      ::getrusage(RUSAGE_SELF, &u);
      return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
             static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
    };
    co_await jay::sleep(20ms);
    double before = used();
    co_await jay::sleep(400ms);
    co_return used() - before;
  };
  EXPECT_LT(jay::run(main()), 0.02);  // CPU time, not wall-clock
}

jay::context_var<std::string> user("user", "nobody");

jay::task<> set_user(std::string name) {
  user.set(std::move(name));
  co_return;
}
jay::task<std::string> get_user() { co_return user.get(); }

TEST(Runner, KeepsItsContextBetweenRuns) {
  auto before = user.set("the thread's");
  jay::runner r;
  EXPECT_EQ("the thread's", r.run(get_user()));
  r.run(set_user("ada"));
  EXPECT_EQ("ada", r.run(get_user()));
  EXPECT_EQ("the thread's", user.get());
  auto fails = []() -> jay::task<> {
    user.set("grace");
    throw std::domain_error("main");
    co_return;
  };
  EXPECT_THROW(r.run(fails()), std::domain_error);
  EXPECT_EQ("grace", r.run(get_user()));
  jay::runner another;
  EXPECT_EQ("the thread's", another.run(get_user()));
  user.reset(before);
}

TEST(Run, LeavesTheContextOfTheThreadAlone) {
  jay::run(set_user("ada"));
  EXPECT_EQ("nobody", user.get());
}

TEST(ToThread, RunsInACopyOfTheCallersContext) {
  auto main = []() -> jay::task<std::string> {
    user.set("ada");
    auto call = [] {
      std::string seen = user.get();
      user.set("the thread's");
      return seen;
    };
    std::string seen = co_await jay::to_thread(call);
    std::string again = co_await jay::to_thread(call);
    co_return seen + " " + again + " " + user.get();
  };
  EXPECT_EQ("ada ada ada", jay::run(main()));
}

// Where a socket or a timer has resumed the creator, an I/O thread runs it.
TEST(Run, AnEagerTaskRunsInPlaceWhicheverThreadItsCreatorRunsOn) {
  auto main = []() -> jay::task<int> {
    int ignored = 0;
    for (int i = 0; i < 200; ++i) {
      co_await jay::sleep(1ms);
      bool ran = false;
      auto f = [&ran]() -> jay::task<> {
        ran = true;
        co_return;
      };
      auto h = jay::create_task(jay::task_options().eager_start(), f);
      ignored += !ran || !h.done();
      co_await h;
    }
    co_return ignored;
  };
  EXPECT_EQ(0, jay::run(main()));
}

}  // namespace
