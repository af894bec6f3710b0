// SPDX-License-Identifier: MIT
#include <stdexcept>
#include <string>

#include "tests/differential/programs/programs.hpp"

namespace {

using namespace jay::differential::programs;

jay::task<std::string> text_after(int n, std::string value) {
  co_await turns(n);
  co_return value;
}

PROGRAM(Groups, AGroupWaitsForAllItsTasks) {
  jay::task_handle<std::string> a, b;
  co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
    a = g.create_task(text_after(2, "a"));
    b = g.create_task(text_after(1, "b"));
    say("body");
    co_return;
  });
  say(a.result(), b.result());
}

PROGRAM(Groups, AnEmptyGroupEndsAtOnce) {
  co_await jay::with_task_group([](jay::task_group&) -> jay::task<> {
    say("body");
    co_return;
  });
  say("after");
}

PROGRAM(Groups, ATaskThatFailsCancelsItsSiblings) {
  auto sibling = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      say("sibling is cancelled");
      throw;
    }
  };
  auto group = [&]() -> jay::task<> {
    co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
      g.create_task(sibling);
      g.create_task(oops_after(1, "bad"));
      co_return;
    });
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, ATaskThatFailsCancelsTheBody) {
  auto group = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(1, "bad"));
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        say("body is cancelled");
        throw;
      }
    });
  };
  auto end = co_await outcome(group());
  say(end, jay::current_task().cancelling());
}

PROGRAM(Groups, AnErrorOfTheBodyCancelsTheTasks) {
  auto group = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      auto task = g.create_task(forever());
      task.add_done_callback([](const auto& t) { say("cancelled", t.cancelled()); });
      co_await jay::sleep(0s);
      throw oops("body");
    });
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, ErrorsThatComeTogetherAreAllInTheGroup) {
  auto group = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(1, "first"));
      g.create_task(oops_after(1, "second"));
      co_return;
    });
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, AnErrorOfACleanupIsInTheGroup) {
  auto bad_cleanup = []() -> jay::task<> {
    try {
      co_await forever();
    } catch (const jay::cancelled_error&) {
      throw oops("cleanup");
    }
  };
  auto group = [&]() -> jay::task<> {
    co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
      g.create_task(bad_cleanup);
      g.create_task(oops_after(1, "first"));
      co_return;
    });
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, AnErrorOfTheBodyComesAfterThoseOfTheTasks) {
  auto group = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(0, "task"));
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        throw oops("body");
      }
    });
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, ATaskThatIsCancelledAloneIsNoError) {
  jay::task_handle<> task;
  jay::task_handle<std::string> other;
  co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
    task = g.create_task(forever());
    other = g.create_task(text_after(3, "other"));
    co_await jay::sleep(0s);
    task.cancel();
  });
  say(task.cancelled(), other.result());
}

PROGRAM(Groups, ACancelFromOutsideCancelsTheTasksAndStaysACancel) {
  jay::task_handle<> inner;
  auto group = [&]() -> jay::task<> {
    co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
      inner = g.create_task(forever());
      co_await forever();
    });
  };
  auto task = jay::create_task(group);
  co_await turns(2);
  task.cancel("outside");
  auto end = co_await outcome(task);
  say(end, inner.cancelled(), task.cancelling());
}

PROGRAM(Groups, ACancelWhileTheGroupWaitsForItsTasksCancelsThem) {
  jay::task_handle<> inner;
  auto group = [&]() -> jay::task<> {
    co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
      inner = g.create_task(forever());
      co_return;
    });
  };
  auto task = jay::create_task(group);
  co_await turns(2);
  task.cancel();
  auto end = co_await outcome(task);
  say(end, inner.cancelled());
}

PROGRAM(Groups, ATaskOfTheGroupMayMakeOthers) {
  auto child = []() -> jay::task<> {
    co_await turns(2);
    say("grandchild");
  };
  auto parent = [&child](jay::task_group& g) -> jay::task<> {
    co_await jay::sleep(0s);
    g.create_task(child);
  };
  co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
    g.create_task(parent, std::ref(g));
    co_return;
  });
  say("after");
}

