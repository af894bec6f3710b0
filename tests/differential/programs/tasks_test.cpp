// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

PROGRAM(Tasks, ATaskBeginsAtTheNextSuspensionOfItsMaker) {
  auto child = []() -> jay::task<> {
    say("child");
    co_return;
  };
  auto task = jay::create_task(child);
  say("maker");
  co_await jay::sleep(0s);
  say("maker again", task.done());
  co_await task;
}

PROGRAM(Tasks, TasksBeginInTheOrderInWhichTheyWereMade) {
  auto child = [](int n) -> jay::task<> {
    say("begins", n);
    co_await jay::sleep(0s);
    say("ends", n);
  };
  std::vector<jay::task_handle<>> tasks;
  for (int n = 0; n < 3; ++n) tasks.push_back(jay::create_task(child, n));
  for (auto& task : tasks) co_await task;
}

PROGRAM(Tasks, ACancelBeforeTheStartRunsNothingOfTheBody) {
  auto child = []() -> jay::task<> {
    say("never");
    co_return;
  };
  auto task = jay::create_task(child);
  const bool asked = task.cancel();
  say(asked, task.done());
  auto end = co_await outcome(task);
  say(end, task.cancelled());
}

PROGRAM(Tasks, ATaskThatHasEndedCannotBeCancelled) {
  auto task = jay::create_task(value_after(0, 1));
  co_await task;
  const bool asked = task.cancel();
  say(asked, task.cancelled(), task.cancelling(), task.result());
}

PROGRAM(Tasks, TheMessageOfACancelIsThatOfTheError) {
  auto child = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("inside", std::current_exception());
      throw;
    }
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel("why");
  auto end = co_await outcome(task);
  say("outside", end);
}

PROGRAM(Tasks, OfTwoCancelsOfAWaitingTaskTheFirstGivesTheMessage) {
  auto task = jay::create_task(forever());
  co_await jay::sleep(0s);
  const bool first = task.cancel("first"), second = task.cancel("second");
  say(first, second, task.cancelling());
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, TwoCancelsThatComeTogetherAreToldOnce) {
  auto child = []() -> jay::task<int> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("told");
    }
    co_await jay::sleep(0s);
    say("goes on", jay::current_task().cancelling());
    co_return 1;
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel();
  task.cancel();
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, CancellingCountsAndUncancelTakesOneBack) {
  auto child = []() -> jay::task<int> {
    auto me = jay::current_task();
    say(me.cancelling());
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      const int counted = me.cancelling(), one = me.uncancel(), two = me.uncancel(), three = me.uncancel();
      say(counted, one, two, three);
    }
    co_return me.cancelling();
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel();
  task.cancel();
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, ATaskThatCatchesACancelGoesOn) {
  auto child = []() -> jay::task<std::string> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("caught");
    }
    co_await turns(2);
    co_return "a value";
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  say(task.cancel());
  auto end = co_await outcome(task);
  say(end, task.cancelled(), task.cancelling());
}

PROGRAM(Tasks, ASecondCancelIsToldAgain) {
  auto child = []() -> jay::task<> {
    for (int n = 0; n < 2; ++n) {
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        say(n, std::current_exception());
      }
    }
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel("one");
  co_await turns(2);
  task.cancel("two");
  auto end = co_await outcome(task);
  say(end, task.cancelling());
}

PROGRAM(Tasks, ACancelInTheCleanupEndsTheCleanup) {
  auto child = []() -> jay::task<> {
    std::exception_ptr cancel;
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      cancel = std::current_exception();
    }
    say("cleans up");
    co_await forever();
    say("never");
    std::rethrow_exception(cancel);
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel("first");
  co_await turns(2);
  say(task.done());
  task.cancel("second");
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, ACleanupThatAwaitsRunsToItsEnd) {
  auto child = []() -> jay::task<> {
    std::exception_ptr cancel;
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      cancel = std::current_exception();
    }
    co_await turns(2);
    say("cleaned up");
    std::rethrow_exception(cancel);
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, task.cancelled());
}

PROGRAM(Tasks, AnErrorInTheCleanupTakesThePlaceOfTheCancel) {
  auto child = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      throw oops("cleanup");
    }
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, task.cancelled());
}

PROGRAM(Tasks, ATaskThatRaisesCancelledByItselfIsCancelled) {
  auto child = []() -> jay::task<> {
    throw jay::cancelled_error("by itself");
    co_return;
  };
  auto task = jay::create_task(child);
  auto end = co_await outcome(task);
  say(end, task.cancelled(), task.cancelling());
}

PROGRAM(Tasks, WhoAwaitsACancelledTaskIsNotCancelledItself) {
  auto task = jay::create_task(forever());
  co_await jay::sleep(0s);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, jay::current_task().cancelling());
  auto after = co_await outcome(value_after(1, 0));
  say(after == "0" ? "goes on" : after);
}

