// SPDX-License-Identifier: MIT
// The tasks of a runtime as a table and as a tree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <jay/call_graph.hpp>
#include <jay/create_task.hpp>
#include <jay/event.hpp>
#include <jay/gather.hpp>
#include <jay/scheduler.hpp>
#include <jay/task_group.hpp>

#include "tests/support/run_on.hpp"

namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

namespace app {
jay::task<> album(jay::event& e) { co_await e.wait(); }
jay::task<> waits(jay::task_handle<> h) { co_await h; }
jay::task<> shows(jay::event& e) { co_await album(e); }
}  // namespace app

jay::task_options named(const char* name) { return jay::task_options().name(name); }

/// What it says while `main`, which is given the event that ends it, has come to wait.
template <class Main>
std::string in_asyncio_order(Main main, std::string (*format)()) {
  jay::scheduler s(jay::testing::in_asyncio_order());
  std::string text;
  auto body = [&]() -> jay::task<> {
    jay::event end;
    auto h = jay::create_task(named("main task"), main(end));
    for (int i = 0; i < 20; ++i) co_await jay::testing::yield();
    text = format();
    end.set();
    co_await h;
  };
  jay::testing::run_on(s, body());
  return text;
}

/// The lines of the tree without those of the test's own task, from `first` on, and without the numbers of lines.
std::string below(const std::string& text, const std::string& first) {
  std::string tree;
  bool in = false;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    std::string line = text.substr(at, end - at);
    in = in || line.find(first) != std::string::npos;
    if (const auto digits = line.find(".cpp:"); digits != std::string::npos) {
      const auto from = digits + 5;
      line.erase(from, line.find_first_not_of("0123456789", from) - from);
    }
    if (in) tree += line + "\n";
  }
  return tree;
}

TEST(TaskListing, ShowsTheCoroutinesOfATaskAndWhatTheyWaitFor) {
  auto main = [](jay::event& e) { return app::shows(e); };
  EXPECT_EQ(below(in_asyncio_order(main, jay::format_task_tree), "main task"),
      "└── (T) main task\n"
      "    └── app::shows task_listing_test.cpp:\n"
      "        └── app::album task_listing_test.cpp: (event.wait)\n"
      "2 tasks\n");
  const std::string table = in_asyncio_order(main, jay::format_task_table);
  EXPECT_THAT(table, HasSubstr("task       state      waits for   coroutine stack           awaited by\n"));
  EXPECT_THAT(table, HasSubstr("main task  suspended  event.wait  app::album -> app::shows\n"));
  EXPECT_THAT(table, ContainsRegex("main +running\n"));
  EXPECT_THAT(table, HasSubstr("\n2 tasks\n"));
}

TEST(TaskListing, ATaskHangsBelowTheOneThatAwaitsIt) {
  auto main = [](jay::event& e) { return app::waits(jay::create_task(named("child"), app::album(e))); };
  EXPECT_EQ(below(in_asyncio_order(main, jay::format_task_tree), "main task"),
      "└── (T) main task\n"
      "    └── app::waits task_listing_test.cpp: (child)\n"
      "        └── (T) child\n"
      "            └── app::album task_listing_test.cpp: (event.wait)\n"
      "3 tasks\n");
  EXPECT_THAT(in_asyncio_order(main, jay::format_task_table), ContainsRegex("child +suspended +event.wait +app::album +main task\n"));
}

jay::task<> in_a_group(jay::event& e) {
  auto start = [&](jay::task_group& group) -> jay::task<> {
    group.create_task(named("one"), app::album(e));
    group.create_task(named("two"), app::album(e));
    co_return;
  };
  co_await jay::with_task_group(start);
}

TEST(TaskListing, TheTasksOfAGroupHangBelowItsOwner) {
  const std::string tree = in_asyncio_order([](jay::event& e) { return in_a_group(e); }, jay::format_task_tree);
  EXPECT_EQ(below(tree, "main task"),
      "└── (T) main task\n"
      "    └── in_a_group task_listing_test.cpp: (task_group)\n"
      "        ├── (T) one\n"
      "        │   └── app::album task_listing_test.cpp: (event.wait)\n"
      "        └── (T) two\n"
      "            └── app::album task_listing_test.cpp: (event.wait)\n"
      "4 tasks\n");
}

