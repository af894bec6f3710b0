// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

template <class T>
jay::task_handle<T> start(jay::task<T> t, std::string name = "-") {
  return jay::create_task(jay::task_options().name(std::move(name)), std::move(t));
}
template <class Handle>
std::vector<std::string> names(const std::vector<Handle>& tasks) {
  std::vector<std::string> all;
  for (const auto& t : tasks) all.push_back(t.name());
  std::sort(all.begin(), all.end());
  return all;
}
template <class Handle>
void cancel_soon(Handle task) {
  jay::get_event_loop().call_soon([task]() mutable { task.cancel(); });
}
using handles = std::vector<jay::task_handle<int>>;
using void_handles = std::vector<jay::task_handle<>>;

// ---- gather

PROGRAM(Composing, AGatherGivesTheResultsInTheOrderOfItsArguments) {
  handles all{start(value_after(3, 1)), start(value_after(1, 2)), start(value_after(2, 3))};
  std::vector<int> values = co_await jay::gather(all);
  say(values);
}

PROGRAM(Composing, AGatherPassesTheFirstErrorOnAtOnceAndTheOthersGoOn) {
  auto fails = start(oops_after(1, "first"));
  auto other = start(value_after(4, 7));
  handles all{fails, other};
  auto end = co_await outcome(jay::gather(all));
  say(end);
  say(other.done());
  int value = co_await other;
  say(value);
}

PROGRAM(Composing, AGatherThrowsTheErrorThatCameFirst) {
  auto late = start(oops_after(3, "late"));
  auto early = start(oops_after(1, "early"));
  handles all{late, early};
  auto end = co_await outcome(jay::gather(all));
  say(end);
  end = co_await outcome(late);
  say(end);
}

PROGRAM(Composing, ASettledGatherGivesErrorsAsValues) {
  handles all{start(value_after(2, 1)), start(oops_after(1, "bad"))};
  auto results = co_await jay::gather_settled(all);
  say(results);
}

PROGRAM(Composing, ASettledGatherGivesACancelOfAChildAsAValue) {
  auto child = start(forever());
  cancel_soon(child);
  auto other = start(value_after(3, 1));
  auto [first, second] = co_await jay::gather_settled(child, other);
  say(std::vector<std::string>{text(first), text(second)});
}

PROGRAM(Composing, ACancelledChildIsAnErrorOfItsGather) {
  auto child = start(forever());
  auto other = start(value_after(5, 1));
  cancel_soon(child);
  auto gathers = [&]() -> jay::task<> { co_await jay::gather(child, other); };
  auto end = co_await outcome(gathers());
  say(end, jay::current_task().cancelling());
  const bool done = other.done();
  int value = co_await other;
  say(done, value);
}

PROGRAM(Composing, AGatherOfOneTwiceGivesItsValueTwice) {
  auto one = start(value_after(1, 4));
  handles all{one, one};
  std::vector<int> values = co_await jay::gather(all);
  say(values);
}

PROGRAM(Composing, AGatherOfNothingGivesNothing) {
  std::vector<int> values = co_await jay::gather(handles());
  say(values);
}

PROGRAM(Composing, AGatherOfWhatIsDoneAndWhatIsNotWaitsForTheRest) {
  auto done = start(value_after(0, 1));
  co_await done;
  auto other = start(value_after(2, 2));
  handles all{done, other};
  std::vector<int> values = co_await jay::gather(all);
  say(values);
}

PROGRAM(Composing, ACancelOfAGatherCancelsAllItsChildren) {
  auto first = start(forever()), second = start(forever());
  auto gathers = [&]() -> jay::task<std::string> {
    std::string end;
    try {
      co_await jay::gather(first, second);
    } catch (...) {
      end = error(std::current_exception());
    }
    co_return end;
  };
  auto waiting = jay::create_task(gathers);
  co_await turns(2);
  waiting.cancel();
  std::string end = co_await waiting;
  say(end, first.cancelled(), second.cancelled());
}

