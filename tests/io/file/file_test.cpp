// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstddef>
#include <fstream>

#include <jay/create_task.hpp>
#include <jay/file.hpp>
#include <jay/settled.hpp>
#include <jay/testing.hpp>

#include "tests/support/net.hpp"
#include "tests/support/until_it_waits.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

jay::config with_backend(jay::io_backend b) {
  jay::config c;
  c.io.backend = b;
  return c;
}

enum class carried_out { by_the_ring, by_the_pool, simulated };

/// Each test with either engine, and on simulated files with some seeds.
class File : public testing::TestWithParam<carried_out> {
 protected:
  scratch_directory dir;
  template <class F>
  void run(F& main) {
    if (GetParam() != carried_out::simulated) {
      jay::run(main(), with_backend(GetParam() == carried_out::by_the_pool ? jay::io_backend::epoll : jay::io_backend::automatic));
      return;
    }
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(seed);
      jay::testing::run(main(), seed, options().files(file_options().directory(dir.file(""))));
    }
  }
};
/// Those that need what is simulated by nobody: devices, FIFOs, /proc.
class RealFile : public File {};

std::string name_of(const testing::TestParamInfo<carried_out>& i) {
  constexpr const char* names[] = {"automatic", "pool", "simulated"};
  return names[static_cast<int>(i.param)];
}
INSTANTIATE_TEST_SUITE_P(Backends, File,
                         testing::Values(carried_out::by_the_ring, carried_out::by_the_pool, carried_out::simulated), name_of);
INSTANTIATE_TEST_SUITE_P(Backends, RealFile, testing::Values(carried_out::by_the_ring, carried_out::by_the_pool), name_of);

/// Out of the page cache, so that reading cannot be done at once.
void evict(const jay::file& f) { ::posix_fadvise(f.native_handle(), 0, 0, POSIX_FADV_DONTNEED); }

TEST_P(File, WritesAndReadsBack) {
  auto main = [&]() -> jay::task<> {
    std::string data = pattern(3'000'001);
    co_await jay::write_file(dir.file("a"), data);
    std::string back = co_await jay::read_file(dir.file("a"));
    EXPECT_TRUE(back == data);
    jay::file f = co_await jay::file::open(dir.file("a"));
    EXPECT_EQ(f.size(), data.size());
    EXPECT_EQ(f.path(), dir.file("a"));
    std::string all = co_await f.read_all();
    EXPECT_TRUE(all == data);
  };
  run(main);
}

TEST_P(File, ReadsFromTheDiskToo) {
  auto main = [&]() -> jay::task<> {
    std::string data = pattern(8'000'000);
    jay::file f = co_await jay::file::open(dir.file("a"), "w+");
    co_await f.write_all(data);
    co_await f.fsync();
    evict(f);
    jay::file again = co_await jay::file::open(dir.file("a"));
    std::vector<jay::task<bool>> pieces;
    auto piece = [](const jay::file& from, const std::string& expected, std::size_t at, std::size_t n) -> jay::task<bool> {
      std::string buffer(n, '\0');
      std::size_t got = co_await from.pread(jay::writable_bytes_of(buffer), at);
      co_return got == n && buffer == expected.substr(at, n);
    };
    for (std::size_t i = 0; i < 8; ++i) pieces.push_back(piece(again, data, i * 1'000'000, 1'000'000));
    auto right = co_await jay::gather(std::move(pieces));
    for (bool r : right) EXPECT_TRUE(r);
  };
  run(main);
}

TEST_P(File, PreadGivesLessOnlyAtTheEnd) {
  auto main = [&]() -> jay::task<> {
    co_await jay::write_file(dir.file("a"), "0123456789");
    jay::file f = co_await jay::file::open(dir.file("a"));
    std::string buffer(4, ' ');
    std::size_t n = co_await f.pread(jay::writable_bytes_of(buffer), 3);
    EXPECT_EQ(n, 4u);
    EXPECT_EQ(buffer, "3456");
    n = co_await f.pread(jay::writable_bytes_of(buffer), 8);
    EXPECT_EQ(n, 2u);
    n = co_await f.pread(jay::writable_bytes_of(buffer), 100);
    EXPECT_EQ(n, 0u);
    n = co_await f.pread({}, 0);
    EXPECT_EQ(n, 0u);
  };
  run(main);
}

