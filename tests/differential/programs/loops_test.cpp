// SPDX-License-Identifier: MIT
#include <csignal>
#include <exception>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

/// say(values...) later.
template <class... T>
auto says(T... values) {
  return [... v = std::move(values)] { say(v...); };
}
/// What f runs ends after the loop: nobody destroys a coroutine of a loop that is gone.
void with_loop(void (*f)(jay::event_loop&)) {
  jay::event_loop loop(in_order());
  f(loop);
  loop.close();
}

// ---- calls

PROGRAM(Loops, CallsAreMadeInTheOrderInWhichTheyWereGiven) {
  jay::event_loop& loop = jay::get_event_loop();
  for (int n = 0; n < 3; ++n) loop.call_soon(says("call", n));
  say("given");
  co_await jay::sleep(0s);
}

PROGRAM(Loops, ACallThatACallGivesIsMadeATurnLater) {
  jay::event_loop& loop = jay::get_event_loop();
  loop.call_soon([&loop] {
    say("first");
    loop.call_soon(says("third"));
  });
  loop.call_soon(says("second"));
  co_await jay::sleep(0s);
  say("main");
  co_await jay::sleep(0s);
}

PROGRAM(Loops, ACancelledCallIsNotMade) {
  auto call = jay::get_event_loop().call_soon(says("never"));
  say(call.cancelled());
  call.cancel();
  say(call.cancelled());
  co_await turns(2);
}

PROGRAM(Loops, ACancelOfACallThatWasMadeDoesNothing) {
  auto call = jay::get_event_loop().call_soon(says("made"));
  co_await jay::sleep(0s);
  call.cancel();
  say("after");
}

PROGRAM(Loops, LaterCallsComeByTheirDeadlines) {
  jay::event_loop& loop = jay::get_event_loop();
  const jay::time_point base = loop.time();
  for (int ms : {8, 2, 5}) loop.call_at(base + std::chrono::milliseconds(ms), says(ms));
  co_await jay::sleep(20ms);
}

PROGRAM(Loops, ACallLaterOfNothingComesWithTheNextTurns) {
  jay::event_loop& loop = jay::get_event_loop();
  loop.call_later(0s, says("later"));
  loop.call_soon(says("soon"));
  co_await turns(3);
  say("main");
}

PROGRAM(Loops, ALaterCallSaysWhenAndMayBeCancelled) {
  jay::event_loop& loop = jay::get_event_loop();
  const jay::time_point at = loop.time() + 60s;
  auto call = loop.call_at(at, says("never"));
  say(call.when() == at, call.cancelled());
  call.cancel();
  say(call.cancelled());
  co_return;
}

PROGRAM(Loops, ACallInThePastIsMadeSoon) {
  jay::event_loop& loop = jay::get_event_loop();
  loop.call_at(loop.time() - 5s, says("called"));
  co_await turns(3);
  say("main");
}

PROGRAM(Loops, CallsAndTasksTakeTurns) {
  jay::event_loop& loop = jay::get_event_loop();
  auto child = []() -> jay::task<> {
    say("child");
    co_await jay::sleep(0s);
    say("child again");
  };
  loop.call_soon(says("a"));
  auto task = jay::create_task(child);
  loop.call_soon(says("b"));
  co_await task;
}

PROGRAM(Loops, TimeDoesNotGoBack) {
  jay::event_loop& loop = jay::get_event_loop();
  const jay::time_point first = loop.time();
  co_await jay::sleep(1ms);
  say(loop.time() > first);
}

// ---- runs

LOOP_PROGRAM(Loops, ALoopGivesTheValueOfWhatItRuns) {
  with_loop([](jay::event_loop& loop) { say(loop.run_until_complete(value_after(2, 7))); });
}

LOOP_PROGRAM(Loops, ALoopThrowsWhatItRunsThrows) {
  with_loop([](jay::event_loop& loop) { say(outcome_of_call([&] { return loop.run_until_complete(oops_after(2, "bad")); })); });
}

jay::task<> counts(int n) {
  for (int i = 0; i < n; ++i) {
    say("counts", i);
    co_await jay::sleep(0s);
  }
}

LOOP_PROGRAM(Loops, ALoopMayRunAgainAndTasksGoOn) {
  with_loop([](jay::event_loop& loop) {
    auto task = loop.create_task(counts(4));
    loop.run_until_complete(turns(1));
    say("between", task.done());
    loop.run_until_complete(task);
  });
}

LOOP_PROGRAM(Loops, AStopEndsTheRunAfterTheTurn) {
  with_loop([](jay::event_loop& loop) {
    loop.call_soon([&loop] {
      say("first");
      loop.stop();
      loop.call_soon(says("next run"));
    });
    loop.call_soon(says("second"));
    loop.run_forever();
    say("stopped");
    loop.call_soon([&loop] { loop.stop(); });
    loop.run_forever();
  });
}

