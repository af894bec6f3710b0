// SPDX-License-Identifier: MIT
// Files that cannot seek: pipes, FIFOs, terminals, /dev/stdin. With either engine, as they use none.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include <jay/create_task.hpp>
#include <jay/file.hpp>
#include <jay/settled.hpp>
#include <jay/to_thread.hpp>

#include "tests/support/net.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

class Pipe : public testing::TestWithParam<std::tuple<jay::io_backend, std::uint32_t>> {
 protected:
  Pipe() {
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  }
  ~Pipe() override {
    close_reading();
    close_writing();
  }
  void close_reading() { ::close(std::exchange(ends[0], -1)); }
  void close_writing() { ::close(std::exchange(ends[1], -1)); }
  std::string reading() const { return "/dev/fd/" + std::to_string(ends[0]); }
  std::string writing() const { return "/dev/fd/" + std::to_string(ends[1]); }
  void feed(std::string_view text) { EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size())); }

  /// A write of more than it holds has begun.
  jay::task<> until_full() {
    pollfd p{ends[1], POLLOUT, 0};
    while (::poll(&p, 1, 0) != 0) co_await jay::sleep(0s);
  }

  template <class T>
  T run(jay::task<T> t) {
    jay::config c = with_workers(std::get<1>(GetParam()));
    c.io.backend = std::get<0>(GetParam());
    return jay::run(std::move(t), c);
  }

  scratch_directory dir;
  const std::string fifo = dir.file("fifo");
  int ends[2] = {-1, -1};
};

INSTANTIATE_TEST_SUITE_P(Backends, Pipe,
                         testing::Combine(testing::Values(jay::io_backend::automatic, jay::io_backend::epoll),
                                          testing::Values(1u, 2u, 8u)),
                         [](const auto& i) {
                           return std::string(std::get<0>(i.param) == jay::io_backend::epoll ? "pool" : "automatic") +
                                  std::to_string(std::get<1>(i.param));
                         });

/// Awaits others until the task waits: everything that was runnable has run several times.
jay::task<> let_others_run() {
  for (int i = 0; i < 50; ++i) co_await jay::sleep(0s);
}

TEST_P(Pipe, IsReadToItsEnd) {
  auto main = [&]() -> jay::task<> {
    feed("hello\n");
    auto all = jay::create_task(jay::read_file(reading()));
    co_await let_others_run();
    EXPECT_FALSE(all.done());
    std::string big = pattern(300'000);
    auto writer = jay::to_thread([&] {
      feed(big);
      close_writing();
    });
    co_await std::move(writer);
    const std::string& got = co_await all;
    EXPECT_TRUE(got == "hello\n" + big);
  };
  run(main());
}

TEST_P(Pipe, GivesWhatHasCome) {
  auto main = [&]() -> jay::task<> {
    jay::file f = co_await jay::file::open(reading());
    EXPECT_FALSE(f.seekable());
    std::string buffer(100, '\0');
    feed("line\n");
    std::size_t n = co_await f.pread(jay::writable_bytes_of(buffer), 0);
    EXPECT_EQ(buffer.substr(0, n), "line\n");
    feed("rest");
    close_writing();
    std::string rest = co_await f.read_all();
    EXPECT_EQ(rest, "rest");
    n = co_await f.pread(jay::writable_bytes_of(buffer), 0);
    EXPECT_EQ(n, 0u);
  };
  run(main());
}

TEST_P(Pipe, IsWritten) {
  auto main = [&]() -> jay::task<> {
    std::string big = pattern(300'000);
    jay::file f = co_await jay::file::open(writing(), "w");
    EXPECT_FALSE(f.seekable());
    auto first = jay::create_task(f.write_all(big));
    co_await until_full();
    auto second = jay::create_task(f.write_all("and then"));  // waits for its turn: what one writes stays together
    jay::file back = co_await jay::file::open(reading());
    std::string got;
    while (got.size() < big.size() + 8) {
      std::string buffer(70'000, '\0');
      std::size_t n = co_await back.pread(jay::writable_bytes_of(buffer), got.size());
      got.append(buffer, 0, n);
    }
    EXPECT_TRUE(got == big + "and then");
    std::size_t n = co_await first;
    EXPECT_EQ(n, big.size());
    co_await second;
    co_await jay::write_file(writing(), "once more");
    std::string buffer(70, '\0');
    n = co_await back.pread(jay::writable_bytes_of(buffer), 0);
    EXPECT_EQ(buffer.substr(0, n), "once more");
  };
  run(main());
}

TEST_P(Pipe, ThatNobodyReadsGivesAnErrorAndNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);  // one would end this process
  auto main = [&]() -> jay::task<> {
    jay::file f = co_await jay::file::open(writing(), "w");
    close_reading();
    for (int i = 0; i < 3; ++i) {
      failure e = co_await failure_of(f.write_all("x"));
      EXPECT_EQ(e.code, EPIPE);
      EXPECT_EQ(e.text, "write " + writing() + ", 0 of 1 bytes written: Broken pipe");
    }
  };
  run(main());
}

TEST_P(Pipe, ThatIsClosedWhileAWriteWaitsGivesAnErrorAndNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);
  auto main = [&]() -> jay::task<> {
    jay::file f = co_await jay::file::open(writing(), "w");
    std::string big = pattern(300'000);
    auto waits = jay::create_task(failure_of(f.write_all(big)));
    co_await let_others_run();
    EXPECT_FALSE(waits.done());
    close_reading();
    const failure& e = co_await waits;
    EXPECT_EQ(e.code, EPIPE) << e.text;
  };
  run(main());
}

TEST_P(Pipe, TheThreadsMaskAndAPendingSignalStayAsTheyWere) {
  auto main = [&]() -> jay::task<> {
    close_reading();
    jay::file f = co_await jay::file::open(writing(), "w");
    sigset_t mask;
    co_await failure_of(f.write_all("x"));
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGPIPE), 0);
    EXPECT_EQ(std::signal(SIGPIPE, SIG_DFL), SIG_DFL);
  };
  std::signal(SIGPIPE, SIG_DFL);
  run(main());
}

