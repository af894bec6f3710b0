// SPDX-License-Identifier: MIT
#include <chrono>
#include <optional>
#include <string>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

jay::time_point now() { return jay::get_event_loop().time(); }
/// async with timeout: forever.
jay::task<> forever_in(jay::timeout_scope limit) {
  co_await jay::with(limit, [](jay::timeout_scope&) -> jay::task<> { co_await forever(); });
}

PROGRAM(Timeouts, ALimitThatPassesThrowsTimeoutError) {
  auto end = co_await outcome(forever_in(jay::timeout(1ms)));
  say(end, jay::current_task().cancelling());
}

PROGRAM(Timeouts, WhatEndsInTimeIsNotDisturbed) {
  jay::timeout_scope limit = jay::timeout(60s);
  co_await jay::with(limit, [](jay::timeout_scope&) -> jay::task<> { co_await turns(2); });
  say("in time", limit.expired());
  co_await turns(2);
}

PROGRAM(Timeouts, InsideTheLimitTheCancelIsSeen) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(1ms), [](jay::timeout_scope&) -> jay::task<> {
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        say("cancelled inside");
        throw;
      }
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, ALimitOfNoneNeverPasses) {
  jay::timeout_scope limit = jay::timeout(std::nullopt);
  co_await jay::with(limit, [](jay::timeout_scope& l) -> jay::task<> {
    say(l.when() ? "some" : "none");
    co_await turns(2);
  });
  say(limit.expired());
}

PROGRAM(Timeouts, ALimitOfNoTimePassesAtTheFirstSuspension) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(0s), [](jay::timeout_scope&) -> jay::task<> {
      say("begun");
      co_await forever();
      say("never");
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, ALimitInThePastPassesAtTheFirstSuspension) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout_at(now() - 5s), [](jay::timeout_scope& l) -> jay::task<> {
      say(*l.when() < now());
      co_await forever();
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, ALimitMayBeMovedAway) {
  jay::timeout_scope limit = jay::timeout(0s);
  co_await jay::with(limit, [](jay::timeout_scope& l) -> jay::task<> {
    l.reschedule(now() + 60s);
    co_await turns(3);
  });
  say("in time", limit.expired());
}

PROGRAM(Timeouts, ALimitMayBeMovedNearer) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(60s), [](jay::timeout_scope& l) -> jay::task<> {
      l.reschedule(now());
      co_await forever();
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, ALimitMayBeTakenAway) {
  jay::timeout_scope limit = jay::timeout(1ms);
  co_await jay::with(limit, [](jay::timeout_scope& l) -> jay::task<> {
    l.reschedule(std::nullopt);
    say(l.when() ? "some" : "none");
    co_await jay::sleep(10ms);
  });
  say("in time", limit.expired());
}

PROGRAM(Timeouts, WhenSaysWhatWasSet) {
  const jay::time_point at = now() + 60s;
  co_await jay::with(jay::timeout_at(at), [&](jay::timeout_scope& l) -> jay::task<> {
    say(l.when() == at);
    l.reschedule(at + 1s);
    say(l.when() == at + 1s, l.expired());
    co_return;
  });
}

PROGRAM(Timeouts, ALimitThatHasPassedStaysExpired) {
  jay::timeout_scope limit = jay::timeout(1ms);
  try {
    co_await jay::with(limit, [](jay::timeout_scope&) -> jay::task<> { co_await forever(); });
  } catch (const jay::timeout_error&) {
    say("caught", limit.expired());
  }
  co_await turns(2);
  say(limit.expired());
}

PROGRAM(Timeouts, ALimitThatIsOverCannotBeMoved) {
  jay::timeout_scope limit = jay::timeout(60s);
  co_await jay::with(limit, [](jay::timeout_scope&) -> jay::task<> { co_return; });
  say(outcome_of_call([&] { limit.reschedule(std::nullopt); }));
}