LOOP_PROGRAM(Loops, AStopBeforeTheRunLetsItMakeOneTurn) {
  with_loop([](jay::event_loop& loop) {
    loop.call_soon(says("called"));
    loop.stop();
    loop.run_forever();
    say("stopped");
  });
}

LOOP_PROGRAM(Loops, AStopBeforeTheEndIsARuntimeErrorAndTheTaskIsStillThere) {
  with_loop([](jay::event_loop& loop) {
    auto stops = [](jay::event_loop& l) -> jay::task<std::string> {
      l.stop();
      co_await turns(3);
      co_return "the end";
    };
    auto task = loop.create_task(stops, std::ref(loop));
    say(outcome_of_call([&] { return loop.run_until_complete(task); }), task.done());
    say(loop.run_until_complete(task));
  });
}

LOOP_PROGRAM(Loops, AClosedLoopTakesNothing) {
  jay::event_loop loop(in_order());
  say(loop.is_closed());
  loop.close();
  loop.close();
  say(loop.is_closed(), outcome_of_call([&] { loop.call_soon([] {}); }), outcome_of_call([&] { loop.run_forever(); }));
}

LOOP_PROGRAM(Loops, ARunningLoopSaysSo) {
  with_loop([](jay::event_loop& loop) {
    say(loop.is_running());
    loop.call_soon([&loop] { say(loop.is_running()); });
    loop.call_soon([&loop] { loop.stop(); });
    loop.run_forever();
    say(loop.is_running());
  });
}

PROGRAM(Loops, ARunningLoopCannotBeRunOrClosed) {
  jay::event_loop& loop = jay::get_event_loop();
  say(outcome_of_call([&] { loop.run_forever(); }), outcome_of_call([&] { loop.close(); }),
      outcome_of_call([] { jay::run(forever()); }));
  co_return;
}

LOOP_PROGRAM(Loops, OutsideALoopThereIsNone) {
  say(outcome_of_call([] { jay::get_event_loop(); }));
}

LOOP_PROGRAM(Loops, ACloseDropsWhatWasToBeCalled) {
  with_loop([](jay::event_loop& loop) { loop.call_soon(says("never")); });
  say("closed");
}

LOOP_PROGRAM(Loops, AKeyboardInterruptInACallEndsTheRun) {
  with_loop([](jay::event_loop& loop) {
    loop.call_soon([] { throw jay::keyboard_interrupt(); });
    say(outcome_of_call([&] { loop.run_forever(); }));
  });
}

LOOP_PROGRAM(Loops, RunGivesTheValueAndThrowsTheError) {
  const int value = jay::run(value_after(1, 3), in_order());
  say(value, outcome_of_call([] { return jay::run(oops_after(1, "bad"), in_order()); }));
}

LOOP_PROGRAM(Loops, TheEndOfARunCancelsWhatIsLeftAndWaitsForIt) {
  auto left = []() -> jay::task<> {
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
  auto main = [&]() -> jay::task<> {
    jay::create_task(left);
    co_await jay::sleep(0s);
    say("main ends");
  };
  jay::run(main(), in_order());
  say("after the run");
}

LOOP_PROGRAM(Loops, AnErrorInACleanupAtTheEndIsToldToTheHandler) {
  auto left = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      throw oops("cleanup");
    }
  };
  auto main = [&]() -> jay::task<> {
    jay::get_event_loop().set_exception_handler([](const jay::exception_context& c) { say("handler", c.exception); });
    jay::create_task(left);
    co_await jay::sleep(0s);
  };
  jay::run(main(), in_order());
  say("after the run");
}

LOOP_PROGRAM(Loops, ARunnerRunsSeveralTimesOnOneLoop) {
  auto loop = []() -> jay::task<jay::event_loop*> { co_return &jay::get_event_loop(); };
  jay::runner runner(in_order());
  const jay::event_loop* first = runner.run(loop());
  const jay::event_loop* second = runner.run(loop());
  say(first == second, runner.run(value_after(1, 5)));
}

LOOP_PROGRAM(Loops, ARunnerThatIsClosedDoesNotRun) {
  jay::runner runner(in_order());
  runner.run(turns(1));
  runner.close();
  runner.close();
  say(outcome_of_call([&] { runner.run(turns(1)); }));
}

LOOP_PROGRAM(Loops, TasksOfARunnerGoOnInTheNextRun) {
  auto starts = []() -> jay::task<jay::task_handle<>> { co_return jay::create_task(counts(3)); };
  auto waits = [](jay::task_handle<> task) -> jay::task<> { co_await task; };
  jay::runner runner(in_order());
  jay::task_handle<> task = runner.run(starts());
  say("between");
  runner.run(waits(task));
}