PROGRAM(Composing, ACancelOfASettledGatherIsThrown) {
  auto first = start(forever());
  auto gathers = [&]() -> jay::task<std::string> {
    std::string end;
    try {
      co_await jay::gather_settled(first);
    } catch (...) {
      end = error(std::current_exception());
    }
    co_return end;
  };
  auto waiting = jay::create_task(gathers);
  co_await turns(2);
  waiting.cancel();
  std::string end = co_await waiting;
  say(end, first.cancelled());
}

PROGRAM(Composing, ACancelledGatherWhoseChildrenEndWithValuesIsCancelled) {
  auto stubborn = []() -> jay::task<int> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("stays");
    }
    co_return 1;
  };
  auto child = start(stubborn());
  auto gathers = [&]() -> jay::task<std::string> {
    std::string end;
    try {
      co_await jay::gather_settled(child);
      end = "a value";
    } catch (...) {
      end = error(std::current_exception());
    }
    co_return end;
  };
  auto waiting = jay::create_task(gathers);
  co_await turns(2);
  waiting.cancel();
  std::string end = co_await waiting;
  int value = co_await child;
  say(end, value);
}

PROGRAM(Composing, GathersMayBeNested) {
  auto pair = [](int a, int b) -> jay::task<std::vector<int>> {
    handles both{start(value_after(a, a)), start(value_after(b, b))};
    std::vector<int> values = co_await jay::gather(both);
    co_return values;
  };
  std::vector<jay::task_handle<std::vector<int>>> pairs{start(pair(1, 2)), start(pair(3, 0))};
  std::vector<std::vector<int>> values = co_await jay::gather(pairs);
  say(values);
}

PROGRAM(Composing, AnErrorInANestedGatherComesOutOfTheOuterOne) {
  auto inner = []() -> jay::task<> {
    handles both{start(oops_after(1, "deep")), start(value_after(3, 0))};
    co_await jay::gather(both);
  };
  auto first = start(inner());
  auto second = start(value_after(9, 0));
  auto gathers = [&]() -> jay::task<> { co_await jay::gather(first, second); };
  auto end = co_await outcome(gathers());
  say(end);
}

// ---- wait

PROGRAM(Composing, AWaitWaitsForAll) {
  handles all{start(value_after(1, 0), "a"), start(value_after(3, 0), "b")};
  auto [done, pending] = co_await jay::wait(all);
  say(names(done), names(pending));
}

PROGRAM(Composing, AWaitForTheFirstGivesTheRestAsPendingAndCancelsNothing) {
  auto slow = start(value_after(6, 9), "slow");
  handles all{slow, start(value_after(1, 0), "fast")};
  auto [done, pending] = co_await jay::wait(all, jay::first_completed);
  say(names(done), names(pending), slow.done());
  int value = co_await slow;
  say(value);
}

PROGRAM(Composing, AWaitForTheFirstErrorPassesOverValues) {
  handles all{start(value_after(0, 0), "value"), start(oops_after(2, "bad"), "error"), start(value_after(9, 0), "slow")};
  auto [done, pending] = co_await jay::wait(all, jay::first_exception);
  say(names(done), names(pending));
  auto end = co_await outcome(all[1]);
  say(end);
  co_await all[2];
}

PROGRAM(Composing, AWaitForTheFirstErrorWithoutOneWaitsForAll) {
  handles all{start(value_after(0, 0), "a"), start(value_after(2, 0), "b")};
  auto [done, pending] = co_await jay::wait(all, jay::first_exception);
  say(names(done), names(pending));
}

PROGRAM(Composing, ACancelIsNoFirstError) {
  void_handles all{start(forever(), "cancelled"), start(value_after(4, 0), "value")};
  cancel_soon(all[0]);
  auto [done, pending] = co_await jay::wait(all, jay::first_exception);
  say(names(done), names(pending), all[0].cancelled());
}

PROGRAM(Composing, AWaitThrowsNoErrorOfItsTasks) {
  handles all{start(oops_after(0, "bad"))};
  auto [done, pending] = co_await jay::wait(all);
  auto end = co_await outcome(all[0]);
  say(done.size(), pending.size(), end);
}

