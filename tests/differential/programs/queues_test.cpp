// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;
using handles = std::vector<jay::task_handle<>>;

template <class Queue>
jay::task<std::vector<int>> three_of(Queue& queue) {
  std::vector<int> items;
  for (int n = 0; n < 3; ++n) {
    int item = co_await queue.get();
    items.push_back(item);
  }
  co_return items;
}

PROGRAM(Queues, ItemsComeOutInTheOrderInWhichTheyWentIn) {
  jay::queue<int> queue;
  for (int n = 0; n < 3; ++n) queue.put_nowait(n);
  auto items = co_await three_of(queue);
  say(items, queue.empty());
}

PROGRAM(Queues, AGetOfAnEmptyQueueWithoutWaitingThrows) {
  jay::queue<int> queue;
  say(outcome_of_call([&] { return queue.get_nowait(); }));
  co_return;
}

PROGRAM(Queues, APutIntoAFullQueueWithoutWaitingThrows) {
  jay::queue<int> queue(1);
  queue.put_nowait(1);
  say(outcome_of_call([&] { queue.put_nowait(2); }), queue.full(), queue.qsize(), queue.maxsize());
  co_return;
}

PROGRAM(Queues, AQueueWithoutBoundIsNeverFull) {
  jay::queue<int> queue;
  for (int n = 0; n < 100; ++n) queue.put_nowait(n);
  say(queue.full(), queue.qsize());
  co_return;
}

PROGRAM(Queues, APutWaitsForRoom) {
  jay::queue<int> queue(1);
  auto puts = [&]() -> jay::task<> {
    for (int n = 0; n < 3; ++n) {
      co_await queue.put(n);
      say("put", n);
    }
  };
  auto task = jay::create_task(puts);
  co_await turns(2);
  for (int n = 0; n < 3; ++n) {
    int item = co_await queue.get();
    say("got", item);
  }
  co_await task;
}

PROGRAM(Queues, AGetWaitsForAnItem) {
  jay::queue<std::string> queue;
  auto task = jay::create_task(queue.get());
  co_await turns(2);
  say(task.done());
  queue.put_nowait("item");
  std::string item = co_await task;
  say(item);
}

PROGRAM(Queues, ItemsGoToWhoHasWaitedLongest) {
  jay::queue<std::string> queue;
  auto gets = [&](int n) -> jay::task<> {
    std::string item = co_await queue.get();
    say(n, item);
  };
  handles all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(gets, n));
  co_await jay::sleep(0s);
  for (const char* item : {"a", "b", "c"}) queue.put_nowait(item);
  co_await jay::gather(all);
}

PROGRAM(Queues, ACancelledGetterTakesNothing) {
  jay::queue<std::string> queue;
  auto first = jay::create_task(queue.get());
  auto second = jay::create_task(queue.get());
  co_await jay::sleep(0s);
  first.cancel();
  queue.put_nowait("item");
  auto one = co_await outcome(first);
  auto two = co_await outcome(second);
  say(one, two, queue.qsize());
}

PROGRAM(Queues, ACancelledPutAddsNothing) {
  jay::queue<std::string> queue(1);
  queue.put_nowait("first");
  auto task = jay::create_task(queue.put("second"));
  co_await jay::sleep(0s);
  task.cancel();
  auto end = co_await outcome(task);
  std::string item = queue.get_nowait();
  say(end, item, queue.qsize());
}

PROGRAM(Queues, JoinWaitsUntilAllItemsAreDone) {
  jay::queue<int> queue;
  for (int n = 0; n < 2; ++n) queue.put_nowait(n);
  auto joins = [&]() -> jay::task<> {
    co_await queue.join();
    say("joined");
  };
  auto task = jay::create_task(joins);
  for (int n = 0; n < 2; ++n) {
    co_await turns(2);
    co_await queue.get();
    say("done", n);
    queue.task_done();
  }
  co_await task;
}

PROGRAM(Queues, JoinOfAnUnusedQueueDoesNotWait) {
  jay::queue<int> queue;
  co_await queue.join();
  say("joined");
}

