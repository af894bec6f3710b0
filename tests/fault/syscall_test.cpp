// SPDX-License-Identifier: MIT
// A program that uses all of the runtime runs under strace, which makes system calls fail. Where the call may be tried
// again (EINTR), nobody must notice; where something is really missing, it ends with an error that says what was being
// done and why it failed. It never hangs, and never ends by a signal.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/scratch_directory.hpp"

namespace {

struct outcome {
  int status = -1;  // of waitpid
  std::string text;
};

outcome shell(const std::string& command) {
  outcome o;
  FILE* f = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (std::size_t n = fread(buffer, 1, sizeof buffer, f)) o.text.append(buffer, n);
  o.status = pclose(f);
  return o;
}

/// strace may be missing, or not be allowed to trace here.
bool can_trace() {
  static const bool can = shell("strace -f -o /dev/null true").status == 0;
  return can;
}

class SystemCalls : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_trace()) GTEST_SKIP() << "strace cannot trace here";
  }
  /// `inject` is strace's: SYSCALL:error=E:when=FIRST+STEP. 30 s are for ever.
  outcome run(const std::string& inject, const std::string& options = "") {
    return shell("timeout -s KILL 30 strace -f -qq -o " + folder_.file("trace") + " -e inject=" + inject + " " +
                 JAY_FAULT_PROGRAM + " " + folder_.file("file") + " " + options);
  }
  bool injected() {
    return shell("grep -q INJECTED " + folder_.file("trace")).status == 0;
  }
  jay::testing::scratch_directory folder_;
};

struct call {
  const char* name;
  int first = 1;  // the loader's come before it
};
void PrintTo(const call& c, std::ostream* out) { *out << c.name; }

class InterruptedCall : public SystemCalls, public testing::WithParamInterface<call> {};

