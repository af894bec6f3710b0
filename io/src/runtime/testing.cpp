// SPDX-License-Identifier: MIT
#include <jay/testing.hpp>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <vector>

#include <jay/detail/assert.hpp>
#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>
#include <jay/wait.hpp>

#include "event/simulated_driver.hpp"
#include "file/simulated_files.hpp"
#include "net/simulated_network.hpp"

namespace jay::detail {
namespace {

std::uint64_t chosen(std::uint64_t seed) {
  const char* text = std::getenv("JAY_TEST_SEED");
  if (!text) return seed;
  const char* const end = text + std::strlen(text);
  const auto [read, error] = std::from_chars(text, end, seed);
  if (error != std::errc() || read != end)
    throw std::invalid_argument(std::string("JAY_TEST_SEED: '") + text + "' is no whole number; unset it, or give one seed");
  return seed;
}

// Another order would go before the seed's, and so it would be with I/O threads.
config with_seed(std::uint64_t seed) {
  config c = config::from_environment();
  c.scheduler.seed = seed;
  c.scheduler.workers = 1;
  c.scheduler.order = order::depth;
  c.scheduler.spin = 0;
  c.io.threads = 0;
  return c;
}

// As jay::run ends, but inside the run: so what they do at their end has its place in the order.
task<> await_the_others(bool cancels) {
  for (;;) {
    std::vector<task_handle<>> left = all_tasks();
    std::erase(left, current_task());
    if (left.empty()) co_return;
    if (cancels)
      for (task_handle<>& t : left) t.cancel();
    auto ended = wait(std::move(left));
    co_await std::move(ended);
  }
}

}  // namespace

seeded_run::seeded_run(std::uint64_t seed, const network_settings& network, const file_settings& files)
    : seed_(chosen(seed)), loop_(with_seed(seed_)), scheduler_(loop_.scheduler()) {
  make_service<network_service>(scheduler_, seed_, network);
  make_service<files_service>(scheduler_, seed_, files);
  reactor_of(scheduler_).simulated()->when_blocked([this] { blocked(); });
}

seeded_run::~seeded_run() {
  if (!loop_.is_closed()) reactor_of(scheduler_).simulated()->when_blocked({});
}

// By the worker.
void seeded_run::blocked() {
  std::string tasks = scheduler_.pending_tasks();
  if (tasks.empty()) return;  // the end: it waits for nothing
  if (tasks.ends_with('\n')) tasks.pop_back();
  if (ending_)
    fatal(("testing::run: with seed " + std::to_string(seed_) +
                   ": these tasks were cancelled at the end of the run, and wait again for what never comes:\n" + tasks)
                      .c_str());
  blocked_tasks_ = std::move(tasks);
  loop_.stop();
}

void seeded_run::end() {
  if (ending_) return;
  ending_ = true;
  loop_.run_until_complete(await_the_others(true));
  // The exits of generators that are left begin while the loop stands, and are no tasks that a cancel is for.
  while (!scheduler_.drain(std::chrono::seconds(0))) loop_.run_until_complete(await_the_others(false));
  // What has not begun is dropped, as at the end of jay::run.
  service_of<detail::blocking_pool>(scheduler_).finish(std::chrono::seconds(0));
  loop_.close();
}

void seeded_run::fail() {
  std::exception_ptr e = std::current_exception();
  end();
  if (!blocked_tasks_.empty())
    e = std::make_exception_ptr(
        testing::deadlock_error("testing::run: every task is blocked and no timer can wake one:\n" + blocked_tasks_));
  const std::string seed = std::to_string(seed_);
  scheduler::default_exception_handler(
      {"testing::run: failed with seed " + seed + ", which JAY_TEST_SEED=" + seed + " runs again", e, {}});
  std::rethrow_exception(e);
}

}  // namespace jay::detail
