// SPDX-License-Identifier: MIT
// What the one worker of a run with a seed waits in: a virtual clock.
//
// While anything can run, time stands still. When nothing can, it jumps to the earliest deadline, and what was due then can
// run. So a sleep takes no real time, however long, and a step takes no virtual time, however long. When there is no deadline
// either, nothing will ever run again, and somebody is told (when_blocked).
//
// Tasks that never wait (`while (!done) co_await sleep(0s);`) would keep time from going on. So it creeps: after every
// steps_in_a_row choices of what runs next, without a jump between, it goes on by one `creep`.
#pragma once

#include <chrono>
#include <functional>

#include <jay/detail/driver.hpp>
#include <jay/detail/sync.hpp>
#include <jay/detail/timers.hpp>

namespace jay::detail {

class simulated_driver final : public driver {
 public:
  static constexpr std::uint32_t steps_in_a_row = 1000;
  static constexpr std::chrono::milliseconds creep{1};

  simulated_driver(scheduler& s, timers& t) noexcept : sched_(s), timers_(t) {}

  /// f is called by the worker when nothing can run and no timer is armed; it may make something runnable. {}: the worker
  /// just waits. While the scheduler stands.
  void when_blocked(std::function<void()> f) {
    blocked_ = std::move(f);
    steps_ = 0;
  }

 private:
  part begin_poll(time_point&) noexcept override { return part::poll; }
  void end_watch() noexcept override {}
  std::size_t poll(job** ready, std::size_t n, int limit) noexcept override;
  void end_poll() noexcept override {}
  void look() noexcept override;
  void fire_due() noexcept override {}  // look() has
  void kept() noexcept override {}      // there are no I/O threads
  void interrupt() noexcept override;
  void fire() noexcept;
  void wait(int limit) noexcept;

  scheduler& sched_;
  timers& timers_;
  std::function<void()> blocked_;
  std::uint32_t steps_ = 0;  // the worker's
  // [SD1] Futex word; 1: interrupted. Who interrupts has made something runnable, or has asked for something, before.
  atomic<std::uint32_t> called_{0};
};

}  // namespace jay::detail
