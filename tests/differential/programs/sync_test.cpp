// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;
using handles = std::vector<jay::task_handle<>>;

jay::task<std::vector<std::string>> outcomes(handles all) {
  std::vector<std::string> said;
  for (auto& one : all) {
    auto end = co_await outcome(one);
    said.push_back(end);
  }
  co_return said;
}

// ---- Lock

jay::task<> says_in(jay::lock& lock, std::string name) {
  auto held = co_await lock.scoped();
  say("in", name);
}

PROGRAM(Sync, ALockGoesToWhoHasWaitedLongest) {
  jay::lock lock;
  auto child = [&](int n) -> jay::task<> {
    auto held = co_await lock.scoped();
    say("in", n);
    co_await jay::sleep(0s);
    say("out", n);
  };
  handles all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(child, n));
  co_await jay::gather(all);
}

PROGRAM(Sync, ALockSaysWhetherItIsHeld) {
  jay::lock lock;
  say(lock.locked());
  co_await lock.acquire();
  say(lock.locked());
  lock.release();
  say(lock.locked());
}

PROGRAM(Sync, AReleaseOfAFreeLockIsARuntimeError) {
  jay::lock lock;
  say(outcome_of_call([&] { lock.release(); }));
  co_return;
}

PROGRAM(Sync, AnErrorInsideReleasesTheLock) {
  jay::lock lock;
  auto child = [&]() -> jay::task<> {
    auto held = co_await lock.scoped();
    throw oops("inside");
  };
  auto end = co_await outcome(child());
  say(end, lock.locked());
}

PROGRAM(Sync, ACancelledWaiterLeavesTheLine) {
  jay::lock lock;
  co_await lock.acquire();
  handles all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(says_in, std::ref(lock), std::to_string(n)));
  co_await jay::sleep(0s);
  all[1].cancel();
  lock.release();
  auto said = co_await outcomes(all);
  say(said, lock.locked());
}

PROGRAM(Sync, AWaiterThatWasCalledAndThenCancelledPassesTheLockOn) {
  jay::lock lock;
  co_await lock.acquire();
  handles all;
  for (int n = 0; n < 2; ++n) all.push_back(jay::create_task(says_in, std::ref(lock), std::to_string(n)));
  co_await jay::sleep(0s);
  lock.release();
  all[0].cancel();
  auto said = co_await outcomes(all);
  say(said, lock.locked());
}

PROGRAM(Sync, ALockThatWasReleasedIsNotFreeForWhoComesBeforeItsWaiter) {
  jay::lock lock;
  co_await lock.acquire();
  auto first = jay::create_task(says_in, std::ref(lock), "first");
  co_await jay::sleep(0s);
  lock.release();
  say(lock.locked());
  co_await says_in(lock, "main");
  co_await first;
}

// ---- Event

PROGRAM(Sync, AnEventWakesAllThatWaitInOrder) {
  jay::event event;
  auto child = [&](int n) -> jay::task<> {
    co_await event.wait();
    say(n);
  };
  handles all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(child, n));
  co_await jay::sleep(0s);
  say(event.is_set());
  event.set();
  say(event.is_set());
  co_await jay::gather(all);
}

PROGRAM(Sync, ASetEventDoesNotWait) {
  jay::event event;
  event.set();
  co_await event.wait();
  say("went on");
  event.clear();
  say(event.is_set());
}

PROGRAM(Sync, WhoWasWokenGoesOnThoughTheEventWasCleared) {
  jay::event event;
  auto child = [&]() -> jay::task<> {
    co_await event.wait();
    say("woken", event.is_set());
  };
  auto task = jay::create_task(child);
  co_await jay::sleep(0s);
  event.set();
  event.clear();
  co_await task;
}

PROGRAM(Sync, ACancelledWaiterOfAnEventLeaves) {
  jay::event event;
  auto task = jay::create_task(event.wait());
  auto other = jay::create_task(event.wait());
  co_await jay::sleep(0s);
  task.cancel();
  auto end = co_await outcome(task);
  say(end);
  event.set();
  co_await other;
  say("the other went on");
}

// ---- Condition

