// SPDX-License-Identifier: MIT
// I/O and time limits beside tasks that never wait. A test here that fails does not end.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include <jay/jay.hpp>

using namespace std::chrono_literals;

namespace {

long serial(int n) { return n < 2 ? n : serial(n - 1) + serial(n - 2); }
jay::task<long> tree(int n) {
  if (n <= 8) co_return serial(n);
  auto [a, b] = co_await jay::gather(tree(n - 1), tree(n - 2));
  co_return a + b;
}
jay::task<> forks(const std::atomic<bool>& stop) {
  while (!stop) co_await tree(20);
}
jay::task<> gives_way(const std::atomic<bool>& stop) {
  while (!stop) {
    serial(12);
    co_await jay::checkpoint();
  }
}

struct set_up {
  const char* name;
  jay::task<> (*hog)(const std::atomic<bool>&);
  unsigned workers, io_threads;
};

class IoBeside : public ::testing::TestWithParam<set_up> {
 protected:
  template <class Body>
  void beside_hogs(Body body) {
    jay::config c;
    c.scheduler.workers = GetParam().workers;
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
    jay::config c;
    c.scheduler.workers = workers;
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
  jay::config c;
  c.scheduler.workers = 1;
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