PROGRAM(Tasks, ACancelOfWhoAwaitsATaskCancelsTheTask) {
  auto inner = jay::create_task(forever());
  auto awaits = [inner]() -> jay::task<> { co_await inner; };
  auto outer = jay::create_task(awaits);
  co_await jay::sleep(0s);
  outer.cancel("from outside");
  auto end = co_await outcome(outer);
  say(end, inner.cancelled(), inner.cancelling(), outer.cancelling());
}

PROGRAM(Tasks, WhoAwaitsATaskThatSwallowsItsCancelGetsItsValue) {
  auto stubborn = []() -> jay::task<std::string> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
    }
    co_return "stayed";
  };
  auto inner = jay::create_task(stubborn);
  auto awaits = [inner]() -> jay::task<std::string> {
    std::string value = co_await inner;
    say("got", value);
    co_return value;
  };
  auto outer = jay::create_task(awaits);
  co_await turns(2);
  outer.cancel();
  auto end = co_await outcome(outer);
  say(end, outer.cancelling());
}

PROGRAM(Tasks, ATaskThatCancelsItselfIsToldAtItsNextSuspension) {
  auto child = []() -> jay::task<> {
    jay::current_task().cancel("myself");
    say("still here");
    try {
      co_await jay::sleep(0s);
    } catch (const jay::cancelled_error&) {
      say(std::current_exception());
      throw;
    }
  };
  auto task = jay::create_task(child);
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, ATaskThatCancelsItselfAndReturnsIsCancelled) {
  auto child = []() -> jay::task<int> {
    jay::current_task().cancel();
    co_return 1;
  };
  auto task = jay::create_task(child);
  auto end = co_await outcome(task);
  say(end, task.cancelled());
}

template <class T>
void say_state(jay::task_handle<T> task) {
  say(outcome_of_call([&] { return task.result(); }), outcome_of_call([&] { return task.exception(); }), task.done());
}

PROGRAM(Tasks, TheResultOfATaskThatGoesOnIsAnInvalidState) {
  auto task = jay::create_task(value_after(1, 5));
  say_state(task);
  co_await task;
  say_state(task);
}

PROGRAM(Tasks, TheResultOfACancelledTaskThrowsCancelled) {
  auto task = jay::create_task(forever());
  co_await jay::sleep(0s);
  task.cancel();
  co_await turns(2);
  say_state(task);
}

PROGRAM(Tasks, TheExceptionOfAFailedTaskIsGivenAndNotThrown) {
  auto task = jay::create_task(oops_after(0, "bad"));
  co_await jay::sleep(0s);
  say(task.done(), task.cancelled(), task.exception());
  say(outcome_of_call([&] { return task.result(); }));
}

PROGRAM(Tasks, AnErrorIsThrownInEachThatAwaits) {
  auto task = jay::create_task(oops_after(1, "bad"));
  auto other = jay::create_task(outcome(task));
  auto end = co_await outcome(task);
  say(end);
  end = co_await other;
  say(end);
  end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, ATaskMayBeAwaitedManyTimes) {
  auto task = jay::create_task(value_after(2, 7));
  std::vector<jay::task_handle<std::string>> others;
  for (int i = 0; i < 3; ++i) others.push_back(jay::create_task(outcome(task)));
  int first = co_await task;
  int second = co_await task;
  say(first, second);
  std::vector<std::string> all;
  for (auto& other : others) {
    std::string one = co_await other;
    all.push_back(one);
  }
  say(all);
}

PROGRAM(Tasks, ATaskThatAwaitsItselfFails) {
  auto child = []() -> jay::task<> {
    auto me = jay::current_task();
    co_await me;
  };
  auto task = jay::create_task(child);
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, ANameCanBeGivenAndChanged) {
  auto child = []() -> jay::task<> {
    say("inside", jay::current_task().name());
    co_return;
  };
  auto task = jay::create_task(jay::task_options().name("first"), child);
  say(task.name());
  task.set_name("second");
  co_await task;
  say(task.name());
}

PROGRAM(Tasks, TheCurrentTaskIsTheOneThatRuns) {
  auto child = []() -> jay::task<jay::task_handle<>> {
    co_await jay::sleep(0s);
    co_return jay::current_task();
  };
  auto task = jay::create_task(child);
  const bool mine = jay::current_task() == task;
  const jay::task_handle<> same = task;
  const jay::task_handle<> its = co_await std::move(task);  // moved out: a task that keeps its own handle keeps itself
  say(mine, its == same);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& t : jay::all_tasks()) all.push_back(t.name());
  std::sort(all.begin(), all.end());
  return all;
}
PROGRAM(Tasks, AllTasksAreThoseThatHaveNotEnded) {
  jay::current_task().set_name("main");
  auto ended = jay::create_task(jay::task_options().name("ended"), value_after(0, 1));
  auto waits = jay::create_task(jay::task_options().name("waits"), forever());
  auto fresh = jay::create_task(jay::task_options().name("fresh"), forever());
  co_await ended;
  say(names());
  waits.cancel();
  fresh.cancel();
  co_await turns(2);
  say(names());
}

