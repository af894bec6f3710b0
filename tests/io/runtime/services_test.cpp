// SPDX-License-Identifier: MIT
// Services of a runtime: its own, and one that a library above jay could bring.
#include <gtest/gtest.h>

#include <latch>
#include <stdexcept>
#include <vector>

#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/jay.hpp>

namespace {

using jay::detail::blocking_pool;
using jay::detail::ending;
using jay::detail::io_resources;
using jay::detail::make_at_first_use;
using jay::detail::reactor;
using jay::detail::service;
using jay::detail::service_key;
using jay::detail::service_of;

std::vector<const char*> seen;

/// What a client's pool of connections would be. It uses the blocking pool and a timer, also while it stops.
struct client_pool : service {
  explicit client_pool(jay::scheduler& s) : sched(s), clock(service_of<reactor>(s).clock()) {}
  ~client_pool() override { seen.push_back("gone"); }
  void stop(ending& e) noexcept override {
    EXPECT_GT(e.until(), e.begun());
    std::latch called(1);
    service_of<blocking_pool>(sched).submit("client_pool: goodbye", [&] { called.count_down(); });
    called.wait();
    EXPECT_EQ(clock.size(), 0u);
    seen.push_back("said goodbye");
  }
  inline static service_key key{"client_pool", make_at_first_use<client_pool>};
  jay::scheduler& sched;
  jay::detail::timers& clock;
};

TEST(RuntimeServices, OneOfAnotherLibraryStopsBeforeThoseThatItUses) {
  seen.clear();
  auto main = []() -> jay::task<> {
    service_of<client_pool>(*jay::detail::current_scheduler());
    co_return;
  };
  jay::run(main());
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_STREQ(seen[0], "said goodbye");
  EXPECT_STREQ(seen[1], "gone");
}

TEST(RuntimeServices, TwoRuntimesHaveTheirOwn) {
  jay::config c;
  c.io.shutdown_timeout = 3;
  jay::event_loop a, b(c);
  EXPECT_NE(&service_of<reactor>(a.scheduler()), &service_of<reactor>(b.scheduler()));
  EXPECT_NE(&service_of<client_pool>(a.scheduler()), &service_of<client_pool>(b.scheduler()));
  EXPECT_EQ(service_of<io_resources>(b.scheduler()).config().shutdown_timeout, 3);
  EXPECT_NE(service_of<io_resources>(a.scheduler()).config().shutdown_timeout, 3);
}

TEST(RuntimeServices, ASchedulerAloneSaysThatItHasNoIO) {
  jay::scheduler s;
  try {
    service_of<client_pool>(s);
    ADD_FAILURE() << "made";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "this scheduler has no I/O: use jay::run or jay::event_loop");
  }
}

}  // namespace
