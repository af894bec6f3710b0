// SPDX-License-Identifier: MIT
#include <jay/task_group.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <jay/future.hpp>
#include <jay/gather.hpp>

#include "tests/support/worker_counts.hpp"

namespace {

using jay::testing::counted;
using jay::testing::gate;
using jay::testing::yield;

class TaskGroup : public jay::testing::WorkerCounts {};
JAY_FOR_WORKER_COUNTS(TaskGroup);

jay::task<int> give(int v) { co_return v; }
jay::task<> fail(std::string text) {
  throw std::runtime_error(text);
  co_return;
}
jay::task<> fail_after(jay::future<> when, std::string text) {
  co_await when;
  throw std::runtime_error(text);
}
jay::task<> for_ever() {
  jay::promise<> never;
  auto f = never.get_future();
  co_await f;
}
jay::task<> note_cancel(jay::promise<> started, std::atomic<int>& cancelled) {
  started.set_result();
  try {
    co_await for_ever();
  } catch (const jay::cancelled_error&) {
    ++cancelled;
    throw;
  }
}

/// The messages of the errors, in order.
std::string texts(const jay::exception_group& g) {
  std::string all;
  for (const auto& e : g.exceptions()) {
    try {
      std::rethrow_exception(e);
    } catch (const jay::exception_group& inner) {
      all += "[" + texts(inner) + "]";
    } catch (const std::exception& x) {
      all += std::string(x.what()) + ";";
    } catch (...) {
      all += "?;";
    }
  }
  return all;
}

TEST_P(TaskGroup, WaitsForAllItsTasks) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    auto work = [](std::atomic<int>& c) -> jay::task<> {
      for (int i = 0; i < 3; ++i) co_await yield();
      ++c;
    };
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      for (int i = 0; i < 100; ++i) tg.create_task(work, std::ref(n));
      co_return;
    });
    co_return n;
  };
  EXPECT_EQ(100, run(body()));
}

TEST_P(TaskGroup, GivesHandlesWhoseResultsAreThereAfterwards) {
  auto body = []() -> jay::task<int> {
    jay::task_handle<int> a, b, c;
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      a = tg.create_task(give(1));
      b = tg.create_task(give, 20);
      c = tg.create_task(jay::task_options().name("third").eager_start(), give, 300);
      EXPECT_EQ("third", c.name());
      co_return;
    });
    co_return a.result() + b.result() + c.result();
  };
  EXPECT_EQ(321, run(body()));
}

TEST_P(TaskGroup, OfNothingEndsAtOnce) {
  auto body = []() -> jay::task<int> {
    co_await jay::with_task_group([](jay::task_group&) -> jay::task<> { co_return; });
    jay::task_group tg;
    co_await tg.join();
    co_return 1;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(TaskGroup, TasksMayCreateTasksInIt) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    auto grow = [](auto& self, jay::task_group& tg, std::atomic<int>& c, int depth) -> jay::task<> {
      ++c;
      if (depth == 0) co_return;
      tg.create_task(self(self, tg, c, depth - 1));
      co_await yield();
      tg.create_task(self(self, tg, c, depth - 1));
    };
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      tg.create_task(grow(grow, tg, n, 8));
      co_return;
    });
    co_return n;
  };
  EXPECT_EQ(511, run(body()));
}

TEST_P(TaskGroup, AFailedTaskCancelsTheOthersAndTheBody) {
  auto body = []() -> jay::task<std::string> {
    std::atomic<int> cancelled{0};
    bool body_cancelled = false;
    jay::promise<> a, b;
    std::string text;
    try {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(note_cancel(a, cancelled));
        tg.create_task(note_cancel(b, cancelled));
        co_await a.get_future();
        co_await b.get_future();
        tg.create_task(fail("broken"));
        try {
          co_await for_ever();
        } catch (const jay::cancelled_error&) {
          body_cancelled = true;
          throw;
        }
      });
    } catch (const jay::exception_group& g) {
      text = g.message() + ": " + texts(g);
    }
    EXPECT_EQ(2, cancelled.load());
    EXPECT_TRUE(body_cancelled);
    // nothing of it is left
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_await jay::create_task(give(1));
    co_return text;
  };
  EXPECT_EQ("unhandled errors in a TaskGroup: broken;", run(body()));
}

