// SPDX-License-Identifier: MIT
// jay::testing::run: a task on a virtual clock, in an order that a seed decides. For tests; docs/testing.md. It is no part of
// jay.hpp.
//
//   #include <jay/testing.hpp>
//   for (std::uint64_t seed = 1; seed <= 100; ++seed) jay::testing::run(transfer(), seed);
//
// Time stands still while anything can run, and jumps to the next deadline when nothing can. Of all that could run, the one
// worker draws what runs next. So the same seed gives the same interleaving, and another seed another one. Sockets, streams and
// servers work on a simulated network (testing_network.hpp), files on a simulated disk (testing_files.hpp).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <jay/event_loop.hpp>
#include <jay/task.hpp>
#include <jay/testing_files.hpp>
#include <jay/testing_network.hpp>

namespace jay {

namespace testing {

/// Every task waits, and no timer is armed: nothing can ever run again. what() names the tasks, and where each waits.
class JAY_API deadlock_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace testing

namespace detail {

/// An event loop with a seed, for one run and its end.
class JAY_API seeded_run {
 public:
  /// JAY_TEST_SEED in the environment goes before the seed given; std::invalid_argument if that is no whole number.
  seeded_run(std::uint64_t seed, const network_settings& network, const file_settings& files);
  seeded_run(const seeded_run&) = delete;
  ~seeded_run();

  event_loop& loop() noexcept { return loop_; }
  /// Cancels what is left, waits until it has ended, and closes the loop. A second time: nothing.
  void end();
  /// In a catch block, where the run has failed: ends it, says the seed on standard error, and throws the error again, or
  /// deadlock_error where that is what ended the run.
  [[noreturn]] void fail();

 private:
  void blocked();

  const std::uint64_t seed_;
  event_loop loop_;
  scheduler& scheduler_;  // the loop's, which does not give it any more while it closes
  std::string blocked_tasks_;
  bool ending_ = false;
};

}  // namespace detail

namespace testing {

/// Last argument of run.
class options {
 public:
  options& network(network_options n) {
    network_ = std::move(n);
    return *this;
  }
  options& files(file_options f) {
    files_ = std::move(f);
    return *this;
  }
  /// For the library.
  const network_options& network() const noexcept { return network_; }
  const file_options& files() const noexcept { return files_; }

 private:
  network_options network_;
  file_options files_;
};

/// Runs the task as jay::run does and gives its value or throws what it throws. At the end, also on an error, what is left is
/// cancelled and waited for.
///
/// There is one worker. The loop's time() is virtual and begins at the same value in every run; sleep, timeout, wait_for,
/// call_later and all else that has a limit go by it. A call that blocks (to_thread, run_in_executor) is a step of the run: it
/// begins when it is drawn, on a thread of its own, and everything stands still until it has ended. Sockets and names are those
/// of a simulated network (network_options), files those of a simulated disk (file_options). Descriptors of the user's own
/// (socket::adopt) and signals are refused: std::runtime_error at the call.
///
/// Where every task waits and no timer is armed, the run ends at once with deadlock_error. Threads of the user's own are not
/// known to it: a future that only such a thread will set is a deadlock, and what such a thread does is not replayed.
///
/// When it throws, a line on standard error says the seed. JAY_TEST_SEED=n in the environment has every run take that seed.
/// Throws std::runtime_error in a running task.
template <class T>
T run(task<T> main, std::uint64_t seed, const options& how = {}) {
  static_assert(!std::is_reference_v<T>, "run: return a value or a pointer");
  detail::check_outside("testing::run");
  detail::seeded_run r(seed, how.network().settings(), how.files().settings());
  try {
    if constexpr (std::is_void_v<T>) {
      r.loop().run_until_complete(std::move(main));
      r.end();
    } else {
      T value = r.loop().run_until_complete(std::move(main));
      r.end();
      return value;
    }
  } catch (...) {
    r.fail();
  }
}

}  // namespace testing
}  // namespace jay