PROGRAM(Groups, AGroupThatHasEndedTakesNoTasks) {
  jay::task_group group;
  co_await group.join();
  auto late = []() -> jay::task<> { co_return; };
  say(outcome_of_call([&] { group.create_task(late); }));
}

PROGRAM(Groups, AGroupThatShutsDownTakesNoTasks) {
  auto group = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(0, "bad"));
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        auto late = []() -> jay::task<> { co_return; };
        say(outcome_of_call([&] { g.create_task(late); }));
        throw;
      }
    });
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, ABodyThatSwallowsTheCancelOfTheGroupStillGetsTheError) {
  auto group = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(0, "bad"));
      try {
        co_await forever();
      } catch (const jay::cancelled_error&) {
        say("swallowed");
      }
    });
  };
  auto end = co_await outcome(group());
  say(end, jay::current_task().cancelling());
}

PROGRAM(Groups, TheErrorOfAnInnerGroupIsAGroupInTheOuterOne) {
  auto inner = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(0, "deep"));
      co_return;
    });
  };
  auto outer = [&]() -> jay::task<> {
    co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
      g.create_task(inner);
      co_return;
    });
  };
  auto end = co_await outcome(outer());
  say(end);
}

PROGRAM(Groups, ANestedGroupInTheBodyIsCancelledByTheOuterOne) {
  auto outer = []() -> jay::task<> {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(1, "outer"));
      co_await jay::with_task_group([](jay::task_group& inner) -> jay::task<> {
        auto task = inner.create_task(forever());
        task.add_done_callback([](const auto& t) { say("inner task cancelled", t.cancelled()); });
        co_return;
      });
    });
  };
  auto end = co_await outcome(outer());
  say(end);
}

jay::task<> fails_with_value_error() {
  co_await jay::sleep(0s);
  throw std::invalid_argument("value");
}
PROGRAM(Groups, ExceptStarTakesWhatItKnowsAndLeavesTheRest) {
  auto group = []() -> jay::task<> {
    try {
      co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
        g.create_task(oops_after(1, "mine"));
        g.create_task(fails_with_value_error);
        co_return;
      });
    } catch (const jay::exception_group& all) {
      jay::except_star<oops>(all, [](const jay::exception_group& mine) { say("handled", std::make_exception_ptr(mine)); });
    }
  };
  auto end = co_await outcome(group());
  say(end);
}

PROGRAM(Groups, ExceptStarThatTakesAllLeavesNothing) {
  try {
    co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
      g.create_task(oops_after(1, "one"));
      g.create_task(oops_after(1, "two"));
      co_return;
    });
  } catch (const jay::exception_group& all) {
    jay::except_star<oops>(all, [](const jay::exception_group& mine) { say("handled", std::make_exception_ptr(mine)); });
  }
  say("goes on");
}

PROGRAM(Groups, ATaskAwaitedInTheBodyGivesItsValue) {
  co_await jay::with_task_group([](jay::task_group& g) -> jay::task<> {
    auto task = g.create_task(value_after(2, 4));
    int value = co_await task;
    say(value);
  });
}

PROGRAM(Groups, ALimitAroundAGroupCancelsItsTasks) {
  jay::task_handle<> inner;
  auto limited = [&]() -> jay::task<> {
    co_await jay::with(jay::timeout(1ms), [&](jay::timeout_scope&) -> jay::task<> {
      co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
        inner = g.create_task(forever());
        co_return;
      });
    });
  };
  auto end = co_await outcome(limited());
  say(end, inner.cancelled());
}

PROGRAM(Groups, TasksOfAGroupBeginInOrderWhenTheBodyWaits) {
  auto child = [](int n) -> jay::task<> {
    say("child", n);
    co_return;
  };
  co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
    for (int n = 0; n < 3; ++n) g.create_task(child, n);
    say("body");
    co_return;
  });
}

PROGRAM(Groups, AGroupThatIsCancelledByItselfEndsWithoutAnError) {
  jay::task_handle<> a, b;
  co_await jay::with_task_group([&](jay::task_group& g) -> jay::task<> {
    a = g.create_task(forever());
    b = g.create_task(forever());
    co_await jay::sleep(0s);
    g.cancel();
  });
  say(a.cancelled(), b.cancelled());
  say("after");
}

}  // namespace