TEST_P(TaskGroup, CollectsAllErrorsAndTheBodysLast) {
  auto body = []() -> jay::task<std::string> {
    auto angry = [](jay::promise<> started) -> jay::task<> {
      started.set_result();
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        throw std::logic_error("task");
      }
    };
    jay::promise<> started;
    std::string text;
    try {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(angry(started));
        co_await started.get_future();
        throw std::runtime_error("body");
      });
    } catch (const jay::exception_group& g) {
      text = texts(g);
    }
    co_return text;
  };
  EXPECT_EQ("task;body;", run(body()));
}

TEST_P(TaskGroup, NestedGroupsKeepTheirShape) {
  auto body = []() -> jay::task<std::string> {
    auto inner = []() -> jay::task<> {
      co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
        tg.create_task(fail("inner"));
        co_return;
      });
    };
    std::string text;
    try {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(inner());
        co_return;
      });
    } catch (const jay::exception_group& g) {
      text = texts(g);
    }
    co_return text;
  };
  EXPECT_EQ("[inner;]", run(body()));
}

TEST_P(TaskGroup, AGroupInTheBodyOfAGroup) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    try {
      co_await jay::with_task_group([&](jay::task_group& outer) -> jay::task<> {
        std::atomic<int> cancelled{0};
        jay::promise<> started;
        outer.create_task(fail_after(started.get_future(), "outer"));
        try {
          co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
            tg.create_task(note_cancel(started, cancelled));
            co_return;
          });
        } catch (const jay::cancelled_error&) {
          log += cancelled == 1 ? "inner cancelled, " : "?";
          throw;
        }
      });
    } catch (const jay::exception_group& g) {
      log += texts(g);
    }
    co_return log;
  };
  EXPECT_EQ("inner cancelled, outer;", run(body()));
}

TEST_P(TaskGroup, ACancelledTaskIsNoError) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> started;
    jay::task_handle<int> other;
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      auto h = tg.create_task(note_cancel(started, cancelled));
      co_await started.get_future();
      h.cancel();
      other = tg.create_task(give(3));
    });
    EXPECT_EQ(1, cancelled.load());
    co_return other.result();
  };
  EXPECT_EQ(3, run(body()));
}

TEST_P(TaskGroup, CancellingTheOwnerInItsBodyCancelsTheTasks) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> a, b;
    auto owner = [](jay::promise<> x, jay::promise<> y, std::atomic<int>& n) -> jay::task<> {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(note_cancel(x, n));
        tg.create_task(note_cancel(y, n));
        co_await for_ever();
      });
    };
    auto h = jay::create_task(owner(a, b, cancelled));
    co_await a.get_future();
    co_await b.get_future();
    h.cancel("from outside");
    std::string text;
    try {
      co_await h;
    } catch (const jay::cancelled_error& e) {
      text = e.message();
    }
    EXPECT_EQ("from outside", text);
    EXPECT_TRUE(h.cancelled());
    co_return cancelled;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(TaskGroup, CancellingTheOwnerInItsJoinCancelsTheTasks) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> a, b;
    auto owner = [](jay::promise<> x, jay::promise<> y, std::atomic<int>& n) -> jay::task<> {
      jay::task_group tg;
      tg.create_task(note_cancel(x, n));
      tg.create_task(note_cancel(y, n));
      co_await tg.join();
    };
    auto h = jay::create_task(owner(a, b, cancelled));
    co_await a.get_future();
    co_await b.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return cancelled;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(TaskGroup, CancellingTheOwnerTwiceStillWaitsForCleanup) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    jay::promise<> started, cleaning;
    gate g;
    auto slow = [](jay::promise<> s, jay::promise<> c, gate& at, std::string& l) -> jay::task<> {
      s.set_result();
      bool cancelled = false;
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        cancelled = true;
      }
      if (cancelled) {
        c.set_result();
        co_await at.pass();
        l += "cleaned up";
      }
    };
    auto owner = [](auto& f, jay::promise<> s, jay::promise<> c, gate& at, std::string& l) -> jay::task<> {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(f(s, c, at, l));
        co_return;
      });
    };
    auto h = jay::create_task(owner(slow, started, cleaning, g, log));
    co_await started.get_future();
    h.cancel();
    co_await cleaning.get_future();
    h.cancel();
    co_await g.arrived;
    g.open();
    try {
      co_await h;
      log += ", no error";
    } catch (const jay::cancelled_error&) {
      log += ", cancelled";
    }
    co_return log;
  };
  EXPECT_EQ("cleaned up, cancelled", run(body()));
}

