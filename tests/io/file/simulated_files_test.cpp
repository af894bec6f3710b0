// SPDX-License-Identifier: MIT
// The files of jay::testing::run: what goes wrong with them, by a seed. What goes right is in file_test.cpp.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <jay/jay.hpp>
#include <jay/testing.hpp>

#include "tests/support/net.hpp"
#include "tests/support/scratch_directory.hpp"

using namespace std::chrono_literals;
using namespace jay::testing;

namespace {

jay::time_point now() { return jay::get_event_loop().time(); }

options with(file_options f) { return options().files(std::move(f)); }
/// Nothing is drawn but how long a call takes.
file_options whole() { return file_options().short_reads(0).short_writes(0); }
file_options exact(std::chrono::nanoseconds latency) { return whole().latency(latency, latency); }

/// Block by block.
jay::task<> copy(std::string from, std::string to) {
  jay::file in = co_await jay::file::open(from), out = co_await jay::file::open(to, "w");
  std::string block(1000, '\0');
  for (std::uint64_t at = 0;;) {
    std::size_t n = co_await in.pread(jay::writable_bytes_of(block), at);
    if (n == 0) break;
    co_await out.pwrite(jay::bytes_of(block).first(n), at);
    at += n;
  }
  co_await out.fsync();
}

// ---- the seed ----

/// Three copies at once: how each ended, and when.
jay::task<std::string> three_copies() {
  std::string trace;
  auto one = [&trace](int i) -> jay::task<> {
    const std::string to = "/tmp/" + std::to_string(i);
    failure f = co_await failure_of(copy("/data/big", to));
    trace += std::to_string(now().time_since_epoch().count()) + " " + f.text + "\n";
  };
  co_await jay::gather(one(1), one(2), one(3));
  co_return trace;
}

TEST(SimulatedFiles, TheSameSeedGivesTheSameTrace) {
  const options how = with(file_options().file("/data/big", pattern(10'000)).capacity(35'000).errors(0.005));
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const std::string first = jay::testing::run(three_copies(), seed, how);
    EXPECT_EQ(jay::testing::run(three_copies(), seed, how), first) << "seed " << seed;
    seen.insert(first);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(SimulatedFiles, WhatIsDrawnForThemDoesNotChangeTheOrderOfTheJobs) {
  auto body = []() -> jay::task<std::string> {
    std::string order;
    auto one = [&order](char who) -> jay::task<> {
      for (int i = 0; i < 5; ++i) {
        order += who;
        co_await jay::checkpoint();
      }
    };
    co_await jay::write_file("a", "hello");
    co_await jay::gather(one('a'), one('b'), one('c'));
    co_return order;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(jay::testing::run(body(), seed, with(exact(1ms))), jay::testing::run(body(), seed, with(exact(1ms).short_reads(1))));
}

// ---- a full disk ----

TEST(SimulatedFiles, ACopyFindsTheDiskFull) {
  auto body = []() -> jay::task<std::string> {
    failure f = co_await failure_of(copy("/data/big", "/data/copy"));
    EXPECT_EQ(f.code, ENOSPC);
    jay::file left = co_await jay::file::open("/data/copy");
    EXPECT_EQ(left.size(), 4'500u) << "what there is room for is written first";
    co_return f.text;
  };
  const options how = with(file_options().file("/data/big", pattern(10'000)).capacity(14'500));
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    EXPECT_EQ(jay::testing::run(body(), seed, how),
              "write /data/copy at 4000, 500 of 1000 bytes written: No space left on device");
}

TEST(SimulatedFiles, TwoThatFillTheDiskFindItFullWhereTheSeedSays) {
  auto body = []() -> jay::task<std::string> {
    auto fill = [](std::string path) -> jay::task<std::string> {
      jay::file f = co_await jay::file::open(path, "w");
      for (std::uint64_t at = 0;; at += 100) {
        failure why = co_await failure_of(f.pwrite(jay::bytes_of(pattern(100)), at));
        if (why.code != 0) co_return why.text;
      }
    };
    auto [a, b] = co_await jay::gather(fill("a"), fill("b"));
    jay::file left_a = co_await jay::file::open("a"), left_b = co_await jay::file::open("b");
    EXPECT_EQ(left_a.size() + left_b.size(), 5'000u);
    co_return a + "\n" + b;
  };
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string first = jay::testing::run(body(), seed, with(file_options().capacity(5'000)));
    EXPECT_EQ(jay::testing::run(body(), seed, with(file_options().capacity(5'000))), first) << "seed " << seed;
    seen.insert(first);
  }
  EXPECT_GT(seen.size(), 20u);
}

TEST(SimulatedFiles, ThereIsRoomAgainWhenAFileIsEmptied) {
  auto body = []() -> jay::task<> {
    co_await jay::write_file("a", pattern(100));
    failure f = co_await failure_of(jay::write_file("b", "x"));
    EXPECT_EQ(f.code, ENOSPC);
    jay::file a = co_await jay::file::open("a", "r+");
    co_await a.write_all(pattern(100, 2));  // in its place
    co_await jay::file::open("a", "w");
    co_await jay::write_file("b", pattern(100));
  };
  jay::testing::run(body(), 1, with(file_options().capacity(100)));
}

TEST(SimulatedFiles, AFileHasAtMostAGibibyte) {
  auto body = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("a", "w");
    failure why = co_await failure_of(f.pwrite(jay::bytes_of("x"), std::uint64_t{1} << 30));
    EXPECT_EQ(why.text, "write a at 1073741824, 0 of 1 bytes written: File too large");
    why = co_await failure_of(f.pwrite(jay::bytes_of("x"), std::numeric_limits<std::uint64_t>::max() / 2 + 1));
    EXPECT_EQ(why.code, EINVAL);
  };
  jay::testing::run(body(), 1);
}

// ---- short reads and writes ----

TEST(SimulatedFiles, ShortReadsAndWritesLoseNoByte) {
  auto body = []() -> jay::task<> {
    const std::string data = pattern(5'000);
    jay::file f = co_await jay::file::open("a", "x+");
    co_await f.write_all(data);
    std::string all = co_await f.read_all();
    EXPECT_TRUE(all == data);
    std::string some(3'000, '\0');
    std::size_t n = co_await f.pread(jay::writable_bytes_of(some), 1'000);
    EXPECT_EQ(n, 3'000u);
    EXPECT_TRUE(some == data.substr(1'000, 3'000));
    n = co_await f.pread(jay::writable_bytes_of(some), 4'000);
    EXPECT_EQ(n, 1'000u);
  };
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    jay::testing::run(body(), seed, with(file_options().short_reads(1).short_writes(1)));
  }
}

/// How long a write and a read of ten bytes take, in calls of 1 ms.
jay::task<std::pair<int, int>> calls_of_ten_bytes() {
  jay::file f = co_await jay::file::open("a", "w+");
  const jay::time_point begun = now();
  co_await f.write_all("0123456789");
  const jay::time_point written = now();
  std::string ten(10, '\0');
  co_await f.pread(jay::writable_bytes_of(ten), 0);
  co_return std::pair<int, int>((written - begun) / 1ms, (now() - written) / 1ms);
}

TEST(SimulatedFiles, AnOperationTakesACallAndOneMoreForEachShortOne) {
  EXPECT_EQ(jay::testing::run(calls_of_ten_bytes(), 1, with(exact(1ms))), (std::pair<int, int>(1, 1)));
  std::set<int> writes, reads;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    auto [w, r] = jay::testing::run(calls_of_ten_bytes(), seed, with(exact(1ms).short_reads(1).short_writes(1)));
    writes.insert(w);
    reads.insert(r);
  }
  EXPECT_GE(writes.size(), 6u);
  EXPECT_GE(reads.size(), 6u);
  EXPECT_GE(std::min(*writes.begin(), *reads.begin()), 2);
  EXPECT_LE(std::max(*writes.rbegin(), *reads.rbegin()), 10);
}

TEST(SimulatedFiles, WhatTwoAppendIsTornByShortWritesOnly) {
  auto body = []() -> jay::task<std::string> {
    auto log = [](std::string line) -> jay::task<> {
      jay::file f = co_await jay::file::open("log", "a");
      for (int i = 0; i < 5; ++i) co_await f.write_all(line);
    };
    co_await jay::gather(log("aaaa\n"), log("bbbb\n"));
    std::string all = co_await jay::read_file("log");
    EXPECT_EQ(all.size(), 50u);
    co_return all;
  };
  auto is_torn = [](const std::string& all) {
    for (std::size_t at = 0; at < all.size(); at += 5)
      if (std::string line = all.substr(at, 5); line != "aaaa\n" && line != "bbbb\n") return true;
    return false;
  };
  int torn = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_FALSE(is_torn(jay::testing::run(body(), seed, with(whole())))) << "seed " << seed;
    torn += is_torn(jay::testing::run(body(), seed));
  }
  EXPECT_GT(torn, 5);
}

// ---- time ----

TEST(SimulatedFiles, LatencyIsDrawnBetweenTheTwo) {
  auto body = []() -> jay::task<int> {
    const jay::time_point begun = now();
    co_await jay::file::open("a", "w");
    co_return (now() - begun) / 1ms;
  };
  std::set<int> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) seen.insert(jay::testing::run(body(), seed, with(file_options().latency(3ms, 6ms))));
  EXPECT_EQ(seen, (std::set<int>{3, 4, 5}));
}

TEST(SimulatedFiles, ATimeLimitEndsAnOperationThatTakesTooLong) {
  auto body = []() -> jay::task<jay::time_point::duration> {
    const jay::time_point begun = now();
    auto too_long = jay::wait_for(jay::read_file("a"), 1s);
    bool over = false;
    try {
      co_await std::move(too_long);
    } catch (const jay::timeout_error&) {
      over = true;
    }
    EXPECT_TRUE(over);
    co_return now() - begun;
  };
  std::set<jay::time_point::duration> took;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) took.insert(jay::testing::run(body(), seed, with(exact(1min).file("a", "x"))));
  // The system takes the call back, or finishes it; which of the two is drawn.
  EXPECT_EQ(took, (std::set<jay::time_point::duration>{1s, 1min}));
}

// ---- cancels ----

/// What became of a write and of its cancel, 5 ms later.
jay::task<std::string> cancelled_write() {
  jay::file f = co_await jay::file::open("a", "w+");
  auto data = std::make_unique<std::string>("0123456789");  // goes as soon as the task has ended
  auto writing = jay::create_task(f.write_all(*data));
  co_await jay::sleep(5ms);
  writing.cancel();
  auto r = co_await jay::settled(writing);
  data.reset();
  co_await jay::sleep(1s);
  std::string left = co_await f.read_all();
  EXPECT_TRUE(std::string("0123456789").starts_with(left)) << left;
  if (!r.cancelled()) {
    EXPECT_EQ(left.size(), r.value());
  }
  co_return (r.cancelled() ? "cancelled with " : "written with ") + std::to_string(left.size());
}

TEST(SimulatedFiles, ACancelledWriteHasWrittenNothingOrAll) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) seen.insert(jay::testing::run(cancelled_write(), seed, with(exact(10ms))));
  EXPECT_EQ(seen, (std::set<std::string>{"cancelled with 0", "written with 10"}));
}

TEST(SimulatedFiles, ACancelledWriteHasWrittenAPartWhereItWasShort) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 300; ++seed)
    seen.insert(jay::testing::run(cancelled_write(), seed, with(exact(3ms).short_writes(0.9))));
  EXPECT_TRUE(seen.contains("cancelled with 1"));
  EXPECT_TRUE(seen.contains("cancelled with 9"));
  EXPECT_TRUE(seen.contains("written with 10"));
  EXPECT_FALSE(seen.contains("cancelled with 0")) << "the first call has ended before the cancel";
}

TEST(SimulatedFiles, ABufferIsNotTouchedWhenACancelledReadHasEnded) {
  auto body = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("a");
    std::vector<jay::task_handle<std::size_t>> reading;
    std::vector<std::string> buffers(20, std::string(100, '\0'));
    for (std::string& b : buffers) reading.push_back(jay::create_task(f.pread(jay::writable_bytes_of(b), 0)));
    co_await jay::sleep(1ms);
    for (auto& r : reading) r.cancel();
    for (auto& r : reading) {
      auto ended = co_await jay::settled(r);
      EXPECT_TRUE(ended.cancelled() || ended.value() == 100);
    }
    buffers.clear();
    co_await jay::sleep(1s);
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    jay::testing::run(body(), seed, with(file_options().latency(100us, 2ms).file("a", pattern(100))));
}

TEST(SimulatedFiles, ACancelledOpenHasCreatedTheFileOrNot) {
  auto body = []() -> jay::task<bool> {
    auto opening = jay::create_task(jay::file::open("a", "x"));
    co_await jay::sleep(5ms);
    opening.cancel();
    auto r = co_await jay::settled(std::move(opening));
    failure f = co_await failure_of(jay::file::open("a"));
    EXPECT_EQ(r.cancelled(), f.code == ENOENT) << f.text;
    co_return r.cancelled();
  };
  std::set<bool> seen;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) seen.insert(jay::testing::run(body(), seed, with(exact(10ms))));
  EXPECT_EQ(seen.size(), 2u);
}

TEST(SimulatedFiles, WhatIsUnderWayAtTheEndOfTheRunIsCancelled) {
  auto body = []() -> jay::task<> {
    static std::string buffer(10'000, '\0');
    jay::file f = co_await jay::file::open("a");
    for (int i = 0; i < 10; ++i) (void)jay::create_task(f.pread(jay::writable_bytes_of(buffer).subspan(i, 1'000), 0));
    co_await jay::checkpoint();
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) jay::testing::run(body(), seed, with(file_options().file("a", pattern(1'000))));
}

// ---- errors ----

TEST(SimulatedFiles, ErrorsAreDrawnAndNameTheFile) {
  auto body = []() -> jay::task<std::string> {
    jay::file f = co_await jay::file::open("/data/a", "r+");
    failure why = co_await failure_of(f.write_all("hello"));
    if (why.code != 0) co_return why.text;
    std::string back(5, '\0');
    why = co_await failure_of(f.pread(jay::writable_bytes_of(back), 2));
    if (why.code != 0) co_return why.text;
    why = co_await failure_of(f.fsync());
    co_return why.text;
  };
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    seen.insert(jay::testing::run(body(), seed, with(whole().file("/data/a", "").errors(0.3))));
  EXPECT_EQ(seen, (std::set<std::string>{"write /data/a at 0, 0 of 5 bytes written: Input/output error",
                                         "read /data/a at 2: Input/output error", "read /data/a at 5: Input/output error",
                                         "fsync /data/a: Input/output error", "(nothing)"}));
}

/// What opens, reads and writes of these paths and modes say, below `root`.
jay::task<std::vector<std::string>> answers(std::string root) {
  co_await jay::write_file(root + "/file", "hello");
  std::vector<std::string> all;
  for (const char* path : {"/file", "/new", "/none/new", "/file/x", "/file/", "/file/.", "/.", "/..", "/dir", "/dir/", "/dir/x",
                           "/dir/./y", "/dir/../z", "/dir//w", "/v/", "/dir/none/", "//file"}) {
    for (const char* mode : {"r", "r+", "w", "a", "x", "w+", "a+"}) {
      std::string said = std::string(path) + " " + mode + ":";
      try {
        jay::file f = co_await jay::file::open(root + path, mode);
        failure why = co_await failure_of(f.write_all("bye", 7));
        said += " " + std::to_string(why.code);
        char two[2];
        why = co_await failure_of(f.pread(std::as_writable_bytes(std::span(two)), 1));
        said += " " + std::to_string(why.code);
        if (why.code != EISDIR) said += " of " + std::to_string(f.size());
        why = co_await failure_of(f.fsync());
        said += " " + std::to_string(why.code);
      } catch (const std::system_error& e) {
        said += std::string(" ") + std::strerror(e.code().value());
      }
      all.push_back(said);
    }
  }
  for (const std::string& path : {std::string(), root + "/" + std::string(256, 'x'), root + "/" + std::string(4096, 'x'),
                                  root + "/" + std::string(255, 'x')}) {
    failure f = co_await failure_of(jay::file::open(path, "w"));
    all.push_back(path.substr(0, 300) + ": " + std::to_string(f.code));
  }
  co_return all;
}

TEST(SimulatedFiles, ErrorsAreThoseOfTheKernel) {
  scratch_directory real;
  std::filesystem::create_directory(real.file("dir"));
  const std::vector<std::string> expected = jay::run(answers(real.file(".")));
  const options how = with(file_options().directory(real.file("dir")));
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<std::string> here = jay::testing::run(answers(real.file(".")), seed, how);
    ASSERT_EQ(here.size(), expected.size());
    for (std::size_t i = 0; i < here.size(); ++i) EXPECT_EQ(here[i], expected[i]) << "seed " << seed;
  }
}

TEST(SimulatedFiles, PermissionsOfTheOwnerCount) {
  auto body = []() -> jay::task<> {
    failure f = co_await failure_of(jay::file::open("/etc/secret"));
    EXPECT_EQ(f.text, "open /etc/secret: Permission denied");
    f = co_await failure_of(jay::file::open("/etc/fixed", "r+"));
    EXPECT_EQ(f.code, EACCES);
    std::string text = co_await jay::read_file("/etc/fixed");
    EXPECT_EQ(text, "1");
    jay::file made = co_await jay::file::open("own", "x", 0400);
    co_await made.write_all("it is open already");
    f = co_await failure_of(jay::file::open("own", "a"));
    EXPECT_EQ(f.code, EACCES);
  };
  jay::testing::run(body(), 1, with(file_options().file("/etc/secret", "2", 0200).file("/etc/fixed", "1", 0444)));
}

TEST(SimulatedFiles, OptionsThatCannotBeAreRefused) {
  file_options o;
  EXPECT_THROW(o.short_reads(2), std::invalid_argument);
  EXPECT_THROW(o.short_writes(-1), std::invalid_argument);
  EXPECT_THROW(o.errors(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  EXPECT_THROW(o.latency(2ms, 1ms), std::invalid_argument);
  auto why = [](file_options f) {
    auto nothing = []() -> jay::task<> { co_return; };
    try {
      jay::testing::run(nothing(), 1, with(std::move(f)));
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(why(file_options().file("/a/b", "").file("/a", "")),
            "file_options: file(\"/a\"): 'a' is there already, as a directory");
  EXPECT_EQ(why(file_options().file("/a", "").directory("/a/b")),
            "file_options: directory(\"/a/b\"): 'a' is there already, as a file");
  EXPECT_EQ(why(file_options().file("/a/", "")), "file_options: file(\"/a/\"): that is the path of a directory");
  EXPECT_EQ(why(file_options().file("", "")), "file_options: file(\"\"): that is the path of a directory");
  EXPECT_EQ(why(file_options().directory("/a/../b")), "file_options: directory(\"/a/../b\"): '..' cannot be in it");
  EXPECT_EQ(why(file_options().file("a", "12345").capacity(4)), "file_options: the files have 5 bytes, and capacity() is 4");
  EXPECT_EQ(why(file_options().directory("/a/b").directory("/a").directory("/").file("/a/c", "x")), "");
}

// ---- machines, and what is outside ----

TEST(SimulatedFiles, EachHostHasFilesOfItsOwn) {
  auto body = []() -> jay::task<> {
    host a("10.0.0.1"), b("10.0.0.2");
    auto note = [](std::string text) -> jay::task<std::string> {
      std::string config = co_await jay::read_file("/etc/config");
      co_await jay::write_file("/tmp/note", text);
      co_await jay::sleep(1s);
      std::string back = co_await jay::read_file("/tmp/note");
      co_return config + back;
    };
    auto on_a = a.create_task(note("from a")), on_b = b.create_task(note("from b"));
    std::string from_a = co_await on_a, from_b = co_await on_b;
    EXPECT_EQ(from_a + from_b, "the same, from athe same, from b");
    failure f = co_await failure_of(jay::file::open("/tmp/note"));
    EXPECT_EQ(f.code, ENOENT);
  };
  jay::testing::run(body(), 1, with(file_options().file("/etc/config", "the same, ")));
}

TEST(SimulatedFiles, NoneIsLeftForTheNextRun) {
  auto body = []() -> jay::task<> { co_await jay::file::open("a", "x"); };
  for (int i = 0; i < 2; ++i) jay::testing::run(body(), 1);
}

TEST(SimulatedFiles, NoDescriptorIsOpenedAndNothingIsWritten) {
  auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  scratch_directory dir;
  auto body = [&]() -> jay::task<> {
    const auto before = open_descriptors();
    std::vector<jay::file> files;
    for (int i = 0; i < 2'000; ++i) files.push_back(co_await jay::file::open(dir.file(std::to_string(i)), "w"));
    co_await files[0].write_all("x");
    EXPECT_EQ(files[0].native_handle(), -1);
    EXPECT_TRUE(files[0].is_open());
    EXPECT_TRUE(files[0].seekable());
    EXPECT_EQ(files[0].path(), dir.file("0"));
    EXPECT_EQ(open_descriptors(), before);
  };
  jay::testing::run(body(), 1, with(file_options().directory(dir.file(""))));
  EXPECT_FALSE(std::filesystem::exists(dir.file("0")));
}

TEST(SimulatedFiles, OneThatIsKeptBeyondItsRunIsOfNoUse) {
  std::optional<jay::file> kept;
  auto keep = [&]() -> jay::task<> {
    kept = co_await jay::file::open("a", "w+");
    co_await kept->write_all("hello");
  };
  jay::testing::run(keep(), 1);
  EXPECT_EQ(kept->size(), 5u);
  auto use = [&]() -> jay::task<std::string> {
    failure f = co_await failure_of(kept->read_all());
    co_return f.text;
  };
  EXPECT_EQ(jay::run(use()), "read a at 0: Bad file descriptor");
  EXPECT_EQ(jay::testing::run(use(), 1), "read a at 0: Bad file descriptor");
}

TEST(SimulatedFiles, ARealOneThatWasOpenedBeforeIsReadAndWritten) {
  scratch_directory dir;
  std::optional<jay::file> real;
  auto open = [&]() -> jay::task<> { real = co_await jay::file::open(dir.file("a"), "w+"); };
  jay::run(open());
  auto use = [&]() -> jay::task<> {
    const jay::time_point begun = now();
    const std::string data = pattern(2'000'000);
    co_await real->write_all(data);
    co_await real->fsync();
    ::posix_fadvise(real->native_handle(), 0, 0, POSIX_FADV_DONTNEED);
    std::string back = co_await real->read_all();
    EXPECT_TRUE(back == data);
    EXPECT_EQ(now(), begun) << "a step takes no time";
  };
  jay::testing::run(use(), 1);
}

// ---- the power fails ----

/// What `read_file` finds after a failure of the power that followed `before`.
template <class F>
std::set<std::string> found_afterwards(F before, int seeds, file_options how = {}) {
  auto body = [&]() -> jay::task<std::string> {
    co_await before();
    lose_unsynced();
    std::string text;
    try {
      text = co_await jay::read_file("/data/a");
    } catch (const std::system_error& e) {
      text = e.code().value() == ENOENT ? "(none)" : e.what();
    }
    co_return text;
  };
  std::set<std::string> found;
  for (int seed = 1; seed <= seeds; ++seed) found.insert(jay::testing::run(body(), static_cast<std::uint64_t>(seed), with(how)));
  return found;
}

TEST(SimulatedFiles, WhatIsSyncedOutlastsTheFailureOfThePower) {
  auto before = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("/data/a", "w");
    co_await f.write_all("hello");
    co_await f.fsync();
    jay::file directory = co_await jay::file::open("/data");
    co_await directory.fsync();
  };
  EXPECT_EQ(found_afterwards(before, 50, file_options().directory("/data")), (std::set<std::string>{"hello"}));
}

TEST(SimulatedFiles, WithoutASyncAWriteIsKeptLostOrTorn) {
  auto before = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("/data/a", "r+");
    co_await f.write_all("NEW");
  };
  EXPECT_EQ(found_afterwards(before, 200, whole().file("/data/a", "old")),
            (std::set<std::string>{"old", "Nld", "NEd", "NEW"}));
}

TEST(SimulatedFiles, WithoutASyncOfTheDirectoryANewFileMayBeGone) {
  auto before = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("/data/a", "w");
    co_await f.write_all("hello");
    co_await f.fsync();
  };
  EXPECT_EQ(found_afterwards(before, 50, file_options().directory("/data")), (std::set<std::string>{"hello", "(none)"}));
}

TEST(SimulatedFiles, AFileThatIsReplacedInPlaceMayBeEmptyAfterwards) {
  auto before = []() -> jay::task<> { co_await jay::write_file("/data/a", "new"); };
  // It was emptied or not; and what is new was written, or not, or in part.
  EXPECT_EQ(found_afterwards(before, 300, whole().file("/data/a", "before")),
            (std::set<std::string>{"before", "nefore", "newore", "", "n", "ne", "new"}));
}

TEST(SimulatedFiles, OfManyWritesTheOldestAreOnTheDiskWithoutASync) {
  auto body = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("/data/a", "a");
    for (int i = 0; i < 1'500; ++i) co_await f.write_all("x");
    lose_unsynced();
    std::string text = co_await jay::read_file("/data/a");
    EXPECT_GT(text.size(), 500u);
    EXPECT_LE(text.size(), 1'500u);
    EXPECT_EQ(text.substr(0, 500), std::string(500, 'x'));
    EXPECT_NE(text, std::string(1'500, 'x'));
  };
  jay::testing::run(body(), 1, with(whole().file("/data/a", "")));
}

TEST(SimulatedFiles, WhatIsOpenWhenThePowerFailsGivesErrors) {
  auto body = []() -> jay::task<> {
    jay::file f = co_await jay::file::open("/data/a", "r+");
    auto reading = jay::create_task(f.read_all());
    co_await jay::checkpoint();
    lose_unsynced();
    failure why = co_await failure_of(std::move(reading));
    EXPECT_EQ(why.text, "read /data/a at 0: Input/output error");
    why = co_await failure_of(f.write_all("x"));
    EXPECT_EQ(why.code, EIO);
    why = co_await failure_of(f.fsync());
    EXPECT_EQ(why.code, EIO);
    std::string text = co_await jay::read_file("/data/a");
    EXPECT_EQ(text, "hello");
  };
  jay::testing::run(body(), 1, with(exact(1s).file("/data/a", "hello")));
}

TEST(SimulatedFiles, ThePowerFailsOnOneMachine) {
  auto body = []() -> jay::task<> {
    host a("10.0.0.1");
    auto fails = []() -> jay::task<> {
      jay::file f = co_await jay::file::open("a", "w");
      lose_unsynced();
      failure why = co_await failure_of(f.write_all("x"));
      EXPECT_EQ(why.code, EIO);
    };
    jay::file f = co_await jay::file::open("a", "w");
    auto failing = a.create_task(fails());
    co_await failing;
    co_await f.write_all("x");
  };
  jay::testing::run(body(), 1);
}

TEST(SimulatedFiles, TheRoomOfWhatIsLostIsFree) {
  auto body = []() -> jay::task<> {
    for (int i = 0; i < 20; ++i) {
      failure f = co_await failure_of(jay::write_file("a", pattern(100)));
      EXPECT_EQ(f.text, "(nothing)");
      lose_unsynced();
      co_await jay::write_file("a", "");  // of whatever it has kept
    }
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) jay::testing::run(body(), seed, with(file_options().capacity(100)));
}

TEST(SimulatedFiles, OutsideOfARunNothingCanBeLost) {
  auto body = []() -> jay::task<> {
    failure f = co_await failure_of([]() -> jay::task<> {
      lose_unsynced();
      co_return;
    }());
    EXPECT_EQ(f.text, "lose_unsynced: only the files of jay::testing::run can be lost");
  };
  jay::run(body());
  EXPECT_THROW(lose_unsynced(), std::runtime_error);
}

}  // namespace