PROGRAM(Sync, AConditionWakesAsManyAsAreNotified) {
  jay::condition condition;
  auto child = [&](int n) -> jay::task<> {
    auto held = co_await condition.scoped();
    co_await condition.wait();
    say("woken", n);
  };
  handles all;
  for (int n = 0; n < 4; ++n) all.push_back(jay::create_task(child, n));
  co_await turns(2);
  {
    auto held = co_await condition.scoped();
    condition.notify(2);
  }
  co_await turns(4);
  std::vector<std::string> done;
  for (auto& one : all) done.push_back(text(one.done()));
  say(done);
  {
    auto held = co_await condition.scoped();
    condition.notify_all();
  }
  co_await jay::gather(all);
}

PROGRAM(Sync, AConditionWithoutItsLockIsARuntimeError) {
  jay::condition condition;
  auto waits = co_await outcome(condition.wait());
  say(outcome_of_call([&] { condition.notify(); }), outcome_of_call([&] { condition.notify_all(); }), waits);
}

PROGRAM(Sync, ANotifyWithoutWaitersIsLost) {
  jay::condition condition;
  {
    auto held = co_await condition.scoped();
    condition.notify();
  }
  auto child = [&]() -> jay::task<> {
    auto held = co_await condition.scoped();
    co_await condition.wait();
  };
  auto task = jay::create_task(child);
  co_await turns(3);
  say(task.done());
  task.cancel();
  auto end = co_await outcome(task);
  say(end, condition.locked());
}

PROGRAM(Sync, WhoWaitsForAConditionHasLetTheLockGo) {
  jay::condition condition;
  auto child = [&]() -> jay::task<> {
    auto held = co_await condition.scoped();
    co_await condition.wait();
    say("has it again", condition.locked());
  };
  auto task = jay::create_task(child);
  co_await turns(2);
  say(condition.locked());
  {
    auto held = co_await condition.scoped();
    condition.notify();
  }
  co_await task;
  say(condition.locked());
}

PROGRAM(Sync, WaitForLooksAgainAfterEachNotify) {
  jay::condition condition;
  int stock = 0;
  auto enough = [&] {
    say("looks", stock);
    return stock >= 2;
  };
  auto child = [&]() -> jay::task<> {
    auto held = co_await condition.scoped();
    co_await condition.wait_for(enough);
    say("got", true);
  };
  auto task = jay::create_task(child);
  for (int n = 0; n < 2; ++n) {
    co_await turns(2);
    auto held = co_await condition.scoped();
    ++stock;
    condition.notify();
  }
  co_await task;
}

PROGRAM(Sync, ACancelledWaitHasTheLockAgain) {
  jay::condition condition;
  auto child = [&]() -> jay::task<> {
    auto held = co_await condition.scoped();
    try {
      co_await condition.wait();
    } catch (const jay::cancelled_error&) {
      say("held", condition.locked());
      throw;
    }
  };
  auto task = jay::create_task(child);
  co_await turns(2);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, condition.locked());
}

PROGRAM(Sync, ConditionsMayShareALock) {
  jay::lock lock;
  jay::condition first(lock), second(lock);
  auto child = [](jay::condition& condition, std::string name) -> jay::task<> {
    auto held = co_await condition.scoped();
    co_await condition.wait();
    say(name);
  };
  handles all{jay::create_task(child, std::ref(first), "first"), jay::create_task(child, std::ref(second), "second")};
  co_await turns(2);
  {
    auto held = co_await lock.scoped();
    second.notify();
  }
  co_await turns(3);
  {
    auto held = co_await lock.scoped();
    first.notify();
  }
  co_await jay::gather(all);
}

// ---- Semaphore

PROGRAM(Sync, ASemaphoreLetsSoManyIn) {
  jay::semaphore semaphore(2);
  auto child = [&](int n) -> jay::task<> {
    auto permit = co_await semaphore.scoped();
    say("in", n);
    co_await turns(2);
    say("out", n);
  };
  handles all;
  for (int n = 0; n < 4; ++n) all.push_back(jay::create_task(child, n));
  co_await jay::gather(all);
}

PROGRAM(Sync, ASemaphoreWithoutPermitsIsLocked) {
  jay::semaphore semaphore(1);
  say(semaphore.locked());
  co_await semaphore.acquire();
  say(semaphore.locked());
  semaphore.release();
  semaphore.release();
  co_await semaphore.acquire();
  say(semaphore.locked());
}

PROGRAM(Sync, ANegativeNumberOfPermitsIsAValueError) {
  say(outcome_of_call([] { jay::semaphore semaphore(-1); }));
  co_return;
}