TEST_P(TaskGroup, ErrorsComeBeforeACancelOfTheOwnerWhichIsDueAgain) {
  auto body = []() -> jay::task<std::string> {
    jay::promise<> started;
    auto angry = [](jay::promise<> s) -> jay::task<> {
      s.set_result();
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        throw std::runtime_error("in cleanup");
      }
    };
    auto owner = [](auto& f, jay::promise<> s) -> jay::task<std::string> {
      std::string log;
      try {
        co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
          tg.create_task(f(s));
          co_await for_ever();
        });
      } catch (const jay::exception_group& g) {
        log = texts(g);
      }
      EXPECT_EQ(1, jay::current_task().cancelling());
      try {
        co_await for_ever();
      } catch (const jay::cancelled_error&) {
        log += " then cancelled";
      }
      co_return log;
    };
    auto h = jay::create_task(owner(angry, started));
    co_await started.get_future();
    h.cancel();
    co_return co_await h;
  };
  EXPECT_EQ("in cleanup; then cancelled", run(body()));
}

TEST_P(TaskGroup, CancelEndsItEarlyWithoutAnError) {
  auto body = []() -> jay::task<std::string> {
    std::atomic<int> cancelled{0};
    jay::promise<> started;
    std::string log;
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      tg.create_task(note_cancel(started, cancelled));
      co_await started.get_future();
      tg.cancel();
      tg.cancel();
      log += "on ";
      co_await for_ever();
      log += "never";
    });
    EXPECT_EQ(1, cancelled.load());
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_await jay::create_task(give(1));
    co_return log + "after";
  };
  EXPECT_EQ("on after", run(body()));
}

TEST_P(TaskGroup, CancelByATaskOfItsOwn) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> started;
    auto winner = [](jay::task_group& tg, jay::future<> when) -> jay::task<int> {
      co_await when;
      tg.cancel();
      co_return 8;
    };
    jay::task_handle<int> h;
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      tg.create_task(note_cancel(started, cancelled));
      h = tg.create_task(winner(tg, started.get_future()));
      co_await for_ever();
    });
    EXPECT_TRUE(h.cancelled());  // with the others: it was asked to stop, and ended
    co_return cancelled;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(TaskGroup, CancelThatTheBodyDoesNotMeetLeavesNothingBehind) {
  auto body = []() -> jay::task<int> {
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      tg.cancel();
      co_return;
    });
    jay::task_group tg;
    tg.create_task(for_ever());
    tg.cancel();
    EXPECT_EQ(1, jay::current_task().cancelling());
    co_await tg.join();
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_return co_await jay::create_task(give(2));
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(TaskGroup, RefusesNewTasksWhenShuttingDown) {
  auto body = []() -> jay::task<std::string> {
    std::string text;
    std::size_t unawaited = jay::detail::unawaited_count();
    co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
      tg.cancel();
      try {
        tg.create_task(give(1));
      } catch (const std::runtime_error& e) {
        text = e.what();
      }
      co_return;
    });
    EXPECT_EQ(unawaited, jay::detail::unawaited_count());
    co_return text;
  };
  std::string text = run(body());
  EXPECT_NE(std::string::npos, text.find("shutting down")) << text;
}