PROGRAM(Composing, AWaitWhoseTimeIsUpThrowsNothingAndCancelsNothing) {
  auto task = start(forever(), "waits");
  void_handles all{task};
  auto [done, pending] = co_await jay::wait(all, jay::all_completed, 1ms);
  say(names(done), names(pending), task.done(), task.cancelling());
  task.cancel();
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Composing, AWaitForWhatIsDoneGivesItAtOnce) {
  auto task = start(value_after(0, 1), "done");
  co_await task;
  handles all{task};
  auto [done, pending] = co_await jay::wait(all, jay::all_completed, 0s);
  say(names(done), names(pending));
}

PROGRAM(Composing, AWaitForNothingIsAValueError) {
  auto waits = []() -> jay::task<> { co_await jay::wait(handles()); };
  auto end = co_await outcome(waits());
  say(end);
}

PROGRAM(Composing, ACancelledWaitLeavesItsTasksAlone) {
  auto task = start(value_after(5, 3));
  auto waits = [&]() -> jay::task<> {
    handles all{task};
    co_await jay::wait(all);
  };
  auto waiting = jay::create_task(waits);
  co_await turns(2);
  waiting.cancel();
  auto end = co_await outcome(waiting);
  say(end, task.done(), task.cancelling());
  int value = co_await task;
  say(value);
}

// ---- wait_for

jay::task<std::string> in_time() {
  co_await turns(2);
  co_return "in time";
}

PROGRAM(Composing, WaitForGivesTheValue) {
  std::string value = co_await jay::wait_for(in_time(), 60s);
  say(value);
}

PROGRAM(Composing, WaitForWithoutALimitWaits) {
  std::string value = co_await jay::wait_for(in_time(), std::nullopt);
  say(value);
}

PROGRAM(Composing, WaitForPassesAnErrorOn) {
  auto end = co_await outcome(jay::wait_for(oops_after(1, "bad"), 60s));
  say(end);
}

PROGRAM(Composing, WaitForCancelsWhatIsTooLateAndWaitsForItsCleanup) {
  auto slow = []() -> jay::task<> {
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
  auto task = start(slow());
  auto end = co_await outcome(jay::wait_for(task, 1ms));
  say(end);
  say(task.cancelled(), jay::current_task().cancelling());
}

PROGRAM(Composing, WaitForOfNoTimeDoesNotBegin) {
  auto never = []() -> jay::task<> {
    say("never");
    co_return;
  };
  auto end = co_await outcome(jay::wait_for(never(), 0s));
  say(end);
  end = co_await outcome(jay::wait_for(never(), -1s));
  say(end);
}

PROGRAM(Composing, WaitForOfNoTimeGivesWhatIsDone) {
  auto task = start(value_after(0, 6));
  co_await task;
  auto end = co_await outcome(jay::wait_for(task, 0s));
  say(end);
}

PROGRAM(Composing, WaitForGivesTheValueOfWhatSwallowsTheLimit) {
  auto stubborn = []() -> jay::task<std::string> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
    }
    co_return "stayed";
  };
  auto task = start(stubborn());
  auto end = co_await outcome(jay::wait_for(task, 1ms));
  say(end);
}

PROGRAM(Composing, ACancelOfWaitForCancelsWhatItWaitsFor) {
  auto inner = start(forever());
  auto waits = [&]() -> jay::task<> { co_await jay::wait_for(inner, 60s); };
  auto waiting = jay::create_task(waits);
  co_await turns(2);
  waiting.cancel();
  auto end = co_await outcome(waiting);
  say(end, inner.cancelled());
}

PROGRAM(Composing, WaitForOfWhatIsCancelledByItselfIsCancelled) {
  auto inner = start(forever());
  cancel_soon(inner);
  auto end = co_await outcome(jay::wait_for(inner, 60s));
  say(end);
}

