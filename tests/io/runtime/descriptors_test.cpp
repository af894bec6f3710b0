// SPDX-License-Identifier: MIT
// add_reader and add_writer, as far as tests/differential/programs/descriptors.py does not show it.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/configs.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tests/support/worker_counts.hpp"

using namespace std::chrono_literals;

namespace {

class Descriptors : public ::testing::TestWithParam<unsigned> {
 protected:
  static jay::config config() { return jay::testing::with_workers_or_in_order(GetParam()); }
  template <class T>
  T run(jay::task<T> t) {
    return jay::run(std::move(t), config());
  }
};
JAY_FOR_WORKER_COUNTS(Descriptors);

class pipe_ends {
 public:
  pipe_ends() { EXPECT_EQ(::pipe2(fds_.data(), O_NONBLOCK | O_CLOEXEC), 0); }
  pipe_ends(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_reading();
    close_writing();
  }
  int reading() const noexcept { return fds_[0]; }
  int writing() const noexcept { return fds_[1]; }
  void close_reading() noexcept { close(fds_[0]); }
  void close_writing() noexcept { close(fds_[1]); }
  void put(char c) const { EXPECT_EQ(::write(fds_[1], &c, 1), 1); }
  /// '-': the end, '?': nothing.
  char take() const {
    char c = '?';
    const ssize_t n = ::read(fds_[0], &c, 1);
    return n == 0 ? '-' : c;
  }
  /// Until there is no more room.
  std::size_t fill() const {
    const std::array<char, 4096> zeros{};
    std::size_t all = 0;
    for (ssize_t n; (n = ::write(fds_[1], zeros.data(), zeros.size())) > 0;) all += static_cast<std::size_t>(n);
    return all;
  }

 private:
  static void close(int& fd) noexcept {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  std::array<int, 2> fds_{-1, -1};
};

TEST_P(Descriptors, SeveralAreWatchedAtOnce) {
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    std::array<pipe_ends, 3> pipes;
    jay::queue<std::string> came;
    for (std::size_t i = 0; i < pipes.size(); ++i)
      loop.add_reader(pipes[i].reading(), [&, i] { came.put_nowait(std::to_string(i) + pipes[i].take()); });
    for (std::size_t i : {2u, 0u, 1u}) {
      pipes[i].put(static_cast<char>('a' + i));
      std::string one = co_await came.get();
      EXPECT_EQ(one, std::to_string(i) + static_cast<char>('a' + i));
    }
    for (const pipe_ends& p : pipes) EXPECT_TRUE(loop.remove_reader(p.reading()));
  };
  run(main());
}

TEST_P(Descriptors, AWriterIsNotCalledWhileThereIsNoRoom) {
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    pipe_ends pipe;
    std::size_t left = pipe.fill();
    jay::event room;
    std::atomic<int> calls{0};
    loop.add_writer(pipe.writing(), [&] {
      ++calls;
      loop.remove_writer(pipe.writing());
      room.set();
    });
    for (int i = 0; i < 20; ++i) co_await jay::sleep(0s);
    EXPECT_EQ(calls, 0);
    while (left > 0) {
      std::array<char, 4096> sink;
      const ssize_t n = ::read(pipe.reading(), sink.data(), sink.size());
      left -= static_cast<std::size_t>(n);
    }
    co_await room.wait();
    EXPECT_EQ(calls, 1);
  };
  run(main());
}

TEST_P(Descriptors, ACallIsNeverMadeTwiceAtOnceNorForNothing) {
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    pipe_ends pipe;
    constexpr int n = 200;
    std::atomic<int> inside{0}, got{0}, faults{0};
    jay::event done;
    loop.add_reader(pipe.reading(), [&] {
      if (++inside != 1) ++faults;
      if (pipe.take() == '?') ++faults;
      --inside;
      if (++got == n) done.set();
    });
    for (int i = 0; i < n; ++i) {
      pipe.put('x');
      co_await jay::sleep(0s);
    }
    co_await done.wait();
    EXPECT_TRUE(loop.remove_reader(pipe.reading()));
    EXPECT_EQ(faults, 0);
  };
  run(main());
}

