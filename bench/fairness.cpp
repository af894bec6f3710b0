// SPDX-License-Identifier: MIT
// fairness: the waits of one victim beside hogs that keep every worker busy.
//
//   fairness HOG VICTIM SECONDS WORKERS
//   -> HOG VICTIM worst_us=... p99_us=... mean_us=... samples=...
//
// bench/fairness_table runs all of them, on every runtime, and makes a table of it.
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "support/fairness.hpp"
#include "support/jay_main.hpp"

namespace {

namespace fairness = bench::fairness;
using bench::clock;

// ---- hogs ----

jay::task<long> tree(long n) {
  if (n <= bench::fine_leaf) co_return bench::plain_fib(n);
  auto [a, b] = co_await jay::gather(tree(n - 1), tree(n - 2));
  co_return a + b;
}

jay::task<> fork_join() {
  for (;;) co_await tree(bench::fine_leaf + bench::tree_height);
}

jay::task<> yields() {
  for (;;) {
    bench::plain_fib(fairness::step_size);
    co_await jay::checkpoint();
  }
}

struct table {
  jay::queue<int> there{1}, back{1};
};

jay::task<> ping(std::shared_ptr<table> shared) {
  for (int i = 0;; i = 1 - i) {
    co_await shared->there.put(i);
    const int ball = co_await shared->back.get();
    bench::require(ball == i, "ball");
  }
}

jay::task<> pong(std::shared_ptr<table> shared) {
  for (;;) {
    const int ball = co_await shared->there.get();
    co_await shared->back.put(ball);
  }
}

jay::task<> spawn_chain() {
  jay::create_task(spawn_chain);
  co_return;
}

jay::task<> ready_operations() {
  jay::queue<int> own(1);
  for (;;) {
    co_await own.put(1);
    co_await own.get();
  }
}

using socket_pair = std::pair<jay::socket, jay::socket>;

/// Both ends live as long as one of the two tasks: at the end of `run` the one that is cancelled first breaks nothing.
jay::task<> bounce(std::shared_ptr<socket_pair> shared, bool begins) {
  jay::socket& connection = begins ? shared->first : shared->second;
  std::byte ball{};
  if (begins) co_await connection.write_all(std::span(&ball, 1));
  for (;;) {
    const std::size_t count = co_await connection.read_some(std::span(&ball, 1));
    bench::require(count == 1, "ball");
    co_await connection.write_all(std::span(&ball, 1));
  }
}

jay::task<> sleep_again_and_again() {
  for (;;) co_await jay::sleep(fairness::pause);
}

/// Makes the hogs of that name; `run` cancels them when the victim has been measured.
void start(std::string_view hog, unsigned workers) {
  const unsigned pairs = workers * fairness::hogs_a_worker / 2;
  if (hog == "ping_pong") {
    for (unsigned i = 0; i < pairs; ++i) {
      auto shared = std::make_shared<table>();
      jay::create_task(ping, shared);
      jay::create_task(pong, shared);
    }
  } else if (hog == "io_flood") {
    for (unsigned i = 0; i < pairs; ++i) {
      auto shared = std::make_shared<socket_pair>(jay::socket::pair());
      jay::create_task(bounce, shared, true);
      jay::create_task(bounce, shared, false);
    }
  } else if (hog == "timers") {
    for (int i = 0; i < fairness::sleepers; ++i) jay::create_task(sleep_again_and_again);
  } else if (hog != "none") {
    const auto run = hog == "fork_join"     ? fork_join
                     : hog == "yields"      ? yields
                     : hog == "spawn_chain" ? spawn_chain
                                            : ready_operations;
    for (unsigned i = 0; i < workers * fairness::hogs_a_worker; ++i) jay::create_task(run);
  }
}

// ---- victims ----

jay::task<clock::time_point> first_step() { co_return clock::now(); }

jay::task<> new_task(fairness::samples& waits) {
  while (waits.go_on()) {
    const clock::time_point made = clock::now();
    auto handle = jay::create_task(first_step);
    const clock::time_point begun = co_await handle;
    waits.add(begun - made);
    co_await jay::sleep(fairness::pause);
  }
}

jay::task<> other_thread(fairness::samples& waits) {
  jay::promise<> next;
  // Taken out before it is set: from then on the victim may put the next one in.
  fairness::outside_thread outside([&next] {
    const jay::promise<> now = std::move(next);
    now.set_result();
  });
  while (waits.go_on()) {
    next = jay::promise<>();
    const jay::future<> set = next.get_future();
    outside.ask();
    co_await set;
    waits.add(clock::now() - outside.acted());
  }
}

jay::task<> timer(fairness::samples& waits) {
  while (waits.go_on()) {
    const clock::time_point due = clock::now() + fairness::pause;
    co_await jay::sleep(fairness::pause);
    waits.add(clock::now() - due);
  }
}

jay::task<> yield(fairness::samples& waits) {
  while (waits.go_on()) {
    const clock::time_point gave_way = clock::now();
    co_await jay::sleep(std::chrono::seconds(0));
    waits.add(clock::now() - gave_way);
    co_await jay::sleep(fairness::pause);
  }
}

jay::task<> socket(fairness::samples& waits) {
  auto [mine, other] = jay::socket::pair();
  const int far_end = other.native_handle();
  fairness::outside_thread outside([far_end] { bench::require(::write(far_end, "x", 1) == 1, "byte written"); });
  while (waits.go_on()) {
    std::byte received{};
    outside.ask();
    const std::size_t count = co_await mine.read_some(std::span(&received, 1));
    waits.add(clock::now() - outside.acted());
    bench::require(count == 1, "byte read");
  }
}

jay::task<> crowd(fairness::samples& waits) {
  std::vector<jay::task_handle<clock::time_point>> handles;
  while (waits.go_on()) {
    const clock::time_point made = clock::now();
    for (int i = 0; i < fairness::crowd_size; ++i) handles.push_back(jay::create_task(first_step));
    clock::time_point last = made;
    for (auto& handle : handles) {
      const clock::time_point begun = co_await handle;
      last = std::max(last, begun);
    }
    waits.add(last - made);
    handles.clear();
    co_await jay::sleep(fairness::pause);
  }
}

jay::task<> measure(fairness::arguments given) {
  start(given.hog, given.workers);
  co_await jay::sleep(fairness::warm_up);
  fairness::samples waits(given.seconds);
  if (given.victim == "new_task") co_await new_task(waits);
  if (given.victim == "other_thread") co_await other_thread(waits);
  if (given.victim == "timer") co_await timer(waits);
  if (given.victim == "yield") co_await yield(waits);
  if (given.victim == "socket") co_await socket(waits);
  if (given.victim == "crowd") co_await crowd(waits);
  waits.print(given);
}

}  // namespace

int main(int argc, char** argv) {
  const fairness::arguments given(argc, argv);
  jay::run(measure(given), bench::with_workers(given.workers));
}