// On several workers a task may fail between any two lines of the body.
TEST_P(TaskGroup, ATaskRefusedInItsBodyIsNoErrorOfTheGroup) {
  auto body = []() -> jay::task<std::string> {
    try {
      co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
        tg.create_task(fail("a"));
        try {
          co_await for_ever();
        } catch (const jay::cancelled_error&) {
        }
        tg.create_task(give(1));
      });
    } catch (const jay::exception_group& g) {
      co_return texts(g);
    }
    co_return "no error";
  };
  EXPECT_EQ("a;", run(body()));
}

TEST_P(TaskGroup, ATaskRefusedInOneOfItsTasksIsNoErrorOfTheGroup) {
  auto body = []() -> jay::task<std::string> {
    try {
      co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
        jay::promise<> started;
        auto starts_more = [](jay::task_group& group, jay::promise<> p) -> jay::task<> {
          p.set_result();
          try {
            co_await for_ever();
          } catch (const jay::cancelled_error&) {
          }
          group.create_task(give(1));
        };
        tg.create_task(starts_more, std::ref(tg), started);
        tg.create_task(fail_after(started.get_future(), "a"));
        co_return;
      });
    } catch (const jay::exception_group& g) {
      co_return texts(g);
    }
    co_return "no error";
  };
  EXPECT_EQ("a;", run(body()));
}

TEST_P(TaskGroup, ATaskRefusedAfterCancelIsNoError) {
  auto body = []() -> jay::task<int> {
    co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
      tg.cancel();
      tg.create_task(give(1));
      co_return;
    });
    co_return 1;
  };
  EXPECT_EQ(1, run(body()));
}

// It is another group's error, and that of who waits for this one.
TEST_P(TaskGroup, ATaskRefusedByAnotherGroupIsAnError) {
  auto body = []() -> jay::task<std::string> {
    jay::task_group other;
    other.cancel();
    std::string what;
    try {
      co_await jay::with_task_group([&](jay::task_group&) -> jay::task<> {
        other.create_task(give(1));
        co_return;
      });
    } catch (const jay::exception_group& g) {
      what = texts(g);
    } catch (const jay::cancelled_error&) {
      what = "cancelled";
    }
    co_await other.join();
    co_return what;
  };
  std::string what = run(body());
  EXPECT_NE(std::string::npos, what.find("shutting down")) << what;
}

TEST_P(TaskGroup, RefusesNewTasksWhenItHasEnded) {
  auto body = []() -> jay::task<std::string> {
    std::string text;
    jay::task_group tg;
    tg.create_task(give(1));
    co_await tg.join();
    try {
      tg.create_task(give, 1);
    } catch (const std::runtime_error& e) {
      text = e.what();
    }
    co_return text;
  };
  std::string text = run(body());
  EXPECT_NE(std::string::npos, text.find("ended")) << text;
}

TEST_P(TaskGroup, TheObjectFormGivesTheBodysErrorToJoin) {
  auto body = []() -> jay::task<std::string> {
    std::atomic<int> cancelled{0};
    jay::promise<> started;
    std::string text;
    jay::task_group tg;
    std::exception_ptr error;
    try {
      tg.create_task(note_cancel(started, cancelled));
      co_await started.get_future();
      throw std::runtime_error("body");
    } catch (...) {
      error = std::current_exception();
    }
    try {
      co_await tg.join(error);
    } catch (const jay::exception_group& g) {
      text = texts(g);
    }
    EXPECT_EQ(1, cancelled.load());
    co_return text;
  };
  EXPECT_EQ("body;", run(body()));
}

