// SPDX-License-Identifier: MIT
#include <optional>
#include <string>
#include <utility>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

struct says_at_its_end {
  std::string what;
  ~says_at_its_end() { say(what); }
};

jay::async_generator<int> count(int n) {
  say("begins");
  says_at_its_end ends{"ends"};
  for (int i = 0; i < n; ++i) co_yield i;
}

PROGRAM(Generators, AGeneratorGivesItsValuesAndThenEnds) {
  auto generator = count(2);
  for (int i = 0; i < 4; ++i) {
    auto v = co_await generator.next();
    say(v);
  }
}

PROGRAM(Generators, AGeneratorBeginsWhenItIsAsked) {
  auto generator = count(1);
  say("made");
  co_await turns(2);
  auto v = co_await generator.next();
  say(v);
  co_await generator.aclose();
}

PROGRAM(Generators, AGeneratorMayAwaitBetweenItsValues) {
  auto slow = []() -> jay::async_generator<int> {
    for (int i = 0; i < 2; ++i) {
      co_await turns(2);
      co_yield i;
    }
  };
  auto other = []() -> jay::task<> {
    for (int n = 0; n < 3; ++n) {
      say("other", n);
      co_await jay::sleep(0s);
    }
  };
  auto task = jay::create_task(other);
  auto generator = slow();
  while (auto v = co_await generator.next()) say(v);
  co_await task;
}

PROGRAM(Generators, AcloseEndsAGeneratorAtItsYield) {
  auto generator = count(3);
  auto v = co_await generator.next();
  say(v);
  co_await generator.aclose();
  v = co_await generator.next();
  say(v);
}

PROGRAM(Generators, AcloseOfOneThatHasNotBegunRunsNothing) {
  auto generator = count(3);
  co_await generator.aclose();
  auto v = co_await generator.next();
  say(v);
}

PROGRAM(Generators, AcloseOfOneThatHasEndedDoesNothing) {
  auto generator = count(0);
  auto v = co_await generator.next();
  say(v);
  auto first = co_await outcome(generator.aclose());
  auto second = co_await outcome(generator.aclose());
  say(first, second);
}

PROGRAM(Generators, AnErrorOfTheBodyComesOutOfNextAndEndsIt) {
  auto fails = []() -> jay::async_generator<int> {
    co_yield 1;
    throw oops("body");
  };
  auto generator = fails();
  auto v = co_await generator.next();
  say(v);
  auto end = co_await outcome(generator.next());
  say(end);
  end = co_await outcome(generator.next());
  say(end);
}

PROGRAM(Generators, AYieldAfterAcloseIsARuntimeError) {
  auto ignores = []() -> jay::async_generator<int> {
    try {
      co_yield 1;
    } catch (const jay::generator_exit&) {
    }
    co_yield 2;
  };
  auto generator = ignores();
  co_await generator.next();
  auto end = co_await outcome(generator.aclose());
  say(end);
}

PROGRAM(Generators, AnErrorWhileItIsClosedComesOutOfAclose) {
  auto fails = []() -> jay::async_generator<int> {
    try {
      co_yield 1;
    } catch (const jay::generator_exit&) {
      throw oops("cleanup");
    }
  };
  auto generator = fails();
  co_await generator.next();
  auto end = co_await outcome(generator.aclose());
  say(end);
}

PROGRAM(Generators, AGeneratorThatIsClosedMayReturn) {
  auto returns = []() -> jay::async_generator<int> {
    try {
      co_yield 1;
    } catch (const jay::generator_exit&) {
      say("returns");
    }
  };
  auto generator = returns();
  co_await generator.next();
  auto end = co_await outcome(generator.aclose());
  say(end);
}

PROGRAM(Generators, AclosingClosesWhatABreakLeaves) {
  co_await jay::with(jay::aclosing(count(3)), [](jay::async_generator<int>& generator) -> jay::task<> {
    while (auto v = co_await generator.next()) {
      say(v);
      break;
    }
    say("left");
  });
  say("after");
}

PROGRAM(Generators, AclosingClosesOnAnError) {
  auto leaves = []() -> jay::task<> {
    co_await jay::with(jay::aclosing(count(3)), [](jay::async_generator<int>& generator) -> jay::task<> {
      auto v = co_await generator.next();
      say(v);
      throw oops("inside");
    });
  };
  auto end = co_await outcome(leaves());
  say(end);
}

PROGRAM(Generators, TheInnerGeneratorIsClosedBeforeTheOuterOne) {
  auto outer = []() -> jay::async_generator<int> {
    says_at_its_end ends{"outer ends"};
    co_yield jay::elements_of(count(3));
  };
  auto generator = outer();
  auto v = co_await generator.next();
  say(v);
  co_await generator.aclose();
}

PROGRAM(Generators, ValuesOfAnInnerGeneratorPassThrough) {
  auto outer = []() -> jay::async_generator<int> {
    co_yield jay::elements_of(count(2));
    co_yield 9;
  };
  auto generator = outer();
  while (auto v = co_await generator.next()) say(v);
}

