// SPDX-License-Identifier: MIT
// I/O and time limits beside tasks that never wait. A test here that fails does not end.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include <jay/jay.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/hogs.hpp"

using namespace std::chrono_literals;

namespace {

using jay::testing::forks;
using jay::testing::gives_way;

struct set_up {
  const char* name;
  jay::task<> (*hog)(const std::atomic<bool>&);
  unsigned workers, io_threads;
};

class IoBeside : public ::testing::TestWithParam<set_up> {
 protected:
  template <class Body>
  void beside_hogs(Body body) {
    jay::config c = jay::testing::with_workers(GetParam().workers);
    c.io.threads = GetParam().io_threads;
    auto main = [&]() -> jay::task<> {
      std::atomic<bool> stop{false};
      std::vector<jay::task_handle<>> running;
      for (unsigned i = 0; i < 2 * GetParam().workers; ++i)
        running.push_back(jay::create_task(GetParam().hog, std::cref(stop)));
      co_await body();
      stop = true;
      for (auto& h : running) co_await h;
    };
    jay::run(main(), c);
  }
};

TEST_P(IoBeside, ASleepEnds) {
  beside_hogs([]() -> jay::task<> {
    for (int i = 0; i < 3; ++i) co_await jay::sleep(1ms);
  });
}

TEST_P(IoBeside, ABlockingCallComesBack) {
  beside_hogs([]() -> jay::task<> {
    int answer = co_await jay::to_thread([] { return 42; });
    EXPECT_EQ(answer, 42);
  });
}

TEST_P(IoBeside, AServerAnswers) {
  beside_hogs([]() -> jay::task<> {
    auto echo = [](jay::stream_reader reader, jay::stream_writer writer) -> jay::task<> {
      std::string line = co_await reader.readline();
      writer.write(line);
      co_await writer.drain();
    };
    jay::server server = co_await jay::start_server(echo, "127.0.0.1", 0);
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", server.port());
    writer.write("hello\n");
    std::string answer = co_await reader.readline();
    EXPECT_EQ(answer, "hello\n");
    writer.close();
    server.close();
    co_await server.wait_closed();
  });
}

TEST_P(IoBeside, ALimitIsKept) {
  beside_hogs([]() -> jay::task<> {
    bool expired = false;
    try {
      co_await jay::wait_for(jay::sleep(1h), 5ms);
    } catch (const jay::timeout_error&) {
      expired = true;
    }
    EXPECT_TRUE(expired);
  });
}

INSTANTIATE_TEST_SUITE_P(Tasks, IoBeside,
                         ::testing::Values(set_up{"ThatForkOn1Worker", forks, 1, 1}, set_up{"ThatForkOn2Workers", forks, 2, 1},
                                           set_up{"ThatForkWithoutIoThreads", forks, 2, 0},
                                           set_up{"ThatGiveWayOn1Worker", gives_way, 1, 1},
                                           set_up{"ThatGiveWayOn2Workers", gives_way, 2, 1},
                                           set_up{"ThatGiveWayWithoutIoThreads", gives_way, 1, 0}),
                         [](const auto& info) { return std::string(info.param.name); });

// ---- on an I/O thread ----

/// Until it is told, its worker comes to no point.
jay::task<> stands_still(const std::atomic<bool>& stop) {
  while (!stop) {
  }
  co_return;
}
jay::task<> sets(std::atomic<bool>& flag) {
  flag = true;
  co_return;
}
jay::task<> counts(std::atomic<int>& n) {
  ++n;
  co_return;
}

/// The only worker stands still, so an I/O thread resumes the body, and what becomes ready there goes on there.
class OnAnIoThread : public ::testing::TestWithParam<unsigned> {
 protected:
  template <class Body>
  void run(Body body) {
    jay::config c = jay::testing::with_workers(1);
    c.io.threads = GetParam();
    std::atomic<bool> stop{false};  // outlives the run, which ends what the body has left
    auto main = [&]() -> jay::task<> {
      auto hog = jay::create_task(stands_still, std::cref(stop));
      co_await jay::sleep(1ms);
      co_await body(stop);
      stop = true;
      co_await hog;
    };
    jay::run(main(), c);
  }
};

TEST_P(OnAnIoThread, ATaskThatIsMadeBegins) {
  run([](std::atomic<bool>&) -> jay::task<> {
    std::atomic<bool> begun{false};
    auto made = jay::create_task(sets, std::ref(begun));
    co_await made;
    EXPECT_TRUE(begun);
  });
}

TEST_P(OnAnIoThread, ATaskThatGivesWayGoesOn) {
  run([](std::atomic<bool>&) -> jay::task<> {
    for (int i = 0; i < 200; ++i) {
      co_await jay::sleep(0s);
      co_await jay::checkpoint();
    }
  });
}

// What does not fit into one go is not left to the workers for ever.
TEST_P(OnAnIoThread, ACrowdBegins) {
  run([](std::atomic<bool>&) -> jay::task<> {
    std::atomic<int> begun{0};
    std::vector<jay::task_handle<>> crowd;
    for (int i = 0; i < 3000; ++i) crowd.push_back(jay::create_task(counts, std::ref(begun)));
    for (auto& h : crowd) co_await h;
    EXPECT_EQ(begun, 3000);
  });
}

TEST_P(OnAnIoThread, ATaskThatIsWokenGoesOn) {
  run([](std::atomic<bool>&) -> jay::task<> {
    jay::queue<int> there, back;
    auto echo = jay::create_task([](jay::queue<int>& in, jay::queue<int>& out) -> jay::task<> {
      for (int i = 0; i < 3; ++i) {
        int item = co_await in.get();
        co_await out.put(item);
      }
    }, std::ref(there), std::ref(back));
    for (int i = 0; i < 3; ++i) {
      co_await there.put(i);
      int item = co_await back.get();
      EXPECT_EQ(item, i);
    }
    co_await echo;
  });
}

TEST_P(OnAnIoThread, ATaskThatIsCancelledLearnsOfIt) {
  run([](std::atomic<bool>&) -> jay::task<> {
    jay::event never;
    auto waits = jay::create_task([](jay::event& e) -> jay::task<> { co_await e.wait(); }, std::ref(never));
    co_await jay::sleep(0s);
    waits.cancel();
    auto ended = co_await jay::settled(waits);
    EXPECT_TRUE(ended.cancelled());
  });
}

// Tasks that give way again and again are no reason to let an event wait.
TEST_P(OnAnIoThread, EventsComeThroughBesideTasksThatGiveWay) {
  run([](std::atomic<bool>& stop) -> jay::task<> {
    std::vector<jay::task_handle<>> running;
    for (int i = 0; i < 3; ++i) running.push_back(jay::create_task(gives_way, std::cref(stop)));
    for (int i = 0; i < 3; ++i) co_await jay::sleep(1ms);
  });
}

INSTANTIATE_TEST_SUITE_P(Of, OnAnIoThread, ::testing::Values(1u, 2u, 4u), ::testing::PrintToStringParamName());

// An I/O thread that runs a long step: what it has left aside, and the events, are for the workers.
class StuckIoThread : public ::testing::TestWithParam<set_up> {
 protected:
  template <class Body>
  void run(Body body) {
    jay::config c = jay::testing::with_workers(GetParam().workers);
    c.io.threads = GetParam().io_threads;
    auto main = [&]() -> jay::task<> {
      std::atomic<bool> stop{false};
      std::vector<jay::task_handle<>> running;
      if (GetParam().hog)
        for (unsigned i = 0; i < 2 * GetParam().workers; ++i)
          running.push_back(jay::create_task(GetParam().hog, std::cref(stop)));
      for (int i = 0; i < 10; ++i) {
        std::chrono::milliseconds pause = i < 5 ? 1ms : 10ms;  // events are frequent, and then rare
        co_await jay::sleep(pause);
        co_await body();
      }
      stop = true;
      for (auto& h : running) co_await h;
    };
    jay::run(main(), c);
  }
};

/// On a worker it goes on at once: there nothing promises that the flag is set meanwhile.
void keep_io_thread_until(const std::atomic<bool>& flag) {
  while (jay::detail::this_worker->io && !flag) {
  }
}

TEST_P(StuckIoThread, WhatItHasMadeBegins) {
  run([]() -> jay::task<> {
    std::atomic<bool> begun{false};
    auto made = jay::create_task(sets, std::ref(begun));
    keep_io_thread_until(begun);
    co_await made;
  });
}

TEST_P(StuckIoThread, WhatBecameReadyWithItGoesOn) {
  run([]() -> jay::task<> {
    std::atomic<bool> flags[2] = {false, false};
    auto sleeper = [](std::atomic<bool>& mine, const std::atomic<bool>& other) -> jay::task<> {
      co_await jay::sleep(1ms);
      mine = true;
      keep_io_thread_until(other);
    };
    auto a = jay::create_task(sleeper, std::ref(flags[0]), std::cref(flags[1]));
    auto b = jay::create_task(sleeper, std::ref(flags[1]), std::cref(flags[0]));
    co_await a;
    co_await b;
  });
}

TEST_P(StuckIoThread, EventsComeThrough) {
  run([]() -> jay::task<> {
    std::atomic<bool> came{false};
    auto sleeper = jay::create_task([](std::atomic<bool>& flag) -> jay::task<> {
      co_await jay::sleep(2ms);
      flag = true;
    }, std::ref(came));
    co_await jay::sleep(1ms);
    keep_io_thread_until(came);
    co_await sleeper;
  });
}

INSTANTIATE_TEST_SUITE_P(Beside, StuckIoThread,
                         ::testing::Values(set_up{"1IdleWorker", nullptr, 1, 1}, set_up{"2IdleWorkers", nullptr, 2, 1},
                                           set_up{"2IdleWorkersAnd2IoThreads", nullptr, 2, 2},
                                           set_up{"WorkersThatFork", forks, 2, 1},
                                           set_up{"WorkersThatForkAnd2IoThreads", forks, 2, 2},
                                           set_up{"WorkersThatGiveWay", gives_way, 2, 1}),
                         [](const auto& info) { return std::string(info.param.name); });

// ---- a limit around operations that are always ready ----

struct ready_operation {
  const char* name;
  jay::task<> (*loop)();
};
jay::task<> of_pread() {
  jay::file f = co_await jay::file::open("/proc/self/exe");
  std::array<std::byte, 1> byte;
  for (;;) co_await f.pread(byte, 0);
}
jay::task<> of_read_file() {
  for (;;) std::string s = co_await jay::read_file("/etc/passwd");
}
jay::task<> nothing() { co_return; }
jay::task<> of_as_completed() {
  auto done = jay::create_task(nothing);
  co_await done;
  const std::vector<jay::task_handle<>> all(1, done);
  for (;;) {
    auto it = jay::as_completed(all);
    auto first = co_await it.next();
    EXPECT_TRUE(first.has_value());
  }
}
jay::task<> of_wait() {
  auto done = jay::create_task(nothing);
  co_await done;
  const std::vector<jay::task_handle<>> all(1, done);
  for (;;) auto r = co_await jay::wait(all);
}
/// Keeps the other end readable until that is closed.
void feed(int fd) {
  const std::string bytes(4096, 'x');
  while (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
  }
  ::close(fd);
}
std::pair<int, int> connected() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
  return {ends[0], ends[1]};
}
jay::task<> of_a_socket() {
  auto [mine, theirs] = connected();
  std::jthread feeds(feed, theirs);
  jay::socket s = jay::socket::adopt(mine);
  std::string byte(1, ' ');
  for (;;) co_await s.read_some(jay::writable_bytes_of(byte));
}

