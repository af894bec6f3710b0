// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <jay/detail/services.hpp>
#include <jay/gather.hpp>
#include <jay/scheduler.hpp>

#include "tests/support/run_on.hpp"

namespace {

using jay::detail::ending;
using jay::detail::make_at_first_use;
using jay::detail::service;
using jay::detail::service_key;
using jay::detail::service_of;
using jay::testing::run_on;
using jay::testing::workers;

/// What the services of a test did, in order.
class diary {
 public:
  void note(std::string what) {
    std::lock_guard g(mutex_);
    notes_.push_back(std::move(what));
  }
  std::vector<std::string> take() {
    std::lock_guard g(mutex_);
    return std::exchange(notes_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};
diary notes;

using said = std::vector<std::string>;

class noting : public service {
 public:
  explicit noting(const char* name) : name_(name) { notes.note(name_ + " made"); }
  ~noting() override { notes.note(name_ + " gone"); }
  void stop(ending&) noexcept override { notes.note(name_ + " stops"); }

 private:
  const std::string name_;
};

struct first : noting {
  explicit first(jay::scheduler&) : noting("first") {}
  inline static service_key key{"first", make_at_first_use<first>};
};
struct second : noting {
  explicit second(jay::scheduler&) : noting("second") {}
  inline static service_key key{"second", make_at_first_use<second>};
};
/// Asks for another in its constructor.
struct above : noting {
  explicit above(jay::scheduler& s) : noting("above"), below(service_of<first>(s)) {}
  inline static service_key key{"above", make_at_first_use<above>};
  first& below;
};

TEST(Services, OneThatIsNeverAskedForIsNotMade) {
  notes.take();
  { jay::scheduler s(workers(1)); }
  EXPECT_EQ(notes.take(), said{});
}

TEST(Services, RacingTasksGetTheSameOne) {
  struct counted : service {
    explicit counted(jay::scheduler&) { ++made(); }
    static std::atomic<int>& made() {
      static std::atomic<int> n{0};
      return n;
    }
  };
  struct raced : counted {
    using counted::counted;
    static service_key& place() {
      static service_key k{"raced", make_at_first_use<raced>};
      return k;
    }
  };
  for (int round = 0; round < 50; ++round) {
    jay::scheduler s(workers(4));
    counted::made() = 0;
    std::latch all(4);
    auto ask = [&]() -> jay::task<service*> {
      all.arrive_and_wait();  // each on a worker of its own
      co_return &s.services().find_or_make(raced::place());
    };
    auto together = [&]() -> jay::task<bool> {
      auto [a, b, c, d] = co_await jay::gather(ask(), ask(), ask(), ask());
      co_return a == b && b == c && c == d && a == s.services().find(raced::place());
    };
    EXPECT_TRUE(run_on(s, together()));
    EXPECT_EQ(counted::made().load(), 1);
  }
}

TEST(Services, AllStopInReverseThenAllGoInReverse) {
  notes.take();
  {
    jay::scheduler s(workers(2));
    service_of<second>(s);
    service_of<first>(s);
    EXPECT_EQ(notes.take(), (said{"second made", "first made"}));
  }
  EXPECT_EQ(notes.take(), (said{"first stops", "second stops", "first gone", "second gone"}));
}

TEST(Services, WhatAConstructorAsksForEndsAfterIt) {
  notes.take();
  {
    jay::scheduler s(workers(1));
    above& a = service_of<above>(s);
    EXPECT_EQ(&a.below, s.services().find(first::key));
  }
  EXPECT_EQ(notes.take(), (said{"above made", "first made", "above stops", "first stops", "above gone", "first gone"}));
}

TEST(Services, EachStopsWhileTheWorkersRunAndGoesWhenTheyHaveEnded) {
  struct watching : service {
    explicit watching(jay::scheduler& s) : sched(s) {}
    ~watching() override { notes.note("gone"); }
    void stop(ending&) noexcept override {
      std::latch ran(1);
      auto job = [&]() -> jay::task<> {
        ran.count_down();
        co_return;
      };
      auto h = jay::detail::start(sched, jay::task_options(), job());
      ran.wait();
      while (!h.done()) std::this_thread::yield();
      notes.note("a worker ran a task");
    }
    static service_key& place() {
      static service_key k{"watching", make_at_first_use<watching>};
      return k;
    }
    jay::scheduler& sched;
  };
  notes.take();
  {
    jay::scheduler s(workers(1));
    s.services().find_or_make(watching::place());
  }
  EXPECT_EQ(notes.take(), (said{"a worker ran a task", "gone"}));
}

TEST(Services, OneIsStoppedOnceAlsoWhereItWasDoneByHand) {
  notes.take();
  {
    jay::scheduler s(workers(1));
    service_of<first>(s);
    s.services().stop();
    EXPECT_EQ(notes.take(), (said{"first made", "first stops"}));
    EXPECT_NO_THROW(service_of<first>(s)) << "it is there until the workers have ended";
  }
  EXPECT_EQ(notes.take(), said{"first gone"});
}

/// Throws the first two times.
struct reluctant : noting {
  explicit reluctant(jay::scheduler& s) : noting("reluctant") {
    service_of<first>(s);
    if (++tries < 3) throw std::range_error("try " + std::to_string(tries));
  }
  inline static service_key key{"reluctant", make_at_first_use<reluctant>};
  inline static int tries = 0;
};

TEST(Services, WhoAskedGetsTheErrorAndTheNextTriesAnew) {
  notes.take();
  reluctant::tries = 0;
  {
    jay::scheduler s(workers(1));
    for (const char* what : {"try 1", "try 2"}) {
      try {
        service_of<reluctant>(s);
        ADD_FAILURE() << "made";
      } catch (const std::range_error& e) {
        EXPECT_STREQ(e.what(), what);
      }
      EXPECT_EQ(s.services().find(reluctant::key), nullptr);
    }
    notes.take();
    reluctant& made = service_of<reluctant>(s);
    EXPECT_EQ(&made, s.services().find(reluctant::key));
    EXPECT_EQ(notes.take(), said{"reluctant made"});
  }
  EXPECT_EQ(notes.take(), (said{"reluctant stops", "first stops", "reluctant gone", "first gone"}));
}

TEST(Services, AnErrorReachesTheTaskThatAsked) {
  reluctant::tries = 0;
  jay::scheduler s(workers(2));
  auto ask = [&]() -> jay::task<> {
    service_of<reluctant>(s);
    co_return;
  };
  EXPECT_THROW(run_on(s, ask()), std::range_error);
}

TEST(Services, ThoseMadeBeforeEndWhereALaterOneCannotBeMade) {
  struct holder {
    holder() : s(workers(1)) {
      service_of<second>(s);
      service_of<reluctant>(s);
    }
    jay::scheduler s;
  };
  notes.take();
  reluctant::tries = 0;
  EXPECT_THROW(holder(), std::range_error);
  EXPECT_EQ(notes.take(), (said{"second made", "reluctant made", "first made", "reluctant gone", "first stops", "second stops",
                                "first gone", "second gone"}));
}

TEST(Services, OneThatAsksForItselfIsToldSo) {
  struct circle : service {
    explicit circle(jay::scheduler& s) { s.services().find_or_make(place()); }
    static service_key& place() {
      static service_key k{"circle", make_at_first_use<circle>};
      return k;
    }
  };
  jay::scheduler s(workers(1));
  try {
    s.services().find_or_make(circle::place());
    ADD_FAILURE() << "made";
  } catch (const std::logic_error& e) {
    EXPECT_STREQ(e.what(), "circle: its constructor asks for it");
  }
}

TEST(Services, NoneIsMadeWhileTheRuntimeEnds) {
  struct late : noting {
    explicit late(jay::scheduler& s) : noting("late"), sched(s) {}
    void stop(ending&) noexcept override {
      try {
        service_of<first>(sched);
      } catch (const std::runtime_error& e) {
        notes.note(e.what());
      }
    }
    static service_key& place() {
      static service_key k{"late", make_at_first_use<late>};
      return k;
    }
    jay::scheduler& sched;
  };
  notes.take();
  {
    jay::scheduler s(workers(1));
    s.services().find_or_make(late::place());
  }
  EXPECT_EQ(notes.take(), (said{"late made", "first: the runtime is shutting down", "late gone"}));
}

struct given : service {
  given(jay::scheduler&, int n) : number(n) {}
  inline static service_key key{"given", [](jay::scheduler&) -> std::unique_ptr<service> {
                                  throw std::runtime_error("given: made at the start only");
                                }};
  const int number;
};

TEST(Services, OneThatIsMadeAtTheStartIsMadeOnceAndFromItsArguments) {
  jay::scheduler s(workers(1));
  EXPECT_THROW(service_of<given>(s), std::runtime_error);
  EXPECT_EQ(jay::detail::make_service<given>(s, 7).number, 7);
  EXPECT_EQ(service_of<given>(s).number, 7);
  EXPECT_THROW(jay::detail::make_service<given>(s, 8), std::logic_error);
  EXPECT_EQ(service_of<given>(s).number, 7);
}

TEST(Services, TwoSchedulersHaveTheirOwn) {
  notes.take();
  jay::scheduler a(workers(1));
  {
    jay::scheduler b(workers(1));
    EXPECT_NE(&service_of<first>(a), &service_of<first>(b));
  }
  EXPECT_EQ(notes.take(), (said{"first made", "first made", "first stops", "first gone"}));
  EXPECT_EQ(&service_of<first>(a), &service_of<first>(a));
}

template <std::size_t>
struct one_of_many : service {
  explicit one_of_many(jay::scheduler&) { ++made; }
  ~one_of_many() override { --made; }
  inline static service_key key{"one_of_many", make_at_first_use<one_of_many>};
  inline static int made = 0;
};
template <std::size_t... I>
void more_than_there_are_places(jay::scheduler& s, std::index_sequence<I...>) {
  (service_of<one_of_many<I>>(s), ...);
  EXPECT_EQ((one_of_many<I>::made + ...), static_cast<int>(sizeof...(I)));
  std::vector<service*> once{&service_of<one_of_many<I>>(s)...}, again{&service_of<one_of_many<I>>(s)...};
  EXPECT_EQ(once, again);
  EXPECT_EQ((one_of_many<I>::made + ...), static_cast<int>(sizeof...(I)));
}

TEST(Services, ThereAreAsManyAsOneLikes) {
  {
    jay::scheduler s(workers(1));
    more_than_there_are_places(s, std::make_index_sequence<80>());
  }
  EXPECT_EQ(one_of_many<0>::made + one_of_many<79>::made, 0);
}

TEST(Services, TheChildOfAForkMakesAndEndsNone) {
  notes.take();
  std::optional<jay::scheduler> s(std::in_place, workers(1));
  service_of<first>(*s);
  notes.take();
  const pid_t child = ::fork();
  if (child == 0) {
    int wrong = 1;
    try {
      service_of<second>(*s);
    } catch (const std::runtime_error& e) {
      wrong = std::string(e.what()) != "second: the runtime is not usable after fork: its threads stayed in the parent";
    }
    s.reset();
    ::_exit(wrong != 0 ? 1 : notes.take().empty() ? 0 : 2);
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  s.reset();
  EXPECT_EQ(notes.take(), (said{"first stops", "first gone"}));
}

}  // namespace