// ---- the exception handler

PROGRAM(Loops, ACallThatThrowsIsToldToTheHandlerAndStopsNoOther) {
  jay::event_loop& loop = jay::get_event_loop();
  loop.set_exception_handler([](const jay::exception_context& c) { say("handler", c.exception); });
  loop.call_soon([] { throw oops("in a call"); });
  loop.call_soon(says("the next one"));
  co_await turns(2);
}

PROGRAM(Loops, AnErrorOfATaskThatNobodyAsksForIsToldToTheHandler) {
  jay::get_event_loop().set_exception_handler([](const jay::exception_context& c) {
    say("handler", c.exception, c.message.find("never retrieved") != std::string::npos);
  });
  {
    auto task = jay::create_task(oops_after(1, "forgotten"));
    co_await turns(3);
    say(task.done());
  }
  co_await turns(2);
}

PROGRAM(Loops, AnErrorOfATaskThatWasAskedForIsNotTold) {
  jay::get_event_loop().set_exception_handler([](const jay::exception_context&) { say("never"); });
  {
    auto task = jay::create_task(oops_after(1, "seen"));
    co_await turns(3);
    say(task.exception());
  }
  co_await turns(2);
}

PROGRAM(Loops, AHandlerMayBeCalledByHand) {
  jay::event_loop& loop = jay::get_event_loop();
  loop.set_exception_handler([](const jay::exception_context& c) { say(c.message, c.exception); });
  loop.call_exception_handler({"by hand", std::make_exception_ptr(oops("given")), {}});
  say(loop.get_exception_handler() != nullptr);
  loop.set_exception_handler({});
  say(loop.get_exception_handler() != nullptr);
  co_return;
}

// ---- threads

PROGRAM(Loops, ACallFromAThreadWakesTheLoop) {
  jay::event_loop& loop = jay::get_event_loop();
  auto [promise, future] = jay::with_resolvers<std::string>();
  std::thread thread([&loop, p = promise] { loop.call_soon_threadsafe([p] { p.set_result("from the thread"); }); });
  std::string value = co_await future;
  say(value);
  thread.join();
}

PROGRAM(Loops, ToThreadGivesTheValueAndTheError) {
  const auto here = std::this_thread::get_id();
  auto elsewhere = [here] { return std::this_thread::get_id() != here; };
  auto fails = [] { throw oops("in the thread"); };
  bool other = co_await jay::to_thread(elsewhere);
  auto end = co_await outcome(jay::to_thread(fails));
  say(other, end);
}

PROGRAM(Loops, AnExecutorGivesTheValueAndTheError) {
  jay::event_loop& loop = jay::get_event_loop();
  auto call = loop.run_in_executor(nullptr, [](int n) { return n + 1; }, 4);
  int value = co_await call;
  auto bad = loop.run_in_executor(nullptr, [] { throw oops("in the thread"); });
  auto end = co_await outcome(bad);
  say(value, end);
}

PROGRAM(Loops, ACancelEndsTheWaitForAThread) {
  std::promise<void> go_on;
  auto blocks = [gone_on = go_on.get_future().share()] { gone_on.wait(); };  // it may wait when this program has ended
  auto task = jay::create_task(jay::to_thread(blocks));
  co_await turns(2);
  task.cancel();
  auto end = co_await outcome(task);
  say(end);
  go_on.set_value();
}

LOOP_PROGRAM(Loops, ACoroutineGivenToALoopOfAnotherThreadGivesItsResult) {
  jay::event_loop loop(in_order());
  std::thread thread([&] { loop.run_forever(); });
  say(jay::run_coroutine_threadsafe(value_after(2, 9), loop).get(60s));
  auto fails = jay::run_coroutine_threadsafe(oops_after(1, "bad"), loop);
  say(outcome_of_call([&] { return fails.get(60s); }));
  auto waits = jay::run_coroutine_threadsafe(forever(), loop);
  say(outcome_of_call([&] { waits.get(1ms); }), waits.done());
  say(waits.cancel());
  loop.call_soon_threadsafe([&] { loop.stop(); });
  thread.join();
  loop.close();
}

// ---- signals

PROGRAM(Loops, ASignalHasItsHandlerCalled) {
  jay::event_loop& loop = jay::get_event_loop();
  jay::event came;
  auto handler = [&came](const std::string& what) {
    say("signal", what);
    came.set();
  };
  loop.add_signal_handler(SIGUSR1, handler, std::string("usr1"));
  std::raise(SIGUSR1);
  co_await came.wait();
  const bool first = loop.remove_signal_handler(SIGUSR1), second = loop.remove_signal_handler(SIGUSR1);
  say(first, second);
}

}  // namespace