PROGRAM(Tasks, CallbacksComeInOrderAndNeverInline) {
  auto task = jay::create_task(value_after(0, 3));
  task.add_done_callback([](const auto& t) { say("first", t.result()); });
  task.add_done_callback([](const auto&) { say("second"); });
  co_await jay::sleep(0s);
  say("done", task.done());
  co_await jay::sleep(0s);
  task.add_done_callback([](const auto&) { say("late"); });
  say("added");
  co_await jay::sleep(0s);
}

PROGRAM(Tasks, ARemovedCallbackIsNotCalled) {
  auto task = jay::create_task(value_after(0, 3));
  auto id = task.add_done_callback([](const auto&) { say("never"); });
  task.add_done_callback([](const auto&) { say("called"); });
  const bool first = task.remove_done_callback(id), second = task.remove_done_callback(id);
  say(first, second);
  co_await task;
  co_await jay::sleep(0s);
}

PROGRAM(Tasks, ACallbackSeesHowTheTaskHasEnded) {
  auto show = [](const auto& t) { say(t.name(), t.cancelled(), t.cancelled() ? "-" : text(t.exception())); };
  auto value = jay::create_task(jay::task_options().name("value"), value_after(1, 0));
  auto fails = jay::create_task(jay::task_options().name("error"), oops_after(1, "bad"));
  auto cancel = jay::create_task(jay::task_options().name("cancel"), forever());
  value.add_done_callback(show);
  fails.add_done_callback(show);
  cancel.add_done_callback(show);
  co_await jay::sleep(0s);
  cancel.cancel();
  co_await turns(4);
}

PROGRAM(Tasks, ACallbackThatThrowsStopsNoOther) {
  jay::get_event_loop().set_exception_handler([](const jay::exception_context& c) { say("handler", c.exception); });
  auto task = jay::create_task(value_after(0, 3));
  task.add_done_callback([](const auto&) { throw oops("in a callback"); });
  task.add_done_callback([](const auto&) { say("the next one"); });
  int value = co_await task;
  say(value);
  co_await turns(2);
}

jay::task_options eager() { return jay::task_options().eager_start(); }

PROGRAM(Tasks, AnEagerTaskRunsUpToItsFirstWaitInTheCall) {
  auto child = []() -> jay::task<> {
    say("eager");
    co_await jay::sleep(0s);
    say("goes on");
  };
  auto task = jay::create_task(eager(), child);
  say("made");
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Tasks, AnEagerTaskThatNeverWaitsHasEndedAfterTheCall) {
  auto gives = jay::create_task(eager(), value_after(0, 5));
  say(gives.done(), gives.result());
  auto fails = jay::create_task(eager(), oops_after(0, "bad"));
  say(fails.done(), fails.exception());
  co_return;
}

PROGRAM(Tasks, AnEagerTaskIsTheCurrentOneWhileItRuns) {
  jay::current_task().set_name("main");
  auto child = []() -> jay::task<> {
    say("inner", jay::current_task().name());
    co_return;
  };
  jay::create_task(eager().name("inner"), child);
  say("outer", jay::current_task().name());
  co_return;
}

PROGRAM(Tasks, AnEagerFactoryMakesEveryTaskEager) {
  jay::get_event_loop().set_task_factory(jay::eager_task_factory);
  auto child = [](std::string name) -> jay::task<> {
    say(name);
    co_return;
  };
  auto a = jay::create_task(child, "a");
  auto b = jay::create_task(child, "b");
  say("main");
  co_await a;
  co_await b;
}

PROGRAM(Tasks, ACoroutineThatIsAwaitedIsPartOfItsTask) {
  auto child = []() -> jay::task<std::string> { co_return jay::current_task().name(); };
  jay::current_task().set_name("main");
  std::string name = co_await child();
  say(name);
}

PROGRAM(Tasks, ASleepOfNothingLetsEachOtherTaskHaveATurn) {
  auto child = [](std::string name) -> jay::task<> {
    for (int n = 0; n < 2; ++n) {
      say(name, n);
      co_await jay::sleep(0s);
    }
  };
  auto a = jay::create_task(child, "a");
  auto b = jay::create_task(child, "b");
  for (int n = 0; n < 3; ++n) {
    say("main", n);
    co_await jay::sleep(0s);
  }
  co_await a;
  co_await b;
}

PROGRAM(Tasks, ASleepGivesItsResult) {
  std::string at_once = co_await jay::sleep(0s, std::string("at once"));
  std::string later = co_await jay::sleep(1ms, std::string("later"));
  std::string before = co_await jay::sleep(-1s, std::string("before"));
  say(at_once, later, before);
}

PROGRAM(Tasks, ASleepOfNoNumberIsAValueError) {
  std::string end;
  try {
    co_await jay::sleep(std::chrono::duration<double>(std::nan("")));
  } catch (...) {
    end = error(std::current_exception());
  }
  say(end);
}

PROGRAM(Tasks, ADroppedHandleDoesNotStopTheTask) {
  jay::event done;
  auto child = [&done]() -> jay::task<> {
    co_await jay::sleep(0s);
    say("ran");
    done.set();
  };
  jay::create_task(child);
  co_await done.wait();
}

}  // namespace
