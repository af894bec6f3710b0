// SPDX-License-Identifier: MIT
// `jay ps` and `jay pstree` as a user meets them. The program that they look at is this one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include <jay/jay.hpp>

namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

struct outcome {
  int code = -1;
  std::string out;  // standard error too
};

outcome jay_command(const std::string& words) {
  std::FILE* pipe = ::popen(("'" JAY_COMMAND "' " + words + " 2>&1 </dev/null").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  outcome o;
  char part[512];
  while (std::fgets(part, sizeof part, pipe) != nullptr) o.out += part;
  const int status = ::pclose(pipe);
  o.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return o;
}

std::string self() { return std::to_string(::getpid()); }

jay::config inspected() {
  jay::config c = jay::config();
  c.debug.inspect = true;
  return c;
}

jay::task<> sleeper(jay::event& end) { co_await end.wait(); }

/// What `jay words` says while a task named "sleeper" waits.
outcome beside_a_sleeper(const jay::config& c, const std::string& words) {
  auto body = [&]() -> jay::task<outcome> {
    jay::event end;
    auto h = jay::create_task(jay::task_options().name("sleeper"), sleeper(end));
    while (h.call_graph().waits_for.empty()) co_await jay::sleep(std::chrono::seconds(0));
    auto call = [&] { return jay_command(words); };
    outcome o = co_await jay::to_thread(call);
    end.set();
    co_await h;
    co_return o;
  };
  return jay::run(body(), c);
}

TEST(JayPs, ListsTheTasksOfARunningProgram) {
  const outcome o = beside_a_sleeper(inspected(), "ps " + self());
  EXPECT_EQ(o.code, 0) << o.out;
  EXPECT_THAT(o.out, ContainsRegex("^task +state +waits for +coroutine stack +awaited by\n"));
  EXPECT_THAT(o.out, ContainsRegex("sleeper +suspended +event.wait +[a-z0-9_:]*sleeper\n"));
  EXPECT_THAT(o.out, HasSubstr("\n2 tasks\n"));
}

TEST(JayPs, ShowsThemAsATree) {
  const outcome o = beside_a_sleeper(inspected(), "pstree " + self());
  EXPECT_EQ(o.code, 0) << o.out;
  EXPECT_THAT(o.out, ContainsRegex("── \\(T\\) sleeper\n +└── [a-z0-9_:]*sleeper jay_ps_test.cpp:[0-9]+ \\(event.wait\\)\n"));
}

TEST(JayPs, DebugModeAnswersToo) {
  jay::config c = jay::config();
  c.debug.enabled = true;
  EXPECT_EQ(beside_a_sleeper(c, "ps " + self()).code, 0);
}

TEST(JayPs, AnswersWhileEveryWorkerIsBusy) {
  jay::config c = inspected();
  c.scheduler.workers = 1;
  auto body = []() -> jay::task<outcome> { co_return jay_command("ps " + self()); };  // in the middle of a step
  const outcome o = jay::run(body(), c);
  EXPECT_EQ(o.code, 0) << o.out;
  EXPECT_THAT(o.out, ContainsRegex("running\n1 task\n"));
}

TEST(JayPs, NamesEachRuntimeOfTheProcess) {
  jay::event_loop other(inspected());
  const outcome o = beside_a_sleeper(inspected(), "ps " + self());
  other.close();
  EXPECT_EQ(o.code, 0) << o.out;
  EXPECT_THAT(o.out, ContainsRegex("^runtime [0-9]+:\n"));
  EXPECT_THAT(o.out, ContainsRegex("\n\nruntime [0-9]+:\n"));
}

TEST(JayPs, SaysHowAProgramComesToAnswer) {
  jay::config c = jay::config();
  c.debug.enabled = c.debug.inspect = false;
  const outcome o = beside_a_sleeper(c, "ps " + self());
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "jay: process " + self() +
                       " runs no jay runtime that answers; a program answers in debug mode (JAY_DEBUG=1) or with debug.inspect = "
                       "true (JAY_DEBUG_INSPECT=1)\n");
}

TEST(JayPs, NamesAProcessThatIsNotThere) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const outcome o = jay_command("pstree " + std::to_string(child));
  EXPECT_EQ(o.code, 1);
  EXPECT_EQ(o.out, "jay: there is no process " + std::to_string(child) + "\n");
}

TEST(JayPs, RefusesWhatIsNoProcess) {
  for (const char* words : {"ps", "ps 0", "ps one", "ps 1 2"}) {
    const outcome o = jay_command(words);
    EXPECT_EQ(o.code, 2) << words << ": " << o.out;
    EXPECT_THAT(o.out, HasSubstr("'jay ps --help' shows what there is\n")) << words;
  }
}

TEST(JayPs, NothingIsLeftWhenTheRunHasEnded) {
  (void)beside_a_sleeper(inspected(), "ps " + self());
  EXPECT_EQ(jay_command("ps " + self()).code, 1);
}

}  // namespace