/// anext(generator, None) as a task of its own.
jay::task<std::optional<int>> ask(jay::async_generator<int>& generator) {
  auto v = co_await generator.next();
  co_return v;
}

PROGRAM(Generators, ACancelOfWhoAsksReachesTheBodyAndEndsIt) {
  auto waits = []() -> jay::async_generator<int> {
    try {
      co_yield 1;
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("inside", std::current_exception());
      throw;
    }
  };
  auto generator = waits();
  co_await generator.next();
  auto task = jay::create_task(ask, std::ref(generator));
  co_await turns(2);
  task.cancel("why");
  auto end = co_await outcome(task);
  auto after = co_await outcome(generator.next());
  say(end, after);
}

PROGRAM(Generators, ABodyThatCatchesACancelGoesOn) {
  auto stubborn = []() -> jay::async_generator<int> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("caught");
    }
    co_yield 2;
  };
  auto generator = stubborn();
  auto task = jay::create_task(ask, std::ref(generator));
  co_await turns(2);
  task.cancel();
  auto end = co_await outcome(task);
  auto after = co_await outcome(generator.next());
  say(end, after);
}

PROGRAM(Generators, ACleanupThatAwaitsIsAwaitedByAclose) {
  auto cleans_up = []() -> jay::task<> {
    co_await turns(2);
    say("cleaned up");
  };
  auto slow_cleanup = [&]() -> jay::async_generator<int> {
    co_await jay::defer(cleans_up);
    co_yield 1;
  };
  auto generator = slow_cleanup();
  co_await generator.next();
  co_await generator.aclose();
  say("closed");
}

PROGRAM(Generators, ACancelOfAcloseReachesTheCleanup) {
  auto cleans_up = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("inside", std::current_exception());
      throw;
    }
  };
  auto slow_cleanup = [&]() -> jay::async_generator<int> {
    co_await jay::defer(cleans_up);
    co_yield 1;
  };
  auto generator = slow_cleanup();
  co_await generator.next();
  auto task = jay::create_task(generator.aclose());
  co_await turns(2);
  task.cancel("why");
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Generators, ACancelOfNextIsToldWhereverTheBodyWaits) {
  auto slow = []() -> jay::async_generator<int> {
    says_at_its_end ends{"ends"};
    co_await turns(1);
    say("first part");
    co_await turns(1);
    say("second part");
    co_yield 1;
  };
  for (int n = 0; n < 5; ++n) {
    auto generator = slow();
    auto task = jay::create_task(ask, std::ref(generator));
    co_await turns(n);
    say("after", n, task.cancel());
    auto end = co_await outcome(task);
    auto next = co_await outcome(generator.next());
    say(end, next);
    co_await generator.aclose();
  }
}

PROGRAM(Generators, ACancelOfAcloseIsToldWhereverTheCleanupWaits) {
  auto cleans_up = []() -> jay::task<> {
    co_await turns(1);
    say("first part");
    co_await turns(1);
    say("second part");
  };
  auto slow_cleanup = [&]() -> jay::async_generator<int> {
    co_await jay::defer(cleans_up);
    co_yield 1;
  };
  for (int n = 1; n < 5; ++n) {
    auto generator = slow_cleanup();
    co_await generator.next();
    auto task = jay::create_task(generator.aclose());
    co_await turns(n);
    say("after", n, task.cancel());
    auto end = co_await outcome(task);
    say(end);
  }
}

PROGRAM(Generators, WhoAsksWhileAnotherWaitsGetsARuntimeError) {
  auto waits = []() -> jay::async_generator<int> {
    co_await forever();
    co_yield 1;
  };
  auto generator = waits();
  auto task = jay::create_task(ask, std::ref(generator));
  co_await turns(2);
  auto end = co_await outcome(generator.next());
  say(end);
  task.cancel();
  end = co_await outcome(task);
  say(end);
}

PROGRAM(Generators, AGeneratorMayBeAskedByOneTaskAfterAnother) {
  auto generator = count(3);
  for (int i = 0; i < 2; ++i) {
    auto task = jay::create_task(ask, std::ref(generator));
    auto v = co_await task;
    say(v);
  }
  co_await generator.aclose();
}

LOOP_PROGRAM(Generators, AGeneratorThatIsLeftIsClosedAtTheEndOfTheRun) {
  jay::async_generator<int> kept;
  auto main = [&]() -> jay::task<> {
    kept = count(3);
    auto v = co_await kept.next();
    say(v);
    say("main ends");
  };
  jay::run(main(), in_order());
  say("after the run");
}

PROGRAM(Generators, AGeneratorSharesTheTaskOfWhoAsks) {
  auto names = []() -> jay::async_generator<std::string> {
    for (;;) co_yield jay::current_task().name();
  };
  jay::current_task().set_name("main");
  auto generator = names();
  auto v = co_await generator.next();
  say(v);
  auto asks = [&]() -> jay::task<std::optional<std::string>> {
    auto name = co_await generator.next();
    co_return name;
  };
  auto task = jay::create_task(jay::task_options().name("child"), asks);
  v = co_await task;
  say(v);
  co_await generator.aclose();
}

}  // namespace
