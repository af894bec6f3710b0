// SPDX-License-Identifier: MIT
#include <exception>
#include <string>
#include <utility>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

class room {
 public:
  explicit room(std::string n) : name(std::move(n)) {}
  room& that_swallows() & {
    swallows_ = true;
    return *this;
  }
  room& that_throws(std::string what) & {
    throws_ = std::move(what);
    return *this;
  }
  room& that_refuses() & {
    refuses_ = true;
    return *this;
  }
  room& that_waits() & {
    waits_ = true;
    return *this;
  }

  jay::task<room&> aenter() {
    co_await jay::sleep(0s);
    if (refuses_) throw oops("refused by " + name);
    say("enter", name);
    co_return *this;
  }
  jay::task<bool> aexit(std::exception_ptr e) {
    if (waits_) {
      say("waits");
      co_await forever();
    }
    co_await jay::sleep(0s);
    say("exit", name, e);
    if (!throws_.empty()) throw oops(throws_);
    co_return swallows_;
  }

  std::string name;

 private:
  bool swallows_ = false, refuses_ = false, waits_ = false;
  std::string throws_;
};

jay::task<> fails() {
  throw oops("body");
  co_return;
}

PROGRAM(Exits, AManagerIsLeftAfterItsBody) {
  room a("a");
  co_await jay::with(a, [](room& r) -> jay::task<> {
    say("body", r.name);
    co_return;
  });
  say("after");
}

PROGRAM(Exits, AnExitIsGivenTheErrorAndPassesItOn) {
  room a("a");
  auto end = co_await outcome(jay::with(a, fails));
  say(end);
}

PROGRAM(Exits, AnExitMaySwallowAnError) {
  room a("a");
  a.that_swallows();
  co_await jay::with(a, fails);
  say("after");
}

PROGRAM(Exits, AnExitMayReplaceAnError) {
  room a("a");
  a.that_throws("exit");
  auto end = co_await outcome(jay::with(a, fails));
  say(end);
}

PROGRAM(Exits, AnExitMayFailByItself) {
  room a("a");
  a.that_throws("exit");
  auto body = []() -> jay::task<> {
    say("body");
    co_return;
  };
  auto end = co_await outcome(jay::with(a, body));
  say(end);
}

PROGRAM(Exits, WhatRefusesToBeEnteredIsNotLeft) {
  room a("a");
  a.that_refuses();
  auto body = []() -> jay::task<> {
    say("never");
    co_return;
  };
  auto end = co_await outcome(jay::with(a, body));
  say(end);
}

PROGRAM(Exits, ManagersAreLeftInTheReverseOrder) {
  auto both = []() -> jay::task<> {
    co_await jay::enter(room("a"));
    co_await jay::enter(room("b"));
    say("body");
  };
  co_await both();
}

jay::task<> waits_in(room& r) { co_await jay::with(r, forever); }

PROGRAM(Exits, ACancelIsSeenByTheExitAndStaysACancel) {
  room a("a");
  auto task = jay::create_task(waits_in, std::ref(a));
  co_await turns(3);
  task.cancel("why");
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Exits, ACancelMayBeSwallowedByAnExit) {
  room a("a");
  a.that_swallows();
  auto waits = [&]() -> jay::task<std::string> {
    co_await waits_in(a);
    co_return "goes on";
  };
  auto task = jay::create_task(waits);
  co_await turns(3);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, task.cancelling());
}

PROGRAM(Exits, AStackLeavesTheYoungestFirst) {
  auto leaves = []() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    for (const char* name : {"a", "b", "c"}) co_await stack.enter_async_context(room(name));
    say("body");
  };
  co_await leaves();
}

PROGRAM(Exits, AStackMakesItsCallsBetweenTheExits) {
  auto later = [](int what) -> jay::task<> {
    co_await jay::sleep(0s);
    say("later", what);
  };
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    stack.callback([] { say("callback", 1); });
    co_await stack.enter_async_context(room("a"));
    stack.push_async_callback(later, 2);
    say("body");
  };
  co_await leaves();
}

PROGRAM(Exits, BelowAnExitThatSwallowsNothingIsWrong) {
  room lower("lower"), swallows("swallows"), upper("upper");
  swallows.that_swallows();
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    co_await stack.enter_async_context(lower);
    co_await stack.enter_async_context(swallows);
    co_await stack.enter_async_context(upper);
    throw oops("body");
  };
  co_await leaves();
  say("after");
}

PROGRAM(Exits, BelowAnExitThatFailsItsErrorIsSeen) {
  room lower("lower"), bad("fails"), upper("upper");
  bad.that_throws("exit");
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    co_await stack.enter_async_context(lower);
    co_await stack.enter_async_context(bad);
    co_await stack.enter_async_context(upper);
  };
  auto end = co_await outcome(leaves());
  say(end);
}

PROGRAM(Exits, AStackThatCannotEnterLeavesWhatItHas) {
  room a("a"), b("b");
  b.that_refuses();
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    co_await stack.enter_async_context(a);
    co_await stack.enter_async_context(b);
    say("never");
  };
  auto end = co_await outcome(leaves());
  say(end);
}

PROGRAM(Exits, AStackIsLeftNowByAclose) {
  jay::async_exit_stack stack;
  co_await stack.enter_async_context(room("a"));
  co_await stack.aclose();
  say("closed");
  co_await stack.aclose();
}

PROGRAM(Exits, PopAllTakesTheExitsElsewhere) {
  jay::async_exit_stack kept;
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    co_await stack.enter_async_context(room("a"));
    kept = stack.pop_all();
  };
  co_await leaves();
  say("left");
  co_await kept.aclose();
}

PROGRAM(Exits, APushedExitIsGivenTheErrorAndMaySwallowIt) {
  auto swallows = [](std::exception_ptr e) -> jay::task<bool> {
    say("pushed", e);
    co_return true;
  };
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    stack.push_async_exit(swallows);
    throw oops("body");
  };
  co_await leaves();
  say("after");
}

PROGRAM(Exits, ACancelInAnExitIsSeenByThoseBelow) {
  room lower("lower"), slow("slow");
  slow.that_waits();
  auto leaves = [&]() -> jay::task<> {
    auto& stack = co_await jay::enter(jay::async_exit_stack());
    co_await stack.enter_async_context(lower);
    co_await stack.enter_async_context(slow);
  };
  auto task = jay::create_task(leaves);
  co_await turns(4);
  task.cancel("why");
  auto end = co_await outcome(task);
  say(end);
}

}  // namespace
