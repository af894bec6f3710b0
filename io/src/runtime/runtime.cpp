// SPDX-License-Identifier: MIT
// Who owns what: the configuration, then the scheduler, and on it the services. The end, in this order: cancel what is left
// and wait for it, stop the services, stop the workers, destroy the services. SIGINT is watched until then.
#include <jay/runtime.hpp>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include <jay/detail/blocking_pool.hpp>
#include <jay/detail/fd_slot.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/error.hpp>

#include "file/file_engine.hpp"
#include "interrupt.hpp"

namespace jay {

struct runtime::parts {
  explicit parts(const jay::config& c)
      : config(c),
        scheduler(config.scheduler, config.debug),
        resources(detail::make_service<detail::io_resources>(scheduler, config.io)),
        reactor(detail::make_service<detail::reactor>(scheduler, config.io)),
        blocking(detail::make_service<detail::blocking_pool>(scheduler, config.io)) {}

  const jay::config config;
  jay::scheduler scheduler;
  // The services that every runtime starts with. Their ends, last made first:
  //   (those of a first use)  stop before all of these, in the reverse order of their making
  //   blocking_pool           waits for the calls that have begun, with a deadline
  //   reactor                 ends the I/O threads
  //   io_resources            closes the sockets that are left
  detail::io_resources& resources;
  detail::reactor& reactor;
  detail::blocking_pool& blocking;

  std::optional<detail::interrupt_watch> interrupts;  // from the beginning of jay::run, or of the end, to the end
  bool main_was_told = false;  // of a SIGINT
  bool said = false;           // what the end waits for
  parts* next_left = nullptr;  // of those that the child of a fork lets be
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
  /// At this moment. An event may have come that nobody has seen yet: look again.
  bool still() {
    return parts_.scheduler.quiet() && parts_.reactor.clock().size() == 0 && parts_.blocking.running() == 0 &&
           !file_engine_busy() && !parts_.reactor.resuming() && !detail::fd_slot::any_open(parts_.scheduler);
  }

 private:
  bool file_engine_busy() {
    auto* files = static_cast<detail::file_engine*>(parts_.scheduler.services().find(detail::file_engine::key));
    return files && files->busy();  // else no file was used
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
  detail::log_threshold.store(resolved.log.level, std::memory_order_relaxed);  // relaxed: nothing else is known by it
  parts_ = std::make_unique<parts>(resolved);
  detail::log(log_level::info, "run: started %zu workers and %zu I/O threads", parts_->scheduler.workers(),
              parts_->reactor.threads());
}

namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

/// How often is looked for a SIGINT, and for connections that get on no further, while a run ends.
constexpr std::chrono::milliseconds end_step = detail::ending::step;
constexpr int looks_per_cut = 3;

/// From the moment a run is to end, a connection that is closing and whose peer takes nothing for a second is cut, and
/// each at io.shutdown_timeout.
void cut_stalled(runtime::parts& p, clock::time_point begun) {
  const seconds limit(p.config.io.shutdown_timeout);
  seconds allowed = clock::now() - begun >= limit ? seconds(0) : std::min(limit, seconds(1));
  std::size_t n = detail::fd_slot::shut_stalled(p.scheduler, std::chrono::duration_cast<clock::duration>(allowed));
  if (n != 0)
    detail::log(log_level::warn, "run: cut %zu connections that were closing and whose peers took nothing any more", n);
}

/// Whether to say what is waited for: at a SIGINT, and a second after the end began where the main task had got it.
bool interrupted(runtime::parts& p, clock::time_point begun) noexcept {
  if (!p.interrupts || p.said || p.interrupts->count() == 0) return false;
  p.said = !p.main_was_told || clock::now() - begun >= std::chrono::seconds(1);
  return p.said;
}
void say_interrupted(const char* what, const std::string& names) {
  detail::log(log_level::warn, "run: interrupted while it ends; it waits for %s: %s; once more ends it at once", what,
              names.c_str());
}

class runtime_ending final : public detail::ending {
 public:
  explicit runtime_ending(runtime::parts& p) : ending(seconds(p.config.io.shutdown_timeout)), parts_(p) {}
  void waits_for(const char* what, const std::string& names) noexcept override {
    if (interrupted(parts_, begun())) say_interrupted(what, names);
  }