TEST_P(Descriptors, OneThatWasRemovedMayBeAddedAgain) {
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    pipe_ends pipe;
    for (char c : {'a', 'b', 'c'}) {
      auto [p, f] = jay::with_resolvers<char>();
      loop.add_reader(pipe.reading(), [&, p = p] {
        loop.remove_reader(pipe.reading());
        p.set_result(pipe.take());
      });
      pipe.put(c);
      char got = co_await f;
      EXPECT_EQ(got, c);
    }
  };
  run(main());
}

TEST_P(Descriptors, TheNumberOfOneThatWasClosedMayBeWatchedAgain) {
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    auto first = std::make_unique<pipe_ends>();
    const int number = first->reading();
    loop.add_reader(number, [] { ADD_FAILURE() << "of a descriptor that was closed"; });
    first = nullptr;  // without remove_reader
    pipe_ends second;
    EXPECT_EQ(second.reading(), number) << "the kernel gives the lowest number";
    auto [p, f] = jay::with_resolvers<char>();
    loop.add_reader(second.reading(), [&, p = p] {
      loop.remove_reader(second.reading());
      p.set_result(second.take());
    });
    second.put('s');
    char got = co_await f;
    EXPECT_EQ(got, 's');
  };
  run(main());
}

TEST_P(Descriptors, AHandlerRunsInTheContextWhereItWasAdded) {
  static jay::context_var<int> var("var", 0);
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    pipe_ends pipe;
    var.set(1);
    auto [p, f] = jay::with_resolvers<int>();
    loop.add_reader(pipe.reading(), [&, p = p] {
      loop.remove_reader(pipe.reading());
      p.set_result(var.get());
    });
    var.set(2);
    pipe.put('x');
    int seen = co_await f;
    EXPECT_EQ(seen, 1);
  };
  run(main());
}

TEST_P(Descriptors, WhatCannotBeWatchedIsAnError) {
  auto main = []() -> jay::task<> {
    jay::event_loop& loop = jay::get_event_loop();
    auto add = [&loop](int fd) { return [&loop, fd] { loop.add_reader(fd, [] {}); }; };
    EXPECT_THROW(add(-1)(), std::invalid_argument);
    EXPECT_FALSE(loop.remove_reader(-1));
    int closed;
    {
      pipe_ends pipe;
      closed = pipe.writing();
    }
    auto code_of = [](auto f) {
      try {
        f();
      } catch (const std::system_error& e) {
        return e.code().value();
      }
      return 0;
    };
    EXPECT_EQ(code_of(add(closed)), EBADF);
    jay::testing::scratch_directory scratch;
    const int file = ::open(scratch.file("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(code_of(add(file)), EPERM);
    ::close(file);
    EXPECT_FALSE(loop.remove_reader(file)) << "what was refused is not watched";
    auto sockets = jay::socket::pair();
    EXPECT_THROW(add(sockets.first.native_handle())(), std::runtime_error) << "it is waited for already";
    co_return;
  };
  run(main());
}

TEST_P(Descriptors, BetweenTheRunsNothingIsCalled) {
  jay::event_loop loop(config());
  pipe_ends pipe;
  std::string trace;
  loop.add_reader(pipe.reading(), [&] {
    trace += pipe.take();
    loop.stop();
  });
  pipe.put('a');
  trace += "|";
  loop.run_forever();
  pipe.put('b');
  trace += "|";
  loop.run_forever();
  loop.close();
  EXPECT_EQ(trace, "|a|b");
  EXPECT_FALSE(loop.remove_reader(pipe.reading()));
}

TEST_P(Descriptors, WhatTheHandlerOwnsGoesWithIt) {
  auto owned = std::make_shared<int>(1);
  pipe_ends pipe;
  {
    jay::event_loop loop(config());
    loop.add_reader(pipe.reading(), [owned] {});
    EXPECT_EQ(owned.use_count(), 2);
    EXPECT_TRUE(loop.remove_reader(pipe.reading()));
    EXPECT_EQ(owned.use_count(), 1);
    loop.add_reader(pipe.reading(), [owned] {});
    loop.add_writer(pipe.writing(), [owned] {});
  }
  EXPECT_EQ(owned.use_count(), 1) << "the end of the loop has it";
}

}  // namespace
