// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

jay::context_var<std::string> user("user", "nobody");

PROGRAM(Contexts, AVariableHasItsDefaultUntilItIsSet) {
  say(user.get());
  user.set("ada");
  say(user.get());
  co_return;
}

PROGRAM(Contexts, WhatATaskSetsItsMakerDoesNotSee) {
  auto child = []() -> jay::task<> {
    user.set("child");
    say(user.get());
    co_return;
  };
  auto task = jay::create_task(child);
  co_await task;
  say(user.get());
}

PROGRAM(Contexts, ATaskSeesWhatWasSetBeforeItWasMade) {
  auto child = []() -> jay::task<> {
    co_await jay::sleep(0s);
    say(user.get());
  };
  user.set("before");
  auto task = jay::create_task(child);
  user.set("after");
  co_await task;
  say(user.get());
}

PROGRAM(Contexts, ACoroutineThatIsAwaitedSharesTheContext) {
  auto child = []() -> jay::task<> {
    user.set("child");
    co_return;
  };
  co_await child();
  say(user.get());
}

PROGRAM(Contexts, AResetBringsTheEarlierValueBack) {
  auto first = user.set("first");
  auto second = user.set("second");
  user.reset(second);
  say(user.get());
  user.reset(first);
  say(user.get());
  co_return;
}

PROGRAM(Contexts, ATokenResetsOnce) {
  auto token = user.set("first");
  user.reset(token);
  say(outcome_of_call([&] { user.reset(token); }));
  co_return;
}

PROGRAM(Contexts, ATokenOfAnotherContextIsAValueError) {
  using token = jay::context_token<std::string>;
  auto child = []() -> jay::task<token> { co_return user.set("child"); };
  auto task = jay::create_task(child);
  token its = co_await task;
  say(outcome_of_call([&] { user.reset(its); }));
}

PROGRAM(Contexts, ACallRunsInTheContextWhereItWasGiven) {
  jay::event_loop& loop = jay::get_event_loop();
  user.set("given");
  loop.call_soon([] { say("call", user.get()); });
  loop.call_later(1ms, [] {
    say("later", user.get());
    user.set("by the call");
  });
  user.set("afterwards");
  co_await jay::sleep(10ms);
  say(user.get());
}

PROGRAM(Contexts, ADoneCallbackRunsInTheContextWhereItWasAdded) {
  auto child = []() -> jay::task<> {
    user.set("child");
    co_return;
  };
  auto task = jay::create_task(child);
  user.set("adds");
  task.add_done_callback([](const auto&) { say(user.get()); });
  user.set("afterwards");
  co_await task;
  co_await jay::sleep(0s);
}

PROGRAM(Contexts, ToThreadTakesTheContextAlong) {
  user.set("caller");
  auto in_thread = [] {
    std::string before = user.get();
    user.set("thread");
    return before;
  };
  std::string before = co_await jay::to_thread(in_thread);
  say(before, user.get());
}

PROGRAM(Contexts, WhatAContextRunsSetsInIt) {
  jay::context context = jay::copy_context();
  context.run([] { user.set("inside"); });
  say(user.get(), context.get(user), context.run([] { return user.get(); }));
  co_return;
}

PROGRAM(Contexts, ACopyOfTheContextDoesNotFollow) {
  user.set("first");
  jay::context context = jay::copy_context();
  user.set("second");
  say(context.get(user), user.get());
  co_return;
}

PROGRAM(Contexts, AContextThatIsEnteredCannotBeEnteredAgain) {
  jay::context context = jay::copy_context();
  say(context.run([&] { return outcome_of_call([&] { context.run([] {}); }); }));
  co_return;
}

PROGRAM(Contexts, TasksThatAreGatheredHaveContextsOfTheirOwn) {
  auto child = [](std::string name) -> jay::task<std::string> {
    user.set(name);
    co_await turns(2);
    co_return user.get();
  };
  std::vector<jay::task_handle<std::string>> both{jay::create_task(child, "a"), jay::create_task(child, "b")};
  std::vector<std::string> names = co_await jay::gather(both);
  say(names, user.get());
}

PROGRAM(Contexts, ATaskMadeInAContextStartsFromIt) {
  auto child = []() -> jay::task<std::string> { co_return user.get(); };
  jay::context context = jay::copy_context();
  context.run([] { user.set("inside"); });
  auto task = context.run([&] { return jay::create_task(child); });
  std::string name = co_await task;
  say(name, user.get());
}

LOOP_PROGRAM(Contexts, TheRunsOfARunnerShareAContext) {
  auto sets = []() -> jay::task<> {
    user.set("first run");
    co_return;
  };
  auto gets = []() -> jay::task<> {
    say(user.get());
    co_return;
  };
  {
    jay::runner runner(in_order());
    runner.run(sets());
    runner.run(gets());
  }
  say(user.get());
}

}  // namespace