TEST_P(File, ModesAreThoseOfPython) {
  auto main = [&]() -> jay::task<> {
    std::string path = dir.file("a");
    jay::file made = co_await jay::file::open(path, "x");
    co_await made.write_all("first");
    failure f = co_await failure_of(jay::file::open(path, "x"));
    EXPECT_EQ(f.code, EEXIST);
    jay::file more = co_await jay::file::open(path, "a");
    co_await more.write_all(" second");
    std::string text = co_await jay::read_file(path);
    EXPECT_EQ(text, "first second");
    jay::file both = co_await jay::file::open(path, "r+b");
    co_await both.pwrite(jay::bytes_of("FIRST"), 0);
    text = co_await both.read_all();
    EXPECT_EQ(text, "FIRST second");
    jay::file emptied = co_await jay::file::open(path, "w");
    EXPECT_EQ(emptied.size(), 0u);
    for (const char* bad : {"", "rw", "q", "+"}) EXPECT_THROW((void)jay::file::open(path, bad), std::invalid_argument) << bad;
  };
  run(main);
}

TEST_P(File, ErrorsNameTheFile) {
  auto main = [&]() -> jay::task<> {
    failure f = co_await failure_of(jay::file::open(dir.file("none")));
    EXPECT_EQ(f.text, "open " + dir.file("none") + ": No such file or directory");
    f = co_await failure_of(jay::file::open(dir.file("none/x"), "w"));
    EXPECT_EQ(f.text, "open " + dir.file("none/x") + ": No such file or directory");
    f = co_await failure_of(jay::read_file(dir.file("")));
    EXPECT_EQ(f.text, "read " + dir.file("") + " at 0: Is a directory");
    f = co_await failure_of(jay::file::open(dir.file(""), "w"));
    EXPECT_EQ(f.code, EISDIR);
    EXPECT_THROW((void)jay::file::open(std::string("a\0b", 3)), std::invalid_argument);
    jay::file none;
    f = co_await failure_of(none.write_all("x"));
    EXPECT_EQ(f.code, EBADF);
    f = co_await failure_of(none.fsync());
    EXPECT_EQ(f.code, EBADF);
  };
  run(main);
}

TEST_P(RealFile, AFullDiskTellsHowMuchWasWritten) {
  auto main = []() -> jay::task<> {
    jay::file full = co_await jay::file::open("/dev/full", "r+");
    failure f = co_await failure_of(full.write_all("hello"));
    EXPECT_EQ(f.code, ENOSPC);
    EXPECT_EQ(f.text, "write /dev/full at 0, 0 of 5 bytes written: No space left on device");
  };
  run(main);
}

