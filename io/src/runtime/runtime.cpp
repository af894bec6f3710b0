// SPDX-License-Identifier: MIT
// Who owns what: the configuration, then the scheduler, and on it the services. The end, in this order: cancel what is left
// and wait for it, stop the services, stop the workers, destroy the services. SIGINT is watched until then.
#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include <jay/detail/fd_slot.hpp>
#include <jay/detail/log.hpp>

#include "blocked_watch.hpp"
#include "parts.hpp"

namespace jay {

namespace detail {

void cut_stalled(runtime::parts& p, std::chrono::steady_clock::time_point begun) {
  using clock = std::chrono::steady_clock;
  using seconds = std::chrono::duration<double>;
  const seconds limit(p.config.io.shutdown_timeout);
  seconds allowed = clock::now() - begun >= limit ? seconds(0) : std::min(limit, seconds(1));
  std::size_t n = fd_slot::shut_stalled(p.scheduler, std::chrono::duration_cast<clock::duration>(allowed));
  if (n != 0) log(log_level::warn, "run: cut %zu connections that were closing and whose peers took nothing any more", n);
}

}  // namespace detail

runtime::runtime(const jay::config& c) {
  const jay::config resolved = c.resolved();
  detail::log_threshold.store(resolved.log.level, std::memory_order_relaxed);  // relaxed: nothing else is known by it
  parts_ = std::make_unique<parts>(resolved);
  if (resolved.debug.enabled || resolved.debug.inspect) parts_->inspector.emplace(parts_->scheduler);
  detail::log(log_level::info, "run: started %zu workers and %zu I/O threads", parts_->scheduler.workers(),
              parts_->reactor.threads());
}

namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

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
  watch_until_end();
  cancel_all();
  parts_->inspector.reset();
  runtime_ending end(*parts_);
  parts_->scheduler.services().stop(end);
  const scheduler_statistics did = parts_->scheduler.statistics();
  detail::log(log_level::debug, "run: ended after %llu jobs, %llu thefts, %llu sleeps and %llu wakes of workers",
              static_cast<unsigned long long>(did.jobs), static_cast<unsigned long long>(did.steals),
              static_cast<unsigned long long>(did.parks), static_cast<unsigned long long>(did.wakes));
}

scheduler& runtime::scheduler() noexcept { return parts_->scheduler; }
const config& runtime::config() const noexcept { return parts_->config; }

void runtime::watch_until_end() {
  if (!parts_->interrupts) parts_->interrupts.emplace();
}

void runtime::cancel_all() {
  const auto begun = clock::now();
  auto say_next = begun + std::chrono::seconds(10);
  auto names = [this] {
    std::string stuck;
    parts_->scheduler.drain(clock::duration(0), &stuck);
    return stuck;
  };
  for (int looks = 1; !parts_->scheduler.drain(detail::end_step); ++looks) {
    if (looks % detail::looks_per_cut == 0) detail::cut_stalled(*parts_, begun);
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
  detail::blocked_watch blocked(*parts_);
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

}  // namespace jay