TEST_P(Pipe, AReadThatWaitsCanBeCancelledAndLosesNothing) {
  auto main = [&]() -> jay::task<> {
    jay::file f = co_await jay::file::open(reading());
    std::string first(10, '\0'), second(10, '\0'), third(10, '\0');
    auto a = jay::create_task(f.pread(jay::writable_bytes_of(first), 0));
    auto b = jay::create_task(f.pread(jay::writable_bytes_of(second), 0));
    auto c = jay::create_task(f.pread(jay::writable_bytes_of(third), 0));
    co_await let_others_run();
    EXPECT_TRUE(b.cancel());  // in the queue
    auto rb = co_await jay::settled(b);
    EXPECT_TRUE(rb.cancelled());
    EXPECT_TRUE(a.cancel());  // in the slot
    auto ra = co_await jay::settled(a);
    EXPECT_TRUE(ra.cancelled());
    EXPECT_FALSE(c.done());
    feed("kept");
    std::size_t n = co_await c;
    EXPECT_EQ(third.substr(0, n), "kept");
  };
  run(main());
}

TEST_P(Pipe, CancelsAgainstDataLoseNothing) {
  auto main = [&]() -> jay::task<> {
    jay::file f = co_await jay::file::open(reading());
    std::string got;
    for (int i = 0; i < 300; ++i) {
      std::string buffer(10, '\0');
      auto reading = jay::create_task(f.pread(jay::writable_bytes_of(buffer), 0));
      if (i % 3 == 0) co_await jay::sleep(0s);
      feed("x");
      if (i % 2 == 0) co_await jay::sleep(0s);
      reading.cancel();
      auto r = co_await jay::settled(reading);
      if (r.has_value()) got += buffer.substr(0, r.value());
    }
    close_writing();
    std::string rest = co_await f.read_all();
    EXPECT_EQ(got.size() + rest.size(), 300u);
  };
  run(main());
}