PROGRAM(Composing, AnErrorWhileTheLimitIsToldIsPassedOn) {
  auto fails = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
    }
    co_await oops_after(0, "in the cleanup");
  };
  auto task = start(fails());
  auto end = co_await outcome(jay::wait_for(task, 1ms));
  say(end);
}

// ---- as_completed

PROGRAM(Composing, AsCompletedGivesThemAsTheyEnd) {
  handles all;
  for (int n : {5, 1, 3}) all.push_back(start(value_after(n, n)));
  auto each = jay::as_completed(all);
  while (auto h = co_await each.next()) {
    int value = co_await *h;
    say(value);
  }
}

PROGRAM(Composing, AsCompletedGoesOnAfterAnError) {
  handles all{start(value_after(3, 3)), start(oops_after(1, "bad"))};
  auto each = jay::as_completed(all);
  while (auto h = co_await each.next()) {
    auto end = co_await outcome(*h);
    say(end);
  }
}

PROGRAM(Composing, AsCompletedOfNothingEndsAtOnce) {
  auto each = jay::as_completed(handles());
  while (auto h = co_await each.next()) say("never");
  say("nothing");
}

PROGRAM(Composing, AsCompletedGivesEachOnce) {
  auto one = start(value_after(1, 1));
  int n = 0;
  auto each = jay::as_completed(handles{one, one});
  while (auto h = co_await each.next()) ++n;
  say(n);
}

PROGRAM(Composing, AsCompletedWhoseTimeIsUpThrowsAndCancelsNothing) {
  auto fast = []() -> jay::task<std::string> { co_return "fast"; };
  auto first = start(fast());
  auto slow = start(forever());
  auto each = jay::as_completed(void_handles{first, slow}, 20ms);
  auto h = co_await each.next();
  say(*h == first ? "fast" : "slow");
  std::string end;
  try {
    co_await each.next();
  } catch (...) {
    end = error(std::current_exception());
  }
  say(end);
  say(slow.done(), slow.cancelling());
  slow.cancel();
}

PROGRAM(Composing, AsCompletedGivesTheTasksThemselves) {
  handles all{start(value_after(3, 0), "slow"), start(value_after(1, 0), "fast")};
  auto each = jay::as_completed(all);
  while (auto h = co_await each.next()) say(h->name(), std::find(all.begin(), all.end(), *h) != all.end());
}

// ---- shield

PROGRAM(Composing, AShieldGivesTheValue) {
  int value = co_await jay::shield(value_after(2, 8));
  say(value);
}

PROGRAM(Composing, ACancelOfAShieldedWaitLeavesTheTaskAlone) {
  auto inner = start(value_after(5, 8));
  auto waits = [&]() -> jay::task<> { co_await jay::shield(inner); };
  auto waiting = jay::create_task(waits);
  co_await turns(2);
  waiting.cancel();
  auto end = co_await outcome(waiting);
  say(end, inner.done(), inner.cancelling());
  int value = co_await inner;
  say(value);
}

PROGRAM(Composing, ACancelOfWhatIsShieldedIsToldToWhoWaits) {
  auto inner = start(forever());
  cancel_soon(inner);
  auto end = co_await outcome(jay::shield(inner));
  say(end, jay::current_task().cancelling());
}

PROGRAM(Composing, AShieldPassesAnErrorOn) {
  auto end = co_await outcome(jay::shield(oops_after(1, "bad")));
  say(end);
}

PROGRAM(Composing, AShieldOfWhatIsDoneGivesIt) {
  auto done = start(value_after(0, 2));
  co_await done;
  int value = co_await jay::shield(done);
  say(value);
}

PROGRAM(Composing, ACoroutineGivenToAShieldOutlivesWhoWaits) {
  jay::event done;
  auto goes_on = [&]() -> jay::task<> {
    co_await turns(4);
    say("ran to its end");
    done.set();
  };
  auto waits = [&]() -> jay::task<> { co_await jay::shield(goes_on()); };
  auto waiting = jay::create_task(waits);
  co_await turns(2);
  waiting.cancel();
  auto end = co_await outcome(waiting);
  say(end);
  co_await done.wait();
}

}  // namespace
