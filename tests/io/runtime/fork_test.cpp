// SPDX-License-Identifier: MIT
// A child of a fork starts a runtime of its own, wherever the fork was made. A child that hangs is ended by its alarm.
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/until_it_waits.hpp"

using namespace std::chrono_literals;

namespace {

/// With 1, 2 and 4 workers, and (0) in asyncio's order.
class Fork : public testing::TestWithParam<unsigned> {
 protected:
  jay::config config() { return jay::testing::with_workers_or_in_order(GetParam()); }
  template <class T>
  T run(jay::task<T> t) {
    return jay::run(std::move(t), config());
  }
  /// The child's exit status; -1 if a signal has ended it.
  template <class F>
  static int status_of_child(F f) {
    pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(60);
      ::_exit(f());
    }
    return status_of(pid);
  }
  static int status_of(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// Something of everything: a task, a fork, a timer, the blocking pool, a socket. Gives 7.
  int run_in_child() {
    auto main = []() -> jay::task<int> {
      auto h = jay::create_task(jay::sleep(1ms, 1));
      auto [a, b] = co_await jay::gather(jay::sleep(0s, 2), jay::to_thread([] { return 3; }));
      auto [here, there] = jay::socket::pair();
      co_await here.write_all(jay::bytes_of("x"));
      std::array<std::byte, 4> buffer;
      std::size_t n = co_await there.read_some(buffer);
      int c = co_await h;
      co_return a + b + c + static_cast<int>(n);
    };
    return run(main());
  }
};
INSTANTIATE_TEST_SUITE_P(On, Fork, testing::Values(1u, 2u, 4u, 0u), [](const auto& info) {
  return info.param ? std::to_string(info.param) + "workers" : std::string("asyncio");
});

TEST_P(Fork, AfterARuntimeHasEnded) {
  EXPECT_EQ(run_in_child(), 7);
  EXPECT_EQ(status_of_child([&] { return run_in_child(); }), 7);
}

TEST_P(Fork, TheChildsChild) {
  EXPECT_EQ(status_of_child([&] { return status_of_child([&] { return run_in_child(); }); }), 7);
}

TEST_P(Fork, InsideATask) {
  auto main = [&]() -> jay::task<int> {
    int status = status_of_child([&] { return run_in_child(); });
    auto h = jay::create_task(jay::sleep(1ms, 1));  // the parent goes on
    int v = co_await h;
    co_return status + v;
  };
  EXPECT_EQ(run(main()), 8);
}

TEST_P(Fork, InsideATaskThatIOHasMadeReady) {
  auto main = [&]() -> jay::task<int> {
    auto [here, there] = jay::socket::pair();
    auto write_later = [](jay::socket s, jay::task_handle<> reads) -> jay::task<> {
      co_await jay::testing::until_it_waits(reads);
      co_await s.write_all(jay::bytes_of("x"));
    };
    auto writes = jay::create_task(write_later, std::move(here), jay::current_task());
    std::array<std::byte, 4> buffer;
    co_await there.read_some(buffer);
    int status = status_of_child([&] { return run_in_child(); });
    co_await writes;
    co_return status;
  };
  EXPECT_EQ(run(main()), 7);
}

TEST_P(Fork, InABlockingCall) {
  auto main = [&]() -> jay::task<int> {
    auto fork_here = [&] { return status_of_child([&] { return run_in_child(); }); };
    int status = co_await jay::to_thread(fork_here);
    co_return status;
  };
  EXPECT_EQ(run(main()), 7);
}

TEST_P(Fork, InADoneCallback) {
  auto main = [&]() -> jay::task<int> {
    auto [p, f] = jay::with_resolvers<int>();
    auto h = jay::create_task(jay::sleep(0s));
    h.add_done_callback([&, p = p](const jay::task_handle<>&) { p.set_result(status_of_child([&] { return run_in_child(); })); });
    int status = co_await f;
    co_return status;
  };
  EXPECT_EQ(run(main()), 7);
}

/// Makes, wakes and ends tasks until it is told to stop, so that frames and sockets go through the lists that all threads
/// share.
jay::task<int> get_one(jay::queue<int>& q) {
  int v = co_await q.get();
  co_return v;
}
jay::task<> keep_busy(const std::atomic<bool>& stop) {
  jay::queue<int> q;
  while (!stop) {
    std::vector<jay::task_handle<int>> waiting;
    for (int i = 0; i < 1000; ++i) waiting.push_back(jay::create_task(get_one(q)));
    for (int i = 0; i < 1000; ++i) q.put_nowait(i);
    co_await jay::gather(waiting);
    for (int i = 0; i < 200; ++i) { auto [here, there] = jay::socket::pair(); }
    co_await jay::to_thread([&q] {
      for (int i = 0; i < 200; ++i) { auto never = get_one(q); }
    });
  }
}

// Another thread of the parent is inside one of jay's locks at the fork, now and then: of 200 children one hung.
TEST_P(Fork, BesideARuntimeThatIsBusy) {
  std::atomic<bool> stop{false};
  std::atomic<bool> begun{false};
  std::thread busy([&] {
    auto main = [&]() -> jay::task<> {
      begun = true;
      co_await jay::gather(keep_busy(stop), keep_busy(stop));
    };
    run(main());
  });
  while (!begun) std::this_thread::yield();
  for (int i = 0, times = std::getenv("JAY_SOAK") ? 500 : 10; i < times; ++i)
    EXPECT_EQ(status_of_child([&] { return run_in_child(); }), 7);
  stop = true;
  busy.join();
}

// ---- a prefork server ----

struct child_process {
  pid_t pid;
  int stop;  // it serves until this is closed
};

class Prefork : public Fork {
 protected:
  /// Answers each line with its own process's number and the line.
  static jay::task<> answer(jay::stream_reader reader, jay::stream_writer writer) {
    for (;;) {
      std::string line = co_await reader.readline();
      if (line.empty()) break;
      writer.write(std::to_string(::getpid()) + " " + line);
      co_await writer.drain();
    }
    writer.close();
    co_await writer.wait_closed();
  }
  static jay::task<int> serve(int listener, int stop) {
    jay::server s = co_await jay::start_server(answer, jay::socket::adopt(listener));
    char c;
    co_await jay::to_thread([&] { return ::read(stop, &c, 1); });
    s.close();
    co_await s.wait_closed();
    co_return 7;
  }
  child_process start_child(int listener, const std::vector<child_process>& before) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(60);
      ::close(ends[1]);
      for (const child_process& c : before) ::close(c.stop);
      ::_exit(run(serve(::dup(listener), ends[0])));
    }
    ::close(ends[0]);
    return {pid, ends[1]};
  }
  static int stop_child(child_process& c) {
    ::close(c.stop);
    return status_of(c.pid);
  }
  /// Which process has answered.
  static jay::task<pid_t> ask(std::uint16_t port, std::string line) {
    auto [reader, writer] = co_await jay::open_connection("127.0.0.1", port);
    writer.write(line + "\n");
    writer.write_eof();
    std::string all = co_await reader.read();
    std::size_t space = all.find(' ');
    EXPECT_EQ(all.substr((std::min)(space, all.size())), " " + line + "\n");
    co_return static_cast<pid_t>(std::atoi(all.c_str()));
  }
  /// Asks all children at once, then stops one after the other, and asks those that are left.
  static jay::task<> ask_and_stop(std::uint16_t port, std::vector<child_process> children) {
    std::vector<jay::task<pid_t>> asking;
    for (int i = 0; i < 20; ++i) asking.push_back(ask(port, std::to_string(i)));
    std::vector<pid_t> answered = co_await jay::gather(std::move(asking));
    for (pid_t pid : answered)
      EXPECT_TRUE(std::any_of(children.begin(), children.end(), [&](const child_process& c) { return c.pid == pid; })) << pid;
    while (!children.empty()) {
      pid_t pid = co_await ask(port, "still there?");
      EXPECT_TRUE(std::any_of(children.begin(), children.end(), [&](const child_process& c) { return c.pid == pid; })) << pid;
      int status = co_await jay::to_thread([&] { return stop_child(children.back()); });
      EXPECT_EQ(status, 7);
      children.pop_back();
    }
  }
};
INSTANTIATE_TEST_SUITE_P(On, Prefork, testing::Values(1u, 2u, 4u, 0u), [](const auto& info) {
  return info.param ? std::to_string(info.param) + "workers" : std::string("asyncio");
});

