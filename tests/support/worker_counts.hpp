// SPDX-License-Identifier: MIT
// A fixture whose tests run with 1, 2 and 4 workers and in asyncio's order.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <jay/create_task.hpp>
#include <jay/future.hpp>
#include <jay/scheduler.hpp>

#include "run_on.hpp"

namespace jay::testing {

/// 0: one worker in asyncio's order.
class WorkerCounts : public ::testing::TestWithParam<unsigned> {
 protected:
  jay::scheduler& sched() {
    if (!sched_) sched_.emplace(GetParam() ? workers(GetParam()) : in_asyncio_order());
    return *sched_;
  }
  template <class T>
  T run(jay::task<T> t) {
    return run_on(sched(), std::move(t));
  }

 private:
  std::optional<jay::scheduler> sched_;
};

inline std::string worker_count_name(const ::testing::TestParamInfo<unsigned>& info) {
  return info.param ? std::to_string(info.param) + "workers" : std::string("asyncio");
}

#define JAY_FOR_WORKER_COUNTS(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::Values(1u, 2u, 4u, 0u), jay::testing::worker_count_name)

/// Counts how many there are of it, and that each is destroyed once; on any thread.
struct counted {
  explicit counted(int& n) : alive(n) { ++alive; }
  counted(const counted& o) : alive(o.alive) { ++alive; }
  counted& operator=(const counted&) = delete;
  ~counted() { --alive; }
  std::atomic_ref<int> alive;
};

/// Its text, for a cancel with "cancelled " before it; "nothing" if op ends well.
template <class Op>
task<std::string> what_is_thrown(Op op) {
  std::string what = "nothing";
  try {
    static_cast<void>(co_await std::move(op));
  } catch (const std::exception& e) {
    what = e.what();
  } catch (const cancelled_error& e) {
    what = "cancelled " + e.message();
  }
  co_return what;
}

/// What a task is to wait at, and how others know that it has come there.
struct gate {
  promise<> arrived_promise;
  future<> arrived = arrived_promise.get_future();
  promise<> open_promise;
  future<> opened = open_promise.get_future();

  task<> pass() {
    arrived_promise.set_result();
    co_await opened.shielded();
  }
  void open() { open_promise.set_result(); }
};

}  // namespace jay::testing