 private:
  runtime::parts& parts_;
};

}  // namespace

runtime::~runtime() {
  if (detail::stayed_in_parent(parts_->scheduler)) {  // no thread to join, and locks that nobody will ever unlock
    static parts* left = nullptr;
    parts_->next_left = left;
    left = parts_.release();
    return;
  }
  if (!parts_->interrupts) parts_->interrupts.emplace();
  cancel_all();
  runtime_ending end(*parts_);
  parts_->scheduler.services().stop(end);
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

void runtime::watch_until_end() { parts_->interrupts.emplace(); }

void runtime::cancel_all() {
  const auto begun = clock::now();
  auto say_next = begun + std::chrono::seconds(10);
  auto names = [this] {
    std::string stuck;
    parts_->scheduler.drain(clock::duration(0), &stuck);
    return stuck;
  };
  for (int looks = 1; !parts_->scheduler.drain(end_step); ++looks) {
    if (looks % looks_per_cut == 0) cut_stalled(*parts_, begun);
    if (interrupted(*parts_, begun)) say_interrupted("tasks that were cancelled", names());
    if (clock::now() < say_next) continue;
    detail::log(log_level::warn, "run: still waiting for tasks that were cancelled: %s", names().c_str());
    say_next += std::chrono::seconds(10);
  }
}

namespace {

/// No task, and nothing that makes one: no reaction is queued, no timer armed. Looks at the numbers twice, as what runs
/// between two looks may have made a task that sleeps by now.
bool nothing_left(runtime::parts& p) {
  const auto at_rest = [&p] { return p.scheduler.quiet() && !p.reactor.resuming() && p.reactor.clock().size() == 0; };
  const std::uint64_t jobs = p.scheduler.statistics().jobs;
  return at_rest() && p.scheduler.pending_tasks().empty() && at_rest() && p.scheduler.statistics().jobs == jobs;
}

}  // namespace

void runtime::run_out() {
  using namespace std::chrono_literals;
  blocked_watch blocked(*parts_);
  std::uint64_t jobs_then = ~std::uint64_t{0};
  auto next_look = clock::now();
  for (auto pause = 1ms; !nothing_left(*parts_); pause = std::min(2 * pause, 100ms)) {
    if (clock::now() >= next_look) {
      next_look = clock::now() + 250ms;
      const std::uint64_t before = std::exchange(jobs_then, parts_->scheduler.statistics().jobs);
      if (blocked.still() && jobs_then == before) return;  // who ends this cancels what is left
    }
    std::this_thread::sleep_for(pause);
  }
}

struct runtime::main_run::state {
  explicit state(runtime::parts& p) : all(p), blocked(p) {
    if (!p.interrupts) own_interrupts.emplace();
  }
  int interrupts() const noexcept { return (own_interrupts ? own_interrupts : all.interrupts)->count(); }

  runtime::parts& all;
  detail::atomic<bool> ended{false};
  blocked_watch blocked;
  std::optional<detail::interrupt_watch> own_interrupts;
};

runtime::main_run::main_run(runtime& r) {
  detail::check_not_forked(r.parts_->scheduler, "run");
  state_ = std::make_unique<state>(*r.parts_);
}
runtime::main_run::~main_run() = default;

void runtime::main_run::wait(task_handle<> main, const context& in) {
  state& s = *state_;
  struct tell {
    void operator()(state* w) const noexcept { w->ended.store(true, std::memory_order_release); }  // [ME1] release
  };
  // Told when the callback and its handle are gone: then this thread alone has the result, and the state.
  main.add_done_callback([end = std::unique_ptr<state, tell>(&s)](const task_handle<>&) {
    detail::move_run_word();
  });
  bool told = false, said = false;
  clock::time_point begun;
  for (;;) {
    std::uint32_t now = detail::run_word().load(std::memory_order_acquire);  // [RW1] with move_run_word
    if (main.done()) break;
    if (!told && s.interrupts() > 0) {
      told = true;
      s.all.main_was_told = true;
      begun = clock::now();
      main.cancel();
    }
    auto next = s.blocked.next_look();
    if (told) next = std::min(next, clock::now() + end_step * looks_per_cut);
    if (detail::futex_wait_until(detail::run_word(), now, next)) continue;
    if (clock::now() >= s.blocked.next_look()) s.blocked.look();
    if (!told) continue;
    cut_stalled(s.all, begun);
    if (said || clock::now() - begun < std::chrono::seconds(2)) continue;
    said = true;
    detail::log(log_level::warn, "run: interrupted; the main task was cancelled and has not ended yet; once more ends the process");
  }
  while (!s.ended.load(std::memory_order_acquire)) detail::thread_yield();  // [ME1] acquire: the callback is about to run
  detail::keep_context(*main.share(), in);
  if (told && main.cancelled()) throw keyboard_interrupt();
}

}  // namespace jay