TEST_P(TaskGroup, TheObjectFormCancelsItsOwnerWhenATaskFails) {
  auto body = []() -> jay::task<std::string> {
    std::string log;
    jay::task_group tg;
    std::exception_ptr error;
    gate g;
    tg.create_task(fail_after(g.arrived, "task"));
    try {
      auto pass = g.pass();
      co_await std::move(pass);
    } catch (const jay::cancelled_error&) {
      log += "interrupted, ";
      error = std::current_exception();
    }
    EXPECT_EQ(1, jay::current_task().cancelling());
    try {
      co_await tg.join(error);
    } catch (const jay::exception_group& e) {
      log += texts(e);
    }
    EXPECT_EQ(0, jay::current_task().cancelling());
    co_await jay::create_task(give(1));
    co_return log;
  };
  EXPECT_EQ("interrupted, task;", run(body()));
}

TEST_P(TaskGroup, AFailureInAGatherChildStaysInItsGroup) {
  // The other children of the gather belong to the same task and go on.
  auto body = []() -> jay::task<int> {
    gate g;
    auto grouped = [](gate& other) -> jay::task<std::string> {
      co_await other.arrived;
      std::string text;
      try {
        co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
          tg.create_task(fail("in the group"));
          co_await for_ever();
        });
      } catch (const jay::exception_group& e) {
        text = texts(e);
      }
      other.open();
      co_return text;
    };
    auto pass = [](gate& at) -> jay::task<int> {
      co_await at.pass();
      co_return 6;
    };
    auto [text, v] = co_await jay::gather(grouped(g), pass(g));
    EXPECT_EQ("in the group;", text);
    co_return v;
  };
  EXPECT_EQ(6, run(body()));
}

TEST_P(TaskGroup, CancellingAGatherReachesTheGroupsInIt) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> cancelled{0};
    jay::promise<> a, b;
    auto grouped = [](jay::promise<> s, std::atomic<int>& n) -> jay::task<> {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(note_cancel(s, n));
        co_await for_ever();
      });
    };
    auto parent = [](auto& f, jay::promise<> x, jay::promise<> y, std::atomic<int>& n) -> jay::task<> {
      co_await jay::gather(f(x, n), f(y, n));
    };
    auto h = jay::create_task(parent(grouped, a, b, cancelled));
    co_await a.get_future();
    co_await b.get_future();
    h.cancel();
    bool thrown = false;
    try {
      co_await h;
    } catch (const jay::cancelled_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    co_return cancelled;
  };
  EXPECT_EQ(2, run(body()));
}

TEST_P(TaskGroup, AKeyboardInterruptComesOutByItself) {
  auto body = []() -> jay::task<int> {
    auto interrupted = []() -> jay::task<> {
      throw jay::keyboard_interrupt();
      co_return;
    };
    try {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        tg.create_task(interrupted());
        co_await for_ever();
      });
    } catch (const jay::keyboard_interrupt&) {
      co_return 1;
    } catch (const jay::exception_group&) {
      co_return 2;
    }
    co_return 0;
  };
  EXPECT_EQ(1, run(body()));
}

TEST_P(TaskGroup, ErrorsInItCountAsRetrieved) {
  std::atomic<int> reports{0};
  sched().set_exception_handler([&](const jay::exception_context&) { ++reports; });
  auto body = []() -> jay::task<std::size_t> {
    std::size_t n = 0;
    try {
      co_await jay::with_task_group([](jay::task_group& tg) -> jay::task<> {
        jay::promise<> go;
        auto f = go.get_future();
        for (int i = 0; i < 10; ++i) tg.create_task(fail("x"));
        co_return;
      });
    } catch (const jay::exception_group& g) {
      n = g.exceptions().size();
    }
    co_return n;
  };
  std::size_t n = run(body());
  EXPECT_GE(n, 1u);
  EXPECT_LE(n, 10u);
  EXPECT_EQ(0, reports.load());
}