PROGRAM(Timeouts, TheInnerLimitPassesFirst) {
  auto limited = []() -> jay::task<std::string> {
    co_await jay::with(jay::timeout(60s), [](jay::timeout_scope& outer) -> jay::task<> {
      jay::timeout_scope inner = jay::timeout(1ms);
      try {
        co_await jay::with(inner, [](jay::timeout_scope&) -> jay::task<> { co_await forever(); });
      } catch (const jay::timeout_error&) {
        say("inner", inner.expired(), outer.expired());
      }
      co_await turns(2);
    });
    co_return "goes on";
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, TheOuterLimitPassesThroughTheInnerOne) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(1ms), [](jay::timeout_scope& outer) -> jay::task<> {
      jay::timeout_scope inner = jay::timeout(60s);
      try {
        co_await jay::with(inner, [](jay::timeout_scope&) -> jay::task<> { co_await forever(); });
      } catch (...) {
        say("inner", inner.expired(), "outer", outer.expired());
        throw;
      }
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, AnErrorOfTheBodyIsPassedOn) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(60s), [](jay::timeout_scope&) -> jay::task<> {
      throw oops("body");
      co_return;
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, AnErrorAfterTheLimitTakesThePlaceOfTheTimeout) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(1ms), [](jay::timeout_scope&) -> jay::task<> {
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        throw oops("instead");
      }
    });
  };
  auto end = co_await outcome(limited());
  say(end);
}

PROGRAM(Timeouts, ABodyThatSwallowsTheLimitEndsWithoutAnError) {
  auto limited = []() -> jay::task<bool> {
    jay::timeout_scope limit = jay::timeout(1ms);
    co_await jay::with(limit, [](jay::timeout_scope&) -> jay::task<> {
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        say("swallowed");
      }
    });
    co_return limit.expired();
  };
  auto end = co_await outcome(limited());
  say(end, jay::current_task().cancelling());
}

PROGRAM(Timeouts, ACancelFromOutsideIsNoTimeout) {
  auto limited = []() -> jay::task<> {
    co_await jay::with(jay::timeout(60s), [](jay::timeout_scope& l) -> jay::task<> {
      try {
        co_await forever();
      } catch (...) {
        say(l.expired());
        throw;
      }
    });
  };
  auto task = jay::create_task(limited);
  co_await turns(2);
  task.cancel("outside");
  auto end = co_await outcome(task);
  say(end, task.cancelled(), task.cancelling());
}

PROGRAM(Timeouts, ATimeoutIsCaughtOutsideItsBlockAndTheTaskGoesOn) {
  auto limited = []() -> jay::task<std::string> {
    try {
      co_await forever_in(jay::timeout(1ms));
    } catch (const jay::timeout_error&) {
      say("caught", jay::current_task().cancelling());
    }
    co_await turns(2);
    co_return "goes on";
  };
  auto task = jay::create_task(limited);
  auto end = co_await outcome(task);
  say(end);
}

PROGRAM(Timeouts, LimitsMayFollowEachOther) {
  int n = 0;
  for (int i = 0; i < 3; ++i) {
    try {
      co_await forever_in(jay::timeout(1ms));
    } catch (const jay::timeout_error&) {
      ++n;
    }
  }
  say(n, jay::current_task().cancelling());
}

PROGRAM(Timeouts, ATimeoutInAChildIsTheChildsOwn) {
  auto task = jay::create_task(forever_in(jay::timeout(1ms)));
  jay::timeout_scope limit = jay::timeout(60s);
  co_await jay::with(limit, [&](jay::timeout_scope&) -> jay::task<> {
    auto end = co_await outcome(task);
    say(end);
  });
  say(limit.expired(), jay::current_task().cancelling());
}

PROGRAM(Timeouts, ALimitReachesTheTaskThatIsAwaited) {
  auto task = jay::create_task(forever());
  auto limited = [&]() -> jay::task<> {
    co_await jay::with(jay::timeout(1ms), [&](jay::timeout_scope&) -> jay::task<> { co_await task; });
  };
  auto end = co_await outcome(limited());
  say(end, task.cancelled());
}

}  // namespace