TEST_P(Prefork, ChildrenMadeBeforeTheParentsRuntimeServeTheInheritedSocket) {
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof any;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&any), size), 0);
  ASSERT_EQ(::listen(listener, 128), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&any), &size), 0);
  std::vector<child_process> children;
  for (int i = 0; i < 3; ++i) children.push_back(start_child(listener, children));
  run(ask_and_stop(ntohs(any.sin_port), children));
  ::close(listener);
}

TEST_P(Prefork, ChildrenMadeInsideATaskServeTheInheritedSocket) {
  auto main = [&]() -> jay::task<> {
    jay::socket listener = jay::socket::listen(jay::address::ip("127.0.0.1", 0));
    std::vector<child_process> children;
    for (int i = 0; i < 3; ++i) children.push_back(start_child(listener.native_handle(), children));
    co_await ask_and_stop(listener.local_address().port(), children);
  };
  run(main());
}

TEST_P(Prefork, ASocketThatDoesNotListenIsRefused) {
  auto main = []() -> jay::task<> {
    auto [here, there] = jay::socket::pair();
    std::string text;
    try {
      co_await jay::start_server(answer, std::move(here));
    } catch (const std::invalid_argument& e) {
      text = e.what();
    }
    EXPECT_NE(text.find("does not listen"), std::string::npos) << text;
  };
  run(main());
}

}  // namespace