TEST_P(TaskGroup, OnlyItsOwnerJoinsAndOnce) {
  auto body = []() -> jay::task<int> {
    int refused = 0;
    jay::task_group tg;
    auto other = [](jay::task_group& g) -> jay::task<> { co_await g.join(); };
    auto h = jay::create_task(other(tg));
    try {
      co_await h;
    } catch (const std::runtime_error&) {
      ++refused;
    }
    co_await tg.join();
    try {
      co_await tg.join();
    } catch (const std::runtime_error&) {
      ++refused;
    }
    co_return refused;
  };
  EXPECT_EQ(2, run(body()));
}

TEST(TaskGroup, NeedsATask) { EXPECT_THROW(jay::task_group(), std::runtime_error); }

TEST_P(TaskGroup, DestroysTheBodysCapturesOnce) {
  int alive = 0;
  auto body = [](int& n) -> jay::task<int> {
    counted c(n);
    auto group_body = [c](jay::task_group& tg) -> jay::task<> {
      tg.create_task(give(c.alive.load()));
      co_return;
    };
    co_await jay::with_task_group(group_body);
    co_return n;
  };
  EXPECT_EQ(2, run(body(alive)));
  EXPECT_EQ(0, alive);
}

TEST_P(TaskGroup, ManyTasksAndGroups) {
  auto body = []() -> jay::task<int> {
    std::atomic<int> n{0};
    auto bump = [](std::atomic<int>& c) -> jay::task<> {
      ++c;
      co_return;
    };
    for (int i = 0; i < 50; ++i) {
      co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
        for (int k = 0; k < 200; ++k) tg.create_task(bump(n));
        co_return;
      });
    }
    co_return n;
  };
  EXPECT_EQ(10'000, run(body()));
}

TEST_P(TaskGroup, FailuresAndCancelsRaceWithoutLoss) {
  auto body = []() -> jay::task<int> {
    int ended = 0;
    for (int i = 0; i < 200; ++i) {
      auto owner = [](int round) -> jay::task<> {
        co_await jay::with_task_group([&](jay::task_group& tg) -> jay::task<> {
          for (int k = 0; k < 8; ++k) {
            auto work = [](int a, int b) -> jay::task<> {
              for (int j = 0; j < a % 3; ++j) co_await yield();
              if (a == b % 11) throw std::runtime_error("x");
            };
            tg.create_task(work(k, round));
          }
          co_await yield();
        });
      };
      auto h = jay::create_task(owner(i));
      if (i % 3 == 0) {
        for (int k = 0; k < i % 7; ++k) co_await yield();
        h.cancel();
      }
      try {
        co_await h;
        ++ended;
      } catch (const jay::cancelled_error&) {
        ++ended;
      } catch (const jay::exception_group&) {
        ++ended;
      }
      EXPECT_EQ(0, jay::current_task().cancelling());
    }
    co_return ended;
  };
  EXPECT_EQ(200, run(body()));
}

// Some end by themselves at the moment at which they are cancelled.
TEST(TaskGroup, ItsTasksEndWhileTheSchedulerDrains) {
  auto work = [](int yields) -> jay::task<> {
    for (int i = 0; i < yields; ++i) co_await jay::testing::yield();
  };
  auto owner = [&]() -> jay::task<> {
    auto body = [&](jay::task_group& tg) -> jay::task<> {
      for (int i = 0; i < 200; ++i) tg.create_task(work(i % 50));
      co_return;
    };
    co_await jay::with_task_group(body);
  };
  for (int round = 0; round < 50; ++round) {
    jay::scheduler s(jay::testing::workers(2));
    auto h = jay::detail::start(s, jay::task_options(), owner());
    std::string stuck;
    EXPECT_TRUE(s.drain(std::chrono::seconds(10), &stuck)) << stuck;
    EXPECT_TRUE(h.done());
  }
}

TEST(TaskGroupDeathTest, DestroyedWithRunningTasksEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto forgetful = []() -> jay::task<> {
    jay::task_group tg;
    tg.create_task(for_ever());
    co_return;
  };
  EXPECT_DEATH(jay::testing::run(jay::testing::workers(1), forgetful()), "task_group was destroyed while its tasks");
}

}  // namespace