PROGRAM(Sync, ABoundedSemaphoreRefusesAReleaseTooMany) {
  jay::bounded_semaphore semaphore(1);
  auto release = [&] { semaphore.release(); };
  say(outcome_of_call(release));
  co_await semaphore.acquire();
  say(outcome_of_call(release));
}

jay::task<> says_got(jay::semaphore& semaphore, int n) {
  co_await semaphore.acquire();
  say("got", n);
}

PROGRAM(Sync, ACancelledWaiterTakesNoPermit) {
  jay::semaphore semaphore(0);
  handles all;
  for (int n = 0; n < 2; ++n) all.push_back(jay::create_task(says_got, std::ref(semaphore), n));
  co_await jay::sleep(0s);
  all[0].cancel();
  semaphore.release();
  auto said = co_await outcomes(all);
  say(said, semaphore.locked());
}

PROGRAM(Sync, PermitsAreHandedOutInTheOrderOfArrival) {
  jay::semaphore semaphore(0);
  handles all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(says_got, std::ref(semaphore), n));
  co_await jay::sleep(0s);
  for (int n = 0; n < 3; ++n) semaphore.release();
  co_await jay::gather(all);
}

// ---- Barrier

using places = std::vector<jay::task_handle<std::size_t>>;

PROGRAM(Sync, ABarrierLetsThemThroughTogether) {
  jay::barrier barrier(3);
  std::vector<std::size_t> places;
  auto child = [&](int n) -> jay::task<> {
    say("comes", n);
    std::size_t place = co_await barrier.wait();
    places.push_back(place);
  };
  handles all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(child, n));
  co_await jay::gather(all);
  std::sort(places.begin(), places.end());
  say(places, barrier.n_waiting(), barrier.parties(), barrier.broken());
}

PROGRAM(Sync, ABarrierCountsWhoWaits) {
  jay::barrier barrier(3);
  places all;
  for (int n = 0; n < 2; ++n) all.push_back(jay::create_task(barrier.wait()));
  co_await turns(2);
  say(barrier.n_waiting(), barrier.parties());
  co_await barrier.wait();
  co_await jay::gather(all);
  say(barrier.n_waiting());
}

PROGRAM(Sync, ABarrierOfOneDoesNotWait) {
  jay::barrier barrier(1);
  std::size_t first = co_await barrier.wait();
  std::size_t second = co_await barrier.wait();
  say(first, second);
}

PROGRAM(Sync, ABarrierMayBeUsedAgain) {
  jay::barrier barrier(2);
  auto child = [&](int n) -> jay::task<> {
    for (int round = 0; round < 2; ++round) {
      co_await barrier.wait();
      if (n == 0) say("round", round);
      co_await turns(5);
    }
  };
  handles all{jay::create_task(child, 0), jay::create_task(child, 1)};
  co_await jay::gather(all);
}

PROGRAM(Sync, ABrokenBarrierThrowsInWhoWaitsAndWhoComes) {
  jay::barrier barrier(3);
  auto task = jay::create_task(barrier.wait());
  co_await turns(2);
  barrier.abort();
  const bool broken = barrier.broken();
  auto waits = co_await outcome(task);
  auto comes = co_await outcome(barrier.wait());
  say(broken, waits, comes);
}

PROGRAM(Sync, AResetThrowsInWhoWaitsAndMendsTheBarrier) {
  jay::barrier barrier(2);
  auto task = jay::create_task(barrier.wait());
  co_await turns(2);
  barrier.reset();
  auto waits = co_await outcome(task);
  say(waits, barrier.broken());
  places both;
  for (int n = 0; n < 2; ++n) both.push_back(jay::create_task(barrier.wait()));
  std::vector<std::size_t> given = co_await jay::gather(both);
  std::sort(given.begin(), given.end());
  say(given);
}

PROGRAM(Sync, ACancelledWaiterLeavesTheBarrier) {
  jay::barrier barrier(2);
  auto task = jay::create_task(barrier.wait());
  co_await turns(2);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, barrier.n_waiting(), barrier.broken());
}

PROGRAM(Sync, ABarrierOfNobodyIsAValueError) {
  say(outcome_of_call([] { jay::barrier barrier(0); }));
  co_return;
}

}  // namespace
