// SPDX-License-Identifier: MIT
// What a user has written runs under none of the library's locks: it may use everything. With a lock held, each of these
// tests would wait for itself for ever.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>

#include <jay/jay.hpp>

#include "tests/support/configs.hpp"

using namespace std::chrono_literals;

namespace {


/// An error that calls a function when its last copy goes.
class calling_error : public std::runtime_error {
 public:
  explicit calling_error(std::function<void()> f)
      : runtime_error("calling"), at_end_(nullptr, [f = std::move(f)](void*) { f(); }) {}

 private:
  std::shared_ptr<void> at_end_;
};

// The stop callback moves another deadline of the same worker's, which takes the lock of its timers.
TEST(UserCode, AStopCallbackOfATimeoutThatExpiresMayMoveAnotherDeadline) {
  jay::config c = jay::testing::with_workers(1);
  auto inside = [](jay::timeout_scope& outer) -> jay::task<> {
    std::stop_token token = jay::get_stop_token();
    std::stop_callback moved(token, [&] { outer.reschedule(std::nullopt); });
    co_await jay::sleep(24h);
  };
  auto within = [&](jay::timeout_scope& outer) -> jay::task<> {
    auto inner = jay::timeout(1ms);
    co_await jay::with(inner, [&](jay::timeout_scope&) { return inside(outer); });
  };
  auto main = [&]() -> jay::task<bool> {
    auto outer = jay::timeout(1h);
    try {
      co_await jay::with(outer, within);
    } catch (const jay::timeout_error&) {
    }
    co_return outer.when().has_value();
  };
  EXPECT_FALSE(jay::run(main(), c));
}

TEST(UserCode, TheDestructorOfAnErrorThatAnotherReplacesMayUseTheReader) {
  jay::stream_reader r;
  int called = 0;
  r.set_exception(std::make_exception_ptr(calling_error([&] { called += r.at_eof() ? 0 : 1; })));
  r.set_exception(std::make_exception_ptr(std::runtime_error("another")));
  EXPECT_EQ(called, 1);
}

TEST(UserCode, TheDestructorOfAnExceptionHandlerMayReport) {
  jay::scheduler s;
  int reports = 0;
  auto at_end = std::shared_ptr<void>(nullptr, [&](void*) { s.call_exception_handler({"the old one goes", nullptr, ""}); });
  s.set_exception_handler([owned = std::move(at_end)](const jay::exception_context&) {});
  s.set_exception_handler([&](const jay::exception_context&) { ++reports; });
  EXPECT_EQ(reports, 1);
}

/// A handler whose copies report.
struct copies_report {
  explicit copies_report(jay::scheduler& s, int& c) : sched(s), called(c) {}
  copies_report(const copies_report& o) : sched(o.sched), called(o.called) { sched.set_exception_handler({}); }
  copies_report(copies_report&&) = default;
  void operator()(const jay::exception_context&) const { ++called; }
  jay::scheduler& sched;
  int& called;
};

TEST(UserCode, AnExceptionHandlerIsNotCopiedWhenItIsCalled) {
  jay::scheduler s;
  int called = 0;
  s.set_exception_handler(copies_report(s, called));
  s.call_exception_handler({"first", nullptr, ""});
  s.call_exception_handler({"second", nullptr, ""});
  EXPECT_EQ(called, 2);
}

}  // namespace