jay::task<> in_a_gather(jay::event& e) {
  auto h = jay::create_task(named("child"), app::album(e));
  co_await jay::gather(app::shows(e), app::waits(h));
}

TEST(TaskListing, TheChildrenOfAGatherAreShownEach) {
  const std::string tree = in_asyncio_order([](jay::event& e) { return in_a_gather(e); }, jay::format_task_tree);
  EXPECT_THAT(tree, HasSubstr("in_a_gather task_listing_test.cpp:"));
  EXPECT_THAT(tree, HasSubstr("child of the gather\n"));
  EXPECT_THAT(below(tree, "app::waits"), HasSubstr("app::waits task_listing_test.cpp: (child)\n"));
  // below the child that awaits it, and there alone
  EXPECT_THAT(tree, ContainsRegex("app::waits [^\n]*\n[^\n]*\\(T\\) child\n[^\n]*app::album"));
  EXPECT_EQ(tree.find("(T) child"), tree.rfind("(T) child"));
}

TEST(TaskListing, WhoIsAwaitedByTwoIsShownOnce) {
  auto main = [](jay::event& e) -> jay::task<> {
    auto child = jay::create_task(named("child"), app::album(e));
    auto other = jay::create_task(named("other"), app::waits(child));
    co_await child;
    co_await other;
  };
  const std::string tree = in_asyncio_order(main, jay::format_task_tree);
  EXPECT_THAT(tree, HasSubstr("(T) child\n"));
  EXPECT_THAT(tree, HasSubstr("(T) child (see above)\n"));
  EXPECT_EQ(tree.find("app::album"), tree.rfind("app::album"));
}

TEST(TaskListing, TasksThatAwaitEachOtherAreACircle) {
  auto main = [](jay::event& e) -> jay::task<> {
    jay::task_handle<> first;
    auto of_first = [](jay::task_handle<>& h) -> jay::task<> { co_await h; };
    auto second = jay::create_task(named("second"), of_first(first));
    first = jay::create_task(named("first"), app::waits(second));
    co_await e.wait();
    first.cancel();
    while (!first.done() || !second.done()) co_await jay::testing::yield();
    first = {};
  };
  const std::string tree = in_asyncio_order(main, jay::format_task_tree);
  EXPECT_THAT(tree, HasSubstr("(T) second (a circle)\n"));
  EXPECT_THAT(tree, HasSubstr("(T) first\n"));
}

TEST(TaskListing, ADeepChainIsCutWhereItWouldBeTooWide) {
  auto main = [](jay::event& e) -> jay::task<> {
    auto h = jay::create_task(app::album(e));
    for (int i = 0; i < 1000; ++i) h = jay::create_task(app::waits(h));
    for (int i = 0; i < 1000; ++i) co_await jay::testing::yield();
    co_await h;
  };
  jay::scheduler s(jay::testing::in_asyncio_order());
  std::string text;
  auto body = [&]() -> jay::task<> {
    jay::event end;
    auto h = jay::create_task(main(end));
    for (int i = 0; i < 2000; ++i) co_await jay::testing::yield();
    text = jay::format_task_tree();
    end.set();
    co_await h;
  };
  jay::testing::run_on(s, body());
  EXPECT_THAT(text, HasSubstr("(too deep to show)\n"));
  EXPECT_THAT(text, HasSubstr("1003 tasks\n"));
  EXPECT_LT(text.size(), 3'000'000u);
}

TEST(TaskListing, ANameTakesOneLine) {
  auto main = [](jay::event& e) -> jay::task<> {
    auto h = jay::create_task(jay::task_options().name("two\nlines"), app::album(e));
    co_await h;
  };
  EXPECT_THAT(in_asyncio_order(main, jay::format_task_tree), HasSubstr("(T) two lines\n"));
}

}  // namespace