TEST_P(Pipe, AWriteThatWaitsCanBeCancelled) {
  auto main = [&]() -> jay::task<> {
    jay::file f = co_await jay::file::open(writing(), "w");
    std::string big = pattern(300'000);
    auto a = jay::create_task(f.write_all(big));
    co_await until_full();
    auto b = jay::create_task(f.write_all("b"));
    co_await let_others_run();
    EXPECT_TRUE(a.cancel());
    auto ra = co_await jay::settled(a);
    EXPECT_TRUE(ra.cancelled());
    EXPECT_FALSE(b.done());
    EXPECT_TRUE(b.cancel());
    auto rb = co_await jay::settled(b);
    EXPECT_TRUE(rb.cancelled());
  };
  run(main());
}

TEST_P(Pipe, RunEndsWhileOneIsRead) {
  auto main = [&]() -> jay::task<> {
    jay::create_task(jay::read_file(reading()));
    jay::create_task(jay::read_file(fifo));
    jay::create_task(jay::write_file(dir.file("fifo"), "x"));
    co_await jay::sleep(0s);
  };
  run(main());
}

TEST_P(Pipe, AFifoWaitsForItsWriter) {
  auto main = [&]() -> jay::task<> {
    auto all = jay::create_task(jay::read_file(fifo));
    co_await let_others_run();
    EXPECT_FALSE(all.done());
    auto write = jay::to_thread([&] {
      int fd = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
      EXPECT_EQ(::write(fd, "hello\n", 6), 6);
      ::close(fd);
    });
    co_await std::move(write);
    const std::string& got = co_await all;
    EXPECT_EQ(got, "hello\n");
  };
  run(main());
}

TEST_P(Pipe, AFifosWriterMayBeThereFirstAndWriteNothing) {
  auto main = [&]() -> jay::task<> {
    auto write = jay::create_task(jay::to_thread([&] { ::close(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC)); }));
    std::string got = co_await jay::read_file(fifo);
    EXPECT_EQ(got, "");
    co_await write;
  };
  run(main());
}

TEST_P(Pipe, AFifoWaitsForItsReader) {
  auto main = [&]() -> jay::task<> {
    auto writing = jay::create_task(jay::write_file(fifo, "hello\n"));
    co_await let_others_run();
    EXPECT_FALSE(writing.done());
    std::string got = co_await jay::read_file(fifo);
    EXPECT_EQ(got, "hello\n");
    co_await writing;
  };
  run(main());
}

TEST_P(Pipe, OpeningAFifoThatNobodyReadsCanBeCancelled) {
  auto main = [&]() -> jay::task<> {
    auto opening = jay::create_task(jay::file::open(fifo, "w"));
    co_await let_others_run();
    EXPECT_FALSE(opening.done());
    EXPECT_TRUE(opening.cancel());
    auto r = co_await jay::settled(std::move(opening));
    EXPECT_TRUE(r.cancelled());
  };
  run(main());
}

TEST_P(Pipe, ATerminalIsReadByLinesAndWritten) {
  auto main = [&]() -> jay::task<> {
    int controller = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(controller, 0);
    EXPECT_EQ(::grantpt(controller), 0);
    EXPECT_EQ(::unlockpt(controller), 0);
    std::string name = ::ptsname(controller);
    int keep = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // a terminal that nobody has open hangs up
    jay::file f = co_await jay::file::open(name);
    EXPECT_FALSE(f.seekable());
    std::string buffer(100, '\0');
    auto reading = jay::create_task(f.pread(jay::writable_bytes_of(buffer), 0));
    co_await let_others_run();
    EXPECT_FALSE(reading.done());
    EXPECT_EQ(::write(controller, "typed\n", 6), 6);
    std::size_t n = co_await reading;
    EXPECT_EQ(buffer.substr(0, n), "typed\n");
    auto all = jay::create_task(jay::read_file(name));
    EXPECT_EQ(::write(controller, "one\n\004", 5), 5);  // and Ctrl-D
    const std::string& got = co_await all;
    EXPECT_EQ(got, "one\n");
    co_await jay::write_file(name, "shown\n");
    n = static_cast<std::size_t>(::read(controller, buffer.data(), buffer.size()));
    EXPECT_NE(buffer.substr(0, n).find("typed"), std::string::npos);  // its echo
    ::close(keep);
    ::close(controller);
  };
  run(main());
}

TEST_P(Pipe, ADeviceThatHasNoEndAndAFileOfNoSizeAreReadAsBefore) {
  auto main = [&]() -> jay::task<> {
    jay::file zero = co_await jay::file::open("/dev/zero");
    std::string buffer(1000, 'x');
    std::size_t n = co_await zero.pread(jay::writable_bytes_of(buffer), 5);
    EXPECT_EQ(n, 1000u);
    std::string null = co_await jay::read_file("/dev/null");
    EXPECT_EQ(null, "");
    co_await jay::write_file("/dev/null", "gone");
    std::string status = co_await jay::read_file("/proc/self/status");
    EXPECT_NE(status.find("Name:"), std::string::npos);
  };
  run(main());
}

}  // namespace
