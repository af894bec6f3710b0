// SPDX-License-Identifier: MIT
// What an event loop tells its exception handler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <jay/jay.hpp>

#include "tests/support/on_orders.hpp"

using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

class LoopErrors : public jay::testing::OnOrders {
 protected:
  jay::event_loop loop{config()};
  std::vector<jay::exception_context> told;

  void keep_what_is_told() {
    loop.set_exception_handler([this](const jay::exception_context& c) { told.push_back(c); });
  }
  void run_one_turn() {
    loop.stop();
    loop.run_forever();
  }
};
JAY_FOR_WORKER_COUNTS(LoopErrors);

TEST_P(LoopErrors, ACallThatThrowsIsToldAndTheOthersAreCalled) {
  keep_what_is_told();
  bool called = false;
  loop.call_soon([] { throw std::domain_error("lost"); });
  loop.call_soon([&] { called = true; });
  run_one_turn();
  EXPECT_TRUE(called);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0].message, HasSubstr("exception in callback"));
  EXPECT_THROW(std::rethrow_exception(told[0].exception), std::domain_error);
  EXPECT_EQ(told[0].task_name, "");
}

TEST_P(LoopErrors, ACancelledErrorInACallIsToldToo) {
  keep_what_is_told();
  loop.call_soon([] { throw jay::cancelled_error(); });
  run_one_turn();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THROW(std::rethrow_exception(told[0].exception), jay::cancelled_error);
}

TEST_P(LoopErrors, ATaskWhoseErrorNobodyTakesIsNamed) {
  keep_what_is_told();
  auto fails = []() -> jay::task<> {
    throw std::domain_error("lost");
    co_return;
  };
  auto waits = [](jay::task_handle<> h) -> jay::task<> {
    while (!h.done()) co_await jay::sleep(0s);
  };
  loop.run_until_complete(waits(loop.create_task(jay::task_options().name("loser"), fails)));
  loop.close();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].task_name, "loser");
  EXPECT_THAT(told[0].message, HasSubstr("never retrieved"));
}

TEST_P(LoopErrors, AHandlerThatThrowsIsReportedWithWhatItWasGiven) {
  loop.set_exception_handler([](const jay::exception_context&) { throw std::runtime_error("the handler's"); });
  loop.call_soon([] { throw std::domain_error("lost"); });
  testing::internal::CaptureStderr();
  run_one_turn();
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("the exception handler has thrown"));
  EXPECT_THAT(said, HasSubstr("lost"));
}

TEST_P(LoopErrors, TheDefaultIsRestoredAndMayBeCalled) {
  EXPECT_FALSE(loop.get_exception_handler());
  keep_what_is_told();
  EXPECT_TRUE(loop.get_exception_handler());
  loop.call_exception_handler({"by hand", nullptr, "me"});
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].message, "by hand");
  loop.set_exception_handler({});
  EXPECT_FALSE(loop.get_exception_handler());
  testing::internal::CaptureStderr();
  loop.call_exception_handler({"by default", nullptr, "me"});
  loop.default_exception_handler({"at once", nullptr, {}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "jay: by default (me)\njay: at once\n");
  EXPECT_EQ(told.size(), 1u);
}

}  // namespace