PROGRAM(Queues, ATaskDoneTooManyIsAValueError) {
  jay::queue<int> queue;
  queue.put_nowait(1);
  queue.get_nowait();
  queue.task_done();
  say(outcome_of_call([&] { queue.task_done(); }));
  co_return;
}

PROGRAM(Queues, AGetDoesNotMakeAnItemDone) {
  jay::queue<int> queue;
  queue.put_nowait(1);
  co_await queue.get();
  auto task = jay::create_task(queue.join());
  co_await turns(2);
  say(task.done());
  queue.task_done();
  co_await task;
  say(task.done());
}

PROGRAM(Queues, APriorityQueueGivesTheSmallest) {
  jay::priority_queue<int> queue;
  for (int n : {3, 1, 2}) queue.put_nowait(n);
  auto items = co_await three_of(queue);
  say(items);
}

PROGRAM(Queues, ALifoQueueGivesTheYoungest) {
  jay::lifo_queue<int> queue;
  for (int n : {3, 1, 2}) queue.put_nowait(n);
  auto items = co_await three_of(queue);
  say(items);
}

PROGRAM(Queues, ABoundedLifoQueueWaitsForRoomToo) {
  jay::lifo_queue<int> queue(2);
  for (int n = 0; n < 2; ++n) queue.put_nowait(n);
  auto task = jay::create_task(queue.put(2));
  co_await jay::sleep(0s);
  int first = co_await queue.get();
  say(first);
  co_await task;
  int second = co_await queue.get();
  int third = co_await queue.get();
  say(second, third);
}

PROGRAM(Queues, WorkersShareTheItemsOfAQueue) {
  jay::queue<int> queue;
  auto works = [&](std::string name) -> jay::task<> {
    for (;;) {
      int item = co_await queue.get();
      say(name, item);
      co_await jay::sleep(0s);
      queue.task_done();
    }
  };
  handles workers{jay::create_task(works, "x"), jay::create_task(works, "y")};
  for (int n = 0; n < 5; ++n) queue.put_nowait(n);
  co_await queue.join();
  for (auto& worker : workers) worker.cancel();
  std::vector<std::string> ends;
  for (auto& worker : workers) {
    auto end = co_await outcome(worker);
    ends.push_back(end);
  }
  say(ends);
}

PROGRAM(Queues, AQueueThatIsShutDownGivesWhatItHasAndTakesNothing) {
  jay::queue<int> queue;
  queue.put_nowait(1);
  queue.shutdown();
  say(outcome_of_call([&] { queue.put_nowait(2); }));
  auto end = co_await outcome(queue.put(2));
  say(end);
  end = co_await outcome(queue.get());
  say(end);
  end = co_await outcome(queue.get());
  say(end);
}

PROGRAM(Queues, AShutdownWakesWhoWaits) {
  jay::queue<int> empty, full(1);
  full.put_nowait(1);
  auto gets = jay::create_task(empty.get());
  auto puts = jay::create_task(full.put(2));
  co_await turns(2);
  empty.shutdown();
  full.shutdown();
  auto end = co_await outcome(gets);
  say(end);
  end = co_await outcome(puts);
  say(end);
}

PROGRAM(Queues, AnImmediateShutdownDropsTheItemsAndEndsJoin) {
  jay::queue<int> queue;
  queue.put_nowait(1);
  auto joins = [&]() -> jay::task<> {
    co_await queue.join();
    say("joined");
  };
  auto task = jay::create_task(joins);
  co_await turns(2);
  queue.shutdown(true);
  say(queue.qsize(), outcome_of_call([&] { return queue.get_nowait(); }));
  co_await task;
}

PROGRAM(Queues, ASecondShutdownChangesNothing) {
  jay::queue<int> queue;
  queue.shutdown();
  queue.shutdown();
  say(outcome_of_call([&] { return queue.get_nowait(); }));
  say(outcome_of_call([&] { queue.put_nowait(1); }));
  co_return;
}

}  // namespace
