// SPDX-License-Identifier: MIT
// What outlives its scheduler, its group or its context is never taken for part of another that stands at the same address.
#include <gtest/gtest.h>

#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <jay/context_var.hpp>
#include <jay/future.hpp>
#include <jay/task_group.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::testing::in_asyncio_order;
using jay::testing::run_on;
using jay::testing::yield;

/// One scheduler after the other, at one address.
class Identity : public ::testing::Test {
 protected:
  jay::scheduler& first() { return sched_.emplace(in_asyncio_order()); }
  jay::scheduler& second() {
    sched_.reset();
    return sched_.emplace(in_asyncio_order());
  }

 private:
  std::optional<jay::scheduler> sched_;
};

jay::task<> a_few_turns() {
  for (int i = 0; i < 5; ++i) co_await yield();
}

TEST_F(Identity, ACallbackOfAnEndedSchedulerIsDroppedByTheNext) {
  jay::scheduler& one = first();
  int calls = 0;
  auto main = [&]() -> jay::task<jay::promise<int>> {
    jay::promise<int> p;
    p.get_future().add_done_callback([&](const jay::future<int>&) { ++calls; });
    co_return p;
  };
  auto p = run_on(one, main());
  std::uint64_t number = one.number();
  jay::scheduler& two = second();
  EXPECT_EQ(&one, &two);
  EXPECT_NE(number, two.number());
  p.set_result(1);
  run_on(two, a_few_turns());
  EXPECT_EQ(calls, 0);
}

TEST_F(Identity, AnErrorOfAnEndedSchedulersTaskIsNotReportedToTheNext) {
  auto fails = []() -> jay::task<> {
    throw std::runtime_error("nobody asks");
    co_return;
  };
  auto main = [&]() -> jay::task<jay::task_handle<>> {
    auto h = jay::create_task(fails());
    co_await a_few_turns();
    co_return h;
  };
  auto h = run_on(first(), main());
  int reports = 0;
  jay::scheduler& two = second();
  two.set_exception_handler([&](const jay::exception_context&) { ++reports; });
  ::testing::internal::CaptureStderr();
  h = {};
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("nobody asks"), std::string::npos);
  EXPECT_EQ(reports, 0);
}

TEST_F(Identity, AFutureOfAnEndedSchedulerCallsBackWhereItIsAskedTo) {
  jay::promise<int> p;
  auto f = p.get_future();
  auto waits = [&]() -> jay::task<> {
    auto h = jay::create_task([](jay::future<int> g) -> jay::task<> { co_await g.shielded(); }(f));
    co_await a_few_turns();
    h.cancel();
  };
  {
    jay::scheduler ended(in_asyncio_order());
    run_on(ended, waits());  // bound there
  }
  int calls = 0;
  auto asks = [&]() -> jay::task<> {
    f.add_done_callback([&](const jay::future<int>&) { ++calls; });
    p.set_result(1);
    co_await a_few_turns();
  };
  jay::scheduler& other = first();
  run_on(other, asks());
  EXPECT_EQ(calls, 1);
}

// So many tasks, so often, that one of them gets the address and the number ("Task-7") of one before.
TEST_F(Identity, ATokenOfAnEndedSchedulersTaskIsRefusedByTheNextOnes) {
  using token = jay::context_var<int>::token;
  jay::context_var<int> v("v", 0);
  std::map<std::pair<const void*, std::uint64_t>, token> before, now;
  int taken = 0;
  auto one = [&]() -> jay::task<> {
    auto* self = jay::current_task().share().get();
    std::pair<const void*, std::uint64_t> who(self, std::uint64_t{self->number});
    if (auto it = before.find(who); it != before.end()) {
      try {
        v.reset(it->second);
        ++taken;
      } catch (const std::invalid_argument&) {
      }
    }
    now.emplace(who, v.set(1));
    co_await a_few_turns();
  };
  auto many = [&]() -> jay::task<> {
    std::vector<jay::task_handle<>> hs;
    for (int i = 0; i < 100; ++i) hs.push_back(jay::create_task(one()));
    for (auto& h : hs) co_await h;
  };
  run_on(first(), many());
  for (int i = 0; i < 20; ++i) {
    before = std::move(now);
    now.clear();
    run_on(second(), many());
  }
  EXPECT_EQ(taken, 0);
}

TEST_F(Identity, ATokenOfAContextThatIsGoneIsRefusedByAnotherAtItsAddress) {
  jay::context_var<int> v("v", 0);
  alignas(jay::detail::context_slot) unsigned char memory[sizeof(jay::detail::context_slot)];
  auto set_in = [&](auto f) {
    auto* slot = new (memory) jay::detail::context_slot;
    {
      jay::detail::context_entered inside(*slot);
      f();
    }
    slot->~context_slot();
  };
  std::optional<jay::context_var<int>::token> t;
  set_in([&] { t = v.set(1); });
  set_in([&] { EXPECT_THROW(v.reset(*t), std::invalid_argument); });
}

// A group forgets its own refusals. This one is another's, so it is an error.
TEST_F(Identity, ARefusalByAGroupThatIsGoneIsAnErrorInAnotherAtItsAddress) {
  auto fails = []() -> jay::task<> {
    throw std::runtime_error("x");
    co_return;
  };
  auto main = [&]() -> jay::task<std::size_t> {
    std::optional<jay::task_group> g;
    std::exception_ptr refusal, ended;
    g.emplace();
    g->create_task(fails());
    co_await a_few_turns();
    try {
      g->create_task(fails());
    } catch (...) {
      refusal = std::current_exception();
    }
    try {
      co_await g->join();
    } catch (...) {
      ended = std::current_exception();
    }
    EXPECT_TRUE(refusal && ended);
    g.emplace();
    std::size_t errors = 0;
    try {
      co_await g->join(refusal);
    } catch (const jay::exception_group& e) {
      errors = e.exceptions().size();
    }
    co_return errors;
  };
  EXPECT_EQ(run_on(first(), main()), 1u);
}

}  // namespace
