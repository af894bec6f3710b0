// SPDX-License-Identifier: MIT
// Who owns what: the configuration, then the scheduler, then the reactor and the blocking pool. The end, in this order:
// cancel what is left and wait for it (workers and I/O threads alive), end the blocking calls, stop the reactor, stop
// the workers.
#include <jay/runtime.hpp>

#include <thread>

#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/error.hpp>

#include "interrupt.hpp"

namespace jay {

struct runtime::parts {
  explicit parts(const jay::config& c)
      : config(c),
        scheduler(config.scheduler, config.debug),
        resources(scheduler, config.io),
        reactor(scheduler, config.io),
        blocking(config.io.blocking_threads) {
    detail::set_attachment(scheduler, this);
  }

  const jay::config config;
  jay::scheduler scheduler;
  detail::io_resources resources;  // what stale events may name: goes after the reactor
  detail::reactor reactor;
  detail::blocking_pool blocking;
};

namespace {

/// Says so, once, when nothing can ever run again: no worker has work, no timer is armed, no socket or blocking call is
/// under way, and the main task has not ended. Looks after 1, 2, 4, ... seconds, so that an idle process stays idle.
class blocked_watch {
 public:
  explicit blocked_watch(runtime::parts& p) : parts_(p) {}
  time_point next_look() const { return next_; }
  void look() {
    bool stuck = still() && parts_.scheduler.statistics().jobs == jobs_;
    if (stuck && !said_) {
      said_ = true;
      std::string tasks = parts_.scheduler.pending_tasks();
      if (tasks.ends_with('\n')) tasks.pop_back();  // the log ends its lines itself
      detail::log(log_level::error,
                  "every task is blocked and no timer, socket or call can wake one; unless another thread sets a future, "
                  "this waits for ever:\n%s",
                  tasks.c_str());
    }
    jobs_ = parts_.scheduler.statistics().jobs;
    next_ = std::chrono::steady_clock::now() + (still() ? std::chrono::seconds(1) : step_);
    if (!still() || said_) step_ *= 2;
    if (said_) next_ = std::chrono::steady_clock::now() + step_;
  }

 private:
  bool still() {
    return parts_.scheduler.quiet() && parts_.reactor.clock().size() == 0 && parts_.reactor.registered() == 0 &&
           parts_.blocking.running() == 0 && !parts_.reactor.resuming();
  }
  runtime::parts& parts_;
  std::chrono::seconds step_{1};
  time_point next_ = std::chrono::steady_clock::now() + step_;
  std::uint64_t jobs_ = ~std::uint64_t{0};
  bool said_ = false;
};

}  // namespace

runtime::runtime(const jay::config& c) {
  const jay::config resolved = c.resolved();
  detail::log_threshold.store(resolved.log.level, std::memory_order_relaxed);
  parts_ = std::make_unique<parts>(resolved);
  detail::log(log_level::info, "run: started %zu workers and %zu I/O threads", parts_->scheduler.workers(),
              parts_->reactor.threads());
}

runtime::~runtime() {
  cancel_all();
  std::string stuck = parts_->blocking.finish(std::chrono::duration<double>(parts_->config.io.shutdown_timeout));
  if (!stuck.empty())
    detail::log(log_level::warn, "run: blocking calls still run after %g s and are left behind: %s",
                parts_->config.io.shutdown_timeout, stuck.c_str());
  const scheduler_statistics did = parts_->scheduler.statistics();
  detail::log(log_level::debug, "run: ended after %llu jobs, %llu thefts, %llu sleeps and %llu wakes of workers",
              static_cast<unsigned long long>(did.jobs), static_cast<unsigned long long>(did.steals),
              static_cast<unsigned long long>(did.parks), static_cast<unsigned long long>(did.wakes));
}

scheduler& runtime::scheduler() noexcept { return parts_->scheduler; }
const config& runtime::config() const noexcept { return parts_->config; }

void runtime::check_outside(const char* what) {
  if (detail::current_scheduler())
    throw std::runtime_error(std::string(what) +
                             ": called from a running task; await the operation instead, or call it on another thread");
}

void runtime::cancel_all() {
  std::string stuck;
  while (!parts_->scheduler.drain(std::chrono::seconds(10), &stuck)) {
    detail::log(log_level::warn, "run: still waiting for tasks that were cancelled: %s", stuck.c_str());
    stuck.clear();
  }
}

struct runtime::main_run::state {
  explicit state(runtime::parts& p) : blocked(p), interrupts(word) {}

  detail::atomic<std::uint32_t> word{0};  // futex word: moves when the task ends and at a SIGINT
  detail::atomic<bool> ended{false};
  blocked_watch blocked;
  detail::interrupt_watch interrupts;
};

runtime::main_run::main_run(runtime& r) : state_(std::make_unique<state>(*r.parts_)) {}
runtime::main_run::~main_run() = default;

void runtime::main_run::wait(task_handle<> main, const context& in) {
  state& s = *state_;
  struct tell {
    void operator()(state* w) const noexcept { w->ended.store(true, std::memory_order_release); }
  };
  // Told when the callback and its handle are gone: then this thread alone has the result, and the state.
  main.add_done_callback([end = std::unique_ptr<state, tell>(&s)](const task_handle<>&) {
    end->word.fetch_add(1, std::memory_order_release);
    detail::futex_wake(end->word, 1);
  });
  bool told = false;
  for (;;) {
    std::uint32_t now = s.word.load(std::memory_order_acquire);
    if (main.done()) break;
    if (!told && s.interrupts.count() > 0) {
      told = true;
      main.cancel();
    }
    if (!detail::futex_wait_until(s.word, now, s.blocked.next_look())) s.blocked.look();
  }
  while (!s.ended.load(std::memory_order_acquire)) detail::thread_yield();  // the callback is about to run
  detail::keep_context(*main.share(), in);
  if (told && main.cancelled()) throw keyboard_interrupt();
}

namespace detail {

namespace {
runtime::parts& parts_of(jay::scheduler& s) {
  auto* p = static_cast<runtime::parts*>(attachment(s));
  if (!p) throw std::runtime_error("this scheduler has no I/O: use jay::run or jay::runtime");
  return *p;
}
}  // namespace

reactor& reactor_of(jay::scheduler& s) { return parts_of(s).reactor; }
reactor& current_reactor(const char* what) { return reactor_of(require_scheduler(what)); }
blocking_pool& blocking_pool_of(jay::scheduler& s) { return parts_of(s).blocking; }
io_resources& io_resources_of(jay::scheduler& s) { return parts_of(s).resources; }

}  // namespace detail
}  // namespace jay
