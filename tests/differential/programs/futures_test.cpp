// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

jay::task<int> wait(jay::future<int> future) {
  int value = co_await future;
  co_return value;
}
template <class T>
std::string result_of(const jay::future<T>& f) {
  return outcome_of_call([&] { return f.result(); });
}
template <class T>
std::string exception_of(const jay::future<T>& f) {
  return outcome_of_call([&] { return f.exception(); });
}

PROGRAM(Futures, AFutureGivesTheValueThatWasSet) {
  auto [promise, future] = jay::with_resolvers<int>();
  auto task = jay::create_task(wait, future);
  co_await jay::sleep(0s);
  promise.set_result(5);
  say(task.done(), future.done(), future.result());
  int first = co_await task;
  int second = co_await future;
  say(first, second);
}

PROGRAM(Futures, AFutureThatIsSetDoesNotWait) {
  auto [promise, future] = jay::with_resolvers<int>();
  promise.set_result(1);
  jay::get_event_loop().call_soon([] { say("the next turn"); });
  int value = co_await future;
  say(value);
  co_await jay::sleep(0s);
}

PROGRAM(Futures, AFutureIsSetOnce) {
  auto [promise, future] = jay::with_resolvers<int>();
  promise.set_result(1);
  say(outcome_of_call([&p = promise] { p.set_result(2); }), outcome_of_call([&p = promise] { p.set_exception(oops("late")); }),
      future.result());
  co_return;
}

PROGRAM(Futures, TheResultBeforeItIsThereIsAnInvalidState) {
  auto [promise, future] = jay::with_resolvers<int>();
  say(result_of(future), exception_of(future), future.done());
  future.cancel();
  co_return;
}

PROGRAM(Futures, AnErrorIsThrownByEachAwait) {
  auto [promise, future] = jay::with_resolvers<int>();
  promise.set_exception(oops("bad"));
  auto first = co_await outcome(future);
  auto second = co_await outcome(future);
  say(first, second, result_of(future), future.exception());
}

PROGRAM(Futures, AValueIsNoException) {
  auto [promise, future] = jay::with_resolvers<int>();
  promise.set_result(1);
  say(future.exception());
  co_return;
}

PROGRAM(Futures, ACancelledFutureThrowsCancelled) {
  auto [promise, future] = jay::with_resolvers<int>();
  const bool first = future.cancel(), second = future.cancel();
  say(first, second, future.cancelled(), future.done());
  auto end = co_await outcome(future);
  say(result_of(future), exception_of(future), end);
}

PROGRAM(Futures, ACancelledFutureCannotBeSet) {
  auto [promise, future] = jay::with_resolvers<int>();
  future.cancel();
  say(outcome_of_call([&p = promise] { p.set_result(1); }), outcome_of_call([&p = promise] { p.set_exception(oops("late")); }));
  co_return;
}

PROGRAM(Futures, AFutureThatIsDoneCannotBeCancelled) {
  auto [promise, future] = jay::with_resolvers<int>();
  promise.set_result(1);
  const bool asked = future.cancel();
  say(asked, future.cancelled(), future.result());
  co_return;
}

PROGRAM(Futures, TheMessageOfACancelIsThatOfItsError) {
  auto [promise, future] = jay::with_resolvers<int>();
  future.cancel("why");
  auto end = co_await outcome(future);
  say(end);
}

PROGRAM(Futures, CallbacksComeInOrderAndNotInTheCallThatSets) {
  auto [promise, future] = jay::with_resolvers<int>();
  future.add_done_callback([](const auto& f) { say("first", f.result()); });
  future.add_done_callback([](const auto&) { say("second"); });
  promise.set_result(1);
  say("set");
  co_await jay::sleep(0s);
  say("after");
}

PROGRAM(Futures, ACallbackOfAFutureThatIsDoneComesSoon) {
  auto [promise, future] = jay::with_resolvers<int>();
  promise.set_result(1);
  future.add_done_callback([](const auto&) { say("called"); });
  say("added");
  co_await jay::sleep(0s);
}

PROGRAM(Futures, ARemovedCallbackOfAFutureIsNotCalled) {
  auto [promise, future] = jay::with_resolvers<int>();
  auto id = future.add_done_callback([](const auto&) { say("never"); });
  const bool first = future.remove_done_callback(id), second = future.remove_done_callback(id);
  say(first, second);
  promise.set_result(1);
  co_await turns(2);
}

PROGRAM(Futures, ACallbackAddedByACallbackComesATurnLater) {
  auto [promise, future] = jay::with_resolvers<int>();
  future.add_done_callback([](const auto& f) {
    say("first");
    f.add_done_callback([](const auto&) { say("third"); });
  });
  future.add_done_callback([](const auto&) { say("second"); });
  promise.set_result(1);
  co_await turns(3);
}

PROGRAM(Futures, ACancelOfWhoWaitsCancelsTheFuture) {
  auto [promise, future] = jay::with_resolvers<int>();
  auto task = jay::create_task(wait, future);
  co_await jay::sleep(0s);
  task.cancel("why");
  const bool cancelled = future.cancelled();
  auto its = co_await outcome(task);
  auto futures = co_await outcome(future);
  say(cancelled, its, futures);
}

PROGRAM(Futures, ACancelOfOneThatWaitsIsToldToAll) {
  auto [promise, future] = jay::with_resolvers<int>();
  auto first = jay::create_task(wait, future), second = jay::create_task(wait, future);
  co_await jay::sleep(0s);
  first.cancel();
  auto one = co_await outcome(first);
  auto two = co_await outcome(second);
  say(one, two, second.cancelling());
}

PROGRAM(Futures, ThoseThatWaitGoOnInTheOrderInWhichTheyCame) {
  auto [promise, future] = jay::with_resolvers<void>();
  auto waits = [f = future](int n) -> jay::task<> {
    co_await f;
    say(n);
  };
  std::vector<jay::task_handle<>> all;
  for (int n = 0; n < 3; ++n) all.push_back(jay::create_task(waits, n));
  co_await jay::sleep(0s);
  promise.set_result();
  co_await jay::gather(all);
}

PROGRAM(Futures, ACallbackThatFailsIsToldToTheHandler) {
  jay::get_event_loop().set_exception_handler([](const jay::exception_context& c) { say("handler", c.exception); });
  auto [promise, future] = jay::with_resolvers<int>();
  future.add_done_callback([](const auto&) { throw oops("in a callback"); });
  future.add_done_callback([](const auto&) { say("the next one"); });
  promise.set_result(1);
  co_await turns(2);
}

PROGRAM(Futures, AnErrorThatNobodyAsksForIsToldToTheHandler) {
  jay::get_event_loop().set_exception_handler([](const jay::exception_context& c) {
    say("handler", c.exception, c.message.find("never retrieved") != std::string::npos);
  });
  {
    auto [promise, future] = jay::with_resolvers<int>();
    promise.set_exception(oops("forgotten"));
  }
  co_await turns(2);
}

PROGRAM(Futures, AnErrorThatWasAskedForIsNotTold) {
  jay::get_event_loop().set_exception_handler([](const jay::exception_context&) { say("never"); });
  {
    auto [promise, future] = jay::with_resolvers<int>();
    promise.set_exception(oops("seen"));
    say(future.exception());
  }
  co_await turns(2);
}

}  // namespace
