// SPDX-License-Identifier: MIT
#include "ticker.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <system_error>

#include <jay/detail/log.hpp>
#include <jay/detail/thread_name.hpp>
#include <jay/detail/time_slice.hpp>

#include "scheduler_core.hpp"

namespace jay::detail {
namespace {

/// Ticks after which it sleeps if nobody has run. Each begin costs a wake-up.
constexpr int linger = 4;
/// With order = "asyncio" a request for a turn changes the order of what runs, which asyncio has fixed; so it comes only to
/// a task that has kept the worker for so many ticks, as nothing else could end it.
constexpr std::uint32_t asyncio_ticks = 50;
/// How often it looks whether a worker has had a processor for itself.
constexpr std::chrono::milliseconds look_at_share_every{20};

}  // namespace

ticker::ticker(scheduler_core& core)
    : core_(core), ran_(core.workers.size()), same_for_(core.workers.size()), computing_(core.workers.size()) {
  for (std::size_t i = 0; i < computing_.size(); ++i) pthread_getcpuclockid(core.threads[i].native_handle(), &computing_[i].clock);
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (const std::system_error& e) {
    log(log_level::warn,
        "scheduler: cannot start the thread that interrupts long computations: %s; a task that computes may keep others "
        "waiting; check the limit on processes (ulimit -u)",
        e.what());
  }
}

ticker::~ticker() {
  ending_.store(1, std::memory_order_seq_cst);  // as [TR1] and [TR2]: it is seen before a rest, or the rest is
  futex_wake(ending_, 1);
  rest_.stir();
  if (thread_.joinable()) thread_.join();
}

void ticker::ask(worker& w) noexcept {
  if (w.seeded) return;  // real time has no say there
  if (w.fifo) {
    const std::uint64_t ran = w.ran.load(std::memory_order_relaxed);  // relaxed: only compared
    if (ran != std::exchange(ran_[w.index], ran)) same_for_[w.index] = 0;
    if (++same_for_[w.index] < asyncio_ticks) return;
    same_for_[w.index] = 0;
  }
  // relaxed: a request; what the worker then looks at has its own orders
  if (w.attention.load(std::memory_order_relaxed) & attention::turn) w.attention.fetch_or(attention::late, std::memory_order_relaxed);
  else w.attention.fetch_or(attention::turn, std::memory_order_relaxed);
}

void ticker::choose_slices(worker& w, std::chrono::steady_clock::time_point now) noexcept {
  computing& c = computing_[w.index];
  const std::uint64_t parks = w.parks.load(std::memory_order_relaxed);  // relaxed: only compared
  if (parks != std::exchange(c.parks, parks)) c.since = {};
  if (c.since == std::chrono::steady_clock::time_point()) {
    c.since = now;
    c.used = used_by(w.index);
    return;
  }
  if (now - c.since < look_at_share_every) return;
  const std::chrono::nanoseconds used = used_by(w.index);
  const bool undisturbed = used - c.used > (now - c.since) * 3 / 4;
  c.since = now;
  c.used = used;
  if (undisturbed == w.long_slices.load(std::memory_order_relaxed)) return;
  w.long_slices.store(undisturbed, std::memory_order_relaxed);  // first: it may be about to sleep, and then gives them back
  ask_for_slices(w.thread.load(std::memory_order_relaxed), undisturbed ? computing_slice : default_slice);
}

std::chrono::nanoseconds ticker::used_by(std::size_t worker) const noexcept {
  timespec t{};
  // Not clock_gettime: libfaketime takes this clock for the wall clock, and then sets timerfds wrong.
  if (::syscall(SYS_clock_gettime, computing_[worker].clock, &t) != 0) return {};
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

void ticker::look_at_ages(std::chrono::steady_clock::time_point now) noexcept {
  auto look = [now](queue_age& age, const shared_queue& q) {
    const std::uint64_t taken = q.taken();
    age.look(taken + q.size(), taken, now);
  };
  look(core_.ages.ready, core_.ready);
  look(core_.ages.shared, core_.normal);
  look(core_.ages.later, core_.later);
  look(core_.ages.low, core_.low);
  for (auto& w : core_.workers) {
    const std::uint64_t oldest = w->jobs.oldest();
    core_.cores[w->index].own_age.look(oldest + !w->jobs.empty(), oldest, now);
  }
}

void ticker::loop() noexcept {
  name_this_thread("jay-tick", 0);
  if (core_.config.time_slices) ask_for_slices(0, io_slice);
  int idle_for = 0;
  while (ending_.load(std::memory_order_relaxed) == 0) {  // relaxed: nothing else is learnt from it
    const auto now = std::chrono::steady_clock::now();
    if (!core_.at_rest()) {
      idle_for = 0;
      for (auto& w : core_.workers)
        if (!w->sleeps()) {
          ask(*w);
          if (core_.config.time_slices) choose_slices(*w, now);
        }
      look_at_ages(now);
    } else if (++idle_for >= linger) {
      look_at_ages(now);
      idle_for = 0;
      // [TR2] seq_cst: as the read of the sleepers
      if (rest_.begin([this] { return core_.at_rest() && ending_.load(std::memory_order_seq_cst) == 0; })) rest_.wait();
      continue;
    }
    futex_wait_until(ending_, 0, now + tick);
  }
}

}  // namespace jay::detail