TEST_P(RealFile, OneThatShrinksIsReadAsFarAsItGoes) {
  auto main = [&]() -> jay::task<> {
    co_await jay::write_file(dir.file("a"), pattern(100'000));
    jay::file f = co_await jay::file::open(dir.file("a"));
    EXPECT_EQ(::truncate(dir.file("a").c_str(), 10), 0);
    std::string text = co_await f.read_all();
    EXPECT_EQ(text, pattern(100'000).substr(0, 10));
  };
  run(main);
}

// It says that its size is 0, and has nothing after the first read, be that of one byte.
TEST_P(RealFile, ASysctlIsReadWhole) {
  auto main = []() -> jay::task<> {
    const std::string name = "/proc/sys/kernel/pid_max";
    std::ifstream in(name);
    const std::string right(std::istreambuf_iterator<char>(in), {});
    EXPECT_GT(right.size(), 1u);
    std::string text = co_await jay::read_file(name);
    EXPECT_EQ(text, right);
    jay::file f = co_await jay::file::open(name);
    text = co_await f.read_all();
    EXPECT_EQ(text, right);
  };
  run(main);
}

TEST_P(RealFile, FilesWithoutASizeAreReadToTheirEnd) {
  auto main = []() -> jay::task<> {
    std::string text = co_await jay::read_file("/proc/self/status");
    EXPECT_NE(text.find("\nThreads:"), std::string::npos);
  };
  run(main);
}

TEST_P(File, ManyAtATime) {
  auto main = [&]() -> jay::task<> {
    auto one = [](std::string path, std::uint32_t seed) -> jay::task<bool> {
      std::string data = pattern(1000 + seed * 37, seed);
      co_await jay::write_file(path, data);
      std::string back = co_await jay::read_file(path);
      co_return back == data;
    };
    std::vector<jay::task<bool>> all;
    const std::uint32_t n = GetParam() == carried_out::simulated ? 300 : 1500;  // more than a ring has room for
    for (std::uint32_t i = 0; i < n; ++i) all.push_back(one(dir.file(std::to_string(i)), i));
    auto right = co_await jay::gather(std::move(all));
    int wrong = 0;
    for (bool r : right) wrong += !r;
    EXPECT_EQ(wrong, 0);
  };
  run(main);
}

TEST_P(File, ClosingWhileAnOperationRunsIsHarmless) {
  auto main = [&]() -> jay::task<> {
    std::string data = pattern(4'000'000);
    for (int i = 0; i < 20; ++i) {
      jay::file f = co_await jay::file::open(dir.file("a"), "w+");
      auto writing = jay::create_task(f.write_all(data));
      auto syncing = jay::create_task(f.fsync());
      f.close();
      jay::file other = co_await jay::file::open(dir.file("b"), "w");
      std::size_t n = co_await writing;
      EXPECT_EQ(n, data.size());
      co_await syncing;
      EXPECT_EQ(other.size(), 0u) << "a number that was used again got the data";
    }
  };
  run(main);
}

TEST_P(File, ACancelledOperationEndsWhenTheKernelIsDone) {
  auto main = [&]() -> jay::task<> {
    std::string data = pattern(16'000'000);
    for (int i = 0; i < 20; ++i) {
      jay::file f = co_await jay::file::open(dir.file("a"), "w+");
      auto writing = jay::create_task(f.write_all(data));
      if (i % 2) co_await jay::sleep(0s);
      writing.cancel();
      auto r = co_await jay::settled(writing);
      EXPECT_TRUE(r.cancelled() || r.value() == data.size());
    }
  };
  run(main);
}

TEST_P(RealFile, AnOpenThatWaitsForAFifosOtherEndIsCancelled) {
  std::string path = dir.file("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  auto main = [&]() -> jay::task<> {
    auto opening = jay::create_task(jay::file::open(path, "w"));
    co_await until_it_waits(opening);
    EXPECT_FALSE(opening.done());
    opening.cancel();
    auto other = jay::create_task(jay::file::open(path, "r"));
    auto r = co_await jay::settled(std::move(opening));
    std::string error;
    try {
      if (!r.cancelled()) (void)r.value();
    } catch (const std::exception& e) {
      error = e.what();
    }
    EXPECT_TRUE(r.cancelled() || r.has_value()) << error;
    jay::file end = co_await std::move(other);
    EXPECT_TRUE(end.is_open());
  };
  run(main);
}

/// Makes io_uring_setup fail as a container's filter does.
bool forbid_io_uring() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

jay::task<int> write_and_read(std::string path) {
  co_await jay::write_file(path, pattern(100'000));
  jay::file f = co_await jay::file::open(path, "r+");
  co_await f.fsync();
  std::string text = co_await jay::read_file(path);
  co_return text == pattern(100'000) ? 0 : 1;
}

[[noreturn]] void write_and_read_without_io_uring(const std::string& path, jay::io_backend b) {
  if (!forbid_io_uring()) std::_Exit(2);
  std::_Exit(jay::run(write_and_read(path), with_backend(b)));
}

TEST(FileDeathTest, WhereIoUringIsForbiddenThePoolDoesIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  scratch_directory dir;
  for (jay::io_backend b : {jay::io_backend::automatic, jay::io_backend::io_uring})
    EXPECT_EXIT(write_and_read_without_io_uring(dir.file("a"), b), testing::ExitedWithCode(0),
                "^jay: io_uring is unavailable .Operation not permitted.; files use the blocking pool\n$");
}

[[noreturn]] void write_beyond_the_limit(const std::string& path) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit few{50'000, 50'000};
  if (::setrlimit(RLIMIT_FSIZE, &few) != 0) std::_Exit(2);
  auto main = [&]() -> jay::task<int> {
    jay::file out = co_await jay::file::open(path, "w");
    std::string data = pattern(100'000);
    failure f = co_await failure_of(out.write_all(data));
    std::fprintf(stderr, "%s\n", f.text.c_str());
    co_return f.code == EFBIG ? 0 : 1;
  };
  std::_Exit(jay::run(main(), with_backend(jay::io_backend::epoll)));
}

TEST(FileDeathTest, TheLimitOnAFilesSizeIsAnErrorWithTheBytesWritten) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  scratch_directory dir;
  EXPECT_EXIT(write_beyond_the_limit(dir.file("a")), testing::ExitedWithCode(0),
              "write .* at 0, 50000 of 100000 bytes written: File too large");
}

}  // namespace