class Limit : public ::testing::TestWithParam<ready_operation> {};

TEST_P(Limit, AroundOperationsThatAreAlwaysReadyIsKept) {
  for (unsigned workers : {1u, 2u}) {
    jay::config c = jay::testing::with_workers(workers);
    auto main = []() -> jay::task<> {
      bool expired = false;
      try {
        co_await jay::wait_for(GetParam().loop(), 5ms);
      } catch (const jay::timeout_error&) {
        expired = true;
      }
      EXPECT_TRUE(expired);
    };
    jay::run(main(), c);
  }
}

INSTANTIATE_TEST_SUITE_P(Loops, Limit,
                         ::testing::Values(ready_operation{"OfPread", of_pread}, ready_operation{"OfReadFile", of_read_file},
                                           ready_operation{"OfAsCompleted", of_as_completed}, ready_operation{"OfWait", of_wait},
                                           ready_operation{"OfASocket", of_a_socket}),
                         [](const auto& info) { return std::string(info.param.name); });

// The one worker sleeps while the I/O thread runs the task.
TEST(BlockedReport, IsNotGivenWhileATaskComputesOnAnIoThread) {
  jay::config c = jay::testing::with_workers(1);
  auto main = []() -> jay::task<> {
    co_await jay::sleep(1ms);
    const auto end = std::chrono::steady_clock::now() + 2500ms;
    while (std::chrono::steady_clock::now() < end) {
    }
  };
  ::testing::internal::CaptureStderr();
  jay::run(main(), c);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