TEST_P(InterruptedCall, IsTriedAgain) {
  const std::string name = GetParam().name;
  const int first = GetParam().first;
  for (const std::string& when : {std::to_string(first), std::to_string(first + 1), std::to_string(first + 2) + "+3"}) {
    for (const char* backend : {"--backend epoll", "--backend io_uring"}) {
      outcome o = run(name + ":error=EINTR:when=" + when, backend);
      EXPECT_TRUE(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 0)
          << name << ' ' << when << ' ' << backend << ": " << o.text;
      EXPECT_NE(std::string::npos, o.text.find("well")) << o.text;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Of, InterruptedCall,
                         testing::Values(call{"accept4"}, call{"recvfrom"}, call{"sendto"}, call{"connect"}, call{"epoll_wait"},
                                         call{"io_uring_enter"}, call{"fsync"}, call{"pread64", 9}, call{"pwrite64"}),
                         [](const auto& i) { return std::string(i.param.name); });

/// The C library's own futex calls take no invented error, so for these the signals are real: each goes to any thread.
TEST(InterruptedProgram, ByRealSignalsEverythingGoesOn) {
  jay::testing::scratch_directory folder;
  for (const char* backend : {"epoll", "io_uring"}) {
    outcome o = shell(std::string("timeout -s KILL 30 ") + JAY_FAULT_PROGRAM + " " + folder.file("file") + " --storm 100 --backend " + backend);
    EXPECT_TRUE(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 0) << o.text;
    EXPECT_NE(std::string::npos, o.text.find("well")) << o.text;
  }
}

/// io_uring's own threads are refused too; it then gives an operation up, which nobody must notice.
TEST(MissingThreads, AreDoneWithoutByFiles) {
  jay::testing::scratch_directory folder;
  std::filesystem::permissions(folder.file(""), std::filesystem::perms::all);
  for (const char* backend : {"epoll", "io_uring"}) {
    outcome o = shell(std::string("timeout -s KILL 30 ") + JAY_FAULT_PROGRAM + " " + folder.file("file") + " --threads few --backend " + backend);
    EXPECT_TRUE(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 0) << backend << ": " << o.text;
    EXPECT_NE(std::string::npos, o.text.find("well")) << backend << ": " << o.text;
  }
}

struct missing {
  const char *call, *error, *when;
  bool well;  // nobody notices: it is tried again, or done without
};
void PrintTo(const missing& m, std::ostream* out) { *out << m.call << ' ' << m.error; }

class Refused : public SystemCalls, public testing::WithParamInterface<missing> {};

TEST_P(Refused, IsAClearErrorOrDoneWithout) {
  const missing& m = GetParam();
  outcome o = run(std::string(m.call) + ":error=" + m.error + ":when=" + m.when);
  ASSERT_TRUE(WIFEXITED(o.status)) << "killed: " << o.text;
  EXPECT_LE(WEXITSTATUS(o.status), 1) << o.text;
  EXPECT_TRUE(injected());
  if (m.well) EXPECT_EQ(0, WEXITSTATUS(o.status)) << o.text;
  else EXPECT_NE(std::string::npos, o.text.find("error: ")) << o.text;
}
INSTANTIATE_TEST_SUITE_P(
    Of, Refused,
    testing::Values(missing{"accept4", "ECONNABORTED", "1", true}, missing{"accept4", "EPROTO", "1", true},
                    missing{"accept4", "ENFILE", "1", true}, missing{"accept4", "EMFILE", "2", true},
                    missing{"accept4", "ENOMEM", "1", true}, missing{"accept4", "ENOBUFS", "1+2", true},
                    missing{"connect", "ENETUNREACH", "1", false}, missing{"connect", "EADDRNOTAVAIL", "1", false},
                    missing{"recvfrom", "ECONNRESET", "5", false}, missing{"recvfrom", "ENOMEM", "5", false},
                    missing{"epoll_create1", "EMFILE", "1", false}, missing{"eventfd2", "EMFILE", "1", false},
                    missing{"timerfd_create", "EMFILE", "1", false}, missing{"socket", "EMFILE", "1", false},
                    missing{"bind", "EACCES", "1", false}, missing{"listen", "EADDRINUSE", "1", false},
                    missing{"io_uring_setup", "ENOSYS", "1", true}, missing{"io_uring_setup", "EPERM", "1", true},
                    missing{"io_uring_setup", "ENOMEM", "1", true}, missing{"membarrier", "ENOSYS", "1", true},
                    missing{"sched_getaffinity", "EINVAL", "1", true}, missing{"sched_getattr", "EPERM", "1+1", true}),
    [](const auto& i) { return std::string(i.param.call) + "_" + i.param.error; });

/// Time goes by the monotonic clock: what the wall clock does is nobody's concern here.
TEST(WallClock, JumpsMoveNoTimer) {
  if (shell("command -v faketime").status != 0) GTEST_SKIP() << "faketime is not installed";
  jay::testing::scratch_directory folder;
  const std::string clock = folder.file("clock");
  // An hour on, an hour back, and on again, every 20 ms. By rename: faketime never reads a file that is half written.
  outcome o = shell("set_clock() { echo $1 > " + clock + ".new; mv " + clock + ".new " + clock + "; }; set_clock +0; " +
                    "(for i in 1 2 3 4 5 6; do sleep 0.02; set_clock +1h; sleep 0.02; set_clock -1h; done) & " +
                    "FAKETIME_TIMESTAMP_FILE=" + clock +
                    " FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$(ls "
                    "/usr/lib/*/faketime/libfaketimeMT.so.1) timeout -s KILL 20 " +
                    JAY_FAULT_PROGRAM + " unused --sleep 100; echo $?; wait");
  int took = -1, status = -1;
  ASSERT_EQ(2, std::sscanf(o.text.c_str(), "%d %d", &took, &status)) << o.text;
  EXPECT_EQ(0, status) << o.text;
  EXPECT_GE(took, 200);
  EXPECT_LT(took, 15'000);  // not an hour: that is all that is asked
}

}  // namespace
