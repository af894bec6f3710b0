// SPDX-License-Identifier: MIT
#include <jay/scheduler.hpp>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include <jay/create_task.hpp>
#include <jay/detail/cpus.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/thread_name.hpp>
#include <jay/error.hpp>

#include "after_fork.hpp"
#include "debug_mode.hpp"
#include "live_schedulers.hpp"
#include "scheduler_core.hpp"
#include "terminate_note.hpp"
#include "stall_watch.hpp"

namespace jay {
namespace detail {
namespace {

std::uint64_t next_number() noexcept {
  static atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;  // relaxed: only to be different
}

void pin(std::thread& t, std::size_t index) {
  const std::vector<unsigned> cpus = allowed_cpus();
  if (cpus.empty()) return;
  const std::size_t cpu = cpus[index % cpus.size()];
  cpu_set_t* one = CPU_ALLOC(cpu + 1);
  if (!one) return;
  const std::size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
  CPU_ZERO_S(bytes, one);
  CPU_SET_S(cpu, bytes, one);
  pthread_setaffinity_np(t.native_handle(), bytes, one);
  CPU_FREE(one);
}

}  // namespace

scheduler_core::scheduler_core(scheduler& s, const scheduler_config& c, const debug_config& d)
    : self(s), config(c), debug(d), services(s) {
  use_asymmetric_fences(c.fence != fence_policy::full);
  if (c.seed) by_seed = std::make_unique<seeded_order>(*c.seed);
}

void scheduler_core::begin() {
  ticks = std::make_unique<ticker>(*this);
  self.set_debug(debug.enabled);
  begun.store(1, std::memory_order_release);  // [BG1] release: all workers are there
  futex_wake(begun, INT32_MAX);
}

scheduler_core::~scheduler_core() {
  if (begun.load(std::memory_order_relaxed) == 0) {  // relaxed: this thread wrote it. The constructor has failed
    begun.store(2, std::memory_order_release);       // [BG1]
    futex_wake(begun, INT32_MAX);
    for (std::thread& t : threads) t.join();
  }
  for (shared_queue* q : {&ready, &normal, &later, &low})
    while (job* j = q->take()) j->destroy(j);
  for (auto& w : workers)
    while (job* j = w->jobs.pop_oldest()) j->destroy(j);
  while (job* j = by_seed ? by_seed->draw() : nullptr) j->destroy(j);
  workers.clear();  // their frames go to the depot
  if (in_depot) frame_depot::end();
}

}  // namespace detail

scheduler::scheduler(const scheduler_config& config, const debug_config& debug)
    : core_(std::make_unique<detail::scheduler_core>(*this, config, debug)),
      services_(&core_->services),
      number_(detail::next_number()) {
  detail::scheduler_core& core = *core_;
  detail::watch_forks();
  detail::note_terminate();
  detail::frame_depot::begin(std::size_t{config.frames_kept} * 1024 * 1024);
  core.in_depot = true;
  std::size_t wanted = detail::worker_count(config);
  for (std::size_t i = 0; i < wanted; ++i)
    core.workers.push_back(std::make_unique<detail::worker>(*this, static_cast<unsigned>(i), false));
  for (std::size_t i = 0; i < wanted; ++i) {
    try {
      core.threads.emplace_back([&core, w = core.workers[i].get()] {
        detail::name_this_thread("jay", w->index);
        w->thread.store(static_cast<int>(::gettid()), std::memory_order_relaxed);  // relaxed: a number
        while (core.begun.load(std::memory_order_acquire) == 0) detail::futex_wait(core.begun, 0);  // [BG1] acquire
        // relaxed: it is written once
        if (core.begun.load(std::memory_order_relaxed) == 1) core.loop(*w);
      });
    } catch (const std::system_error& e) {
      if (core.threads.empty())
        throw std::system_error(e.code(), "scheduler: cannot start a worker thread (0 of " + std::to_string(wanted) +
                                              "); check the limit on processes (ulimit -u)");
      detail::log(log_level::warn, "scheduler: started %zu of %zu workers: %s; check the limit on processes (ulimit -u)",
                  core.threads.size(), wanted, e.what());
      break;
    }
    if (config.affinity) detail::pin(core.threads.back(), i);
  }
  // The workers begin only now, as they look at each other: those that have no thread must not be there.
  core.workers.resize(core.threads.size());
  core.cores = std::vector<detail::worker_core>(core.workers.size());
  for (std::size_t i = 0; i < core.cores.size(); ++i) core.cores[i].random = 0x9e3779b97f4a7c15ull * (i + 1);
  std::vector<detail::parker*> parkers(core.workers.size());
  std::transform(core.workers.begin(), core.workers.end(), parkers.begin(), [](auto& w) { return w.get(); });
  core.idle = std::make_unique<detail::idle>(std::move(parkers));
  core.registry = std::vector<detail::registry_shard>(core.workers.size() + 1);
  detail::live_schedulers::add(this);
  try {
    core.begin();
  } catch (...) {
    detail::live_schedulers::remove(this);
    throw;
  }
}

scheduler::~scheduler() {
  if (detail::stayed_in_parent(*this)) {  // no thread to join, and locks that nobody will ever unlock
    static detail::scheduler_core* left = nullptr;
    core_->next_left = left;
    left = core_.release();
    return;
  }
  services_->stop();
  detail::live_schedulers::remove(this);
  core_->watch.reset();
  if (stands()) go_on();
  core_->stopping.store(true, std::memory_order_seq_cst);  // [X1]
  core_->wake_all();
  // one that went to sleep since then has seen `stopping` before it parked
  for (std::thread& t : core_->threads) t.join();
  core_->ticks.reset();  // which the workers woke up
  services_->end();
  while (core_->callers.load(std::memory_order_acquire) != 0) detail::thread_yield();  // [SC1] acquire
}

std::size_t scheduler::workers() const noexcept { return core_->threads.size(); }
const scheduler_config& scheduler::config() const noexcept { return core_->config; }
const debug_config& scheduler::debug() const noexcept { return core_->debug; }

void scheduler::set_debug(bool on) {
  std::lock_guard g(core_->watch_mutex);
  if (on) detail::debug_seen.store(true, std::memory_order_relaxed);  // relaxed: what is noted has locks of its own
  if (on && !core_->watch) core_->watch = std::make_unique<detail::stall_watch>(*core_);
  std::lock_guard f(core_->handler_mutex);
  debugging_.store(on, std::memory_order_relaxed);  // relaxed: only what is noted and reported depends on it
  notices_tasks_.store(on || core_->factory, std::memory_order_relaxed);  // relaxed: a hint
}

void scheduler::set_task_factory(task_factory_function factory) {
  std::shared_ptr<const task_factory_function> other;
  if (factory) other = std::make_shared<const task_factory_function>(std::move(factory));
  std::lock_guard g(core_->handler_mutex);
  notices_tasks_.store(debugging() || other, std::memory_order_relaxed);  // relaxed: a hint; the mutex orders the rest
  core_->factory.swap(other);  // the old one goes when the lock is free: its destructor is the user's
}
scheduler::task_factory_function scheduler::task_factory() const {
  std::lock_guard g(core_->handler_mutex);
  return core_->factory ? *core_->factory : nullptr;
}
task_options scheduler::by_task_factory(const task_options& o) {
  std::shared_ptr<const task_factory_function> factory;
  {
    std::lock_guard g(core_->handler_mutex);
    factory = core_->factory;
  }
  task_options made = o;
  if (factory) (*factory)(made);
  return made;
}

bool scheduler::quiet() const noexcept { return core_->quiet(); }
bool scheduler::quiet_but_for_homes() const noexcept { return core_->quiet_but_for_homes(); }

scheduler_statistics scheduler::statistics() const noexcept {
  scheduler_statistics sum;
  sum.jobs = core_->ran_at_homes.load(std::memory_order_relaxed);
  for (const auto& w : core_->workers) {
    sum.jobs += w->ran.load(std::memory_order_relaxed);
    sum.steals += w->steals.load(std::memory_order_relaxed);
    sum.parks += w->parks.load(std::memory_order_relaxed);
    sum.wakes += w->wakes.load(std::memory_order_relaxed);
  }
  auto look = [](const detail::queue_age& a, queue_wait& out) {
    out.now = std::max(out.now, a.now());
    out.worst = std::max(out.worst, a.worst());
  };
  look(core_->ages.ready, sum.ready);
  look(core_->ages.shared, sum.shared);
  look(core_->ages.later, sum.later);
  look(core_->ages.low, sum.low);
  for (const detail::worker_core& own : core_->cores) look(own.own_age, sum.own);
  return sum;
}

void scheduler::set_exception_handler(std::function<void(const exception_context&)> handler) {
  std::shared_ptr<const detail::scheduler_core::exception_handler> other;
  if (handler) other = std::make_shared<const detail::scheduler_core::exception_handler>(std::move(handler));
  std::lock_guard g(core_->handler_mutex);
  core_->handler.swap(other);  // the old one goes when the lock is free: its destructor is the user's
}

void set_exception_handler(std::function<void(const exception_context&)> handler) {
  detail::require_scheduler("set_exception_handler").set_exception_handler(std::move(handler));
}

void scheduler::call_exception_handler(const exception_context& context) noexcept {
  try {
    std::shared_ptr<const detail::scheduler_core::exception_handler> handler;
    {
      std::lock_guard g(core_->handler_mutex);
      handler = core_->handler;
    }
    if (handler) return (*handler)(context);
  } catch (...) {
    detail::log(log_level::error, "the exception handler has thrown; the report it was given follows");
  }
  default_exception_handler(context);
}

std::function<void(const exception_context&)> scheduler::exception_handler() const {
  std::lock_guard g(core_->handler_mutex);
  return core_->handler ? *core_->handler : nullptr;
}

void scheduler::default_exception_handler(const exception_context& context) noexcept {
  detail::print_report(context.message.c_str(), context.task_name.c_str(), context.exception);
}

namespace detail {
namespace {

/// By a thread that is none of the scheduler's. Once it is put the job may run, and its scheduler end: which waits for `callers`.
void schedule_from_outside(scheduler_core& core, job* j, priority p) noexcept {
  core.callers.fetch_add(1, std::memory_order_relaxed);  // relaxed: who ends the scheduler has run the job, or waits for it
  (p == priority::high ? core.ready : p == priority::low ? core.low : core.normal).put(j);
  core.call_for(1);
  core.callers.fetch_sub(1, std::memory_order_release);  // [SC1] release: what it has done here
}

/// Not into the deque of the worker that calls.
[[gnu::noinline]] void schedule_elsewhere(scheduler& s, job* j, priority p) noexcept {
  scheduler_core& core = s.core();
  worker* w = this_worker;
  if (!w || w->sched != &s) return schedule_from_outside(core, j, p);
  if (p != priority::low && core.keep(w, j)) return;
  (p == priority::high ? core.ready : p == priority::low ? core.low : w->io ? core.ready : core.normal).put(j);
  core.call_for(1);
}

}  // namespace

void schedule(scheduler& s, job* j, priority p) noexcept {
  worker* w = this_worker;
  if (w && w->sched == &s && p == priority::normal && !w->io) [[likely]] return w->push(j);
  schedule_elsewhere(s, j, p);
}
void schedule(scheduler& s, job* j) noexcept { schedule(s, j, priority::normal); }

void schedule_last(scheduler& s, job* j) noexcept {
  worker* w = this_worker;
  scheduler_core& core = s.core();
  if (!w || w->sched != &s) return schedule_from_outside(core, j, priority::normal);
  if (w->io) {
    if (core.keep(w, j)) return;
    core.normal.put(j);
    return core.call_for(1);
  }
  if (w->fifo) return w->push(j);
  core.later.put(j);  // this worker takes it when it has nothing better, or in its next turn
  if (core.idle->wanting()) core.wake_one();
}

void schedule_ready(scheduler& s, job* const* jobs, std::size_t n) noexcept {
  if (n == 0) return;
  s.core().ready.put(jobs, n);
  s.core().call_for(n);
}

void put_ready(scheduler& s, job* const* jobs, std::size_t n) noexcept {
  if (n != 0) s.core().ready.put(jobs, n);
}
job* take_ready(scheduler& s) noexcept {
  shared_queue& q = s.core().ready;
  for (int tries = 0; tries < 100 && !q.empty(); ++tries) {  // another may be taking
    if (job* j = q.take()) return j;
    cpu_relax();
  }
  return nullptr;
}
bool call_for_ready(scheduler& s) noexcept {
  const std::size_t n = s.core().ready.size();
  if (n != 0) s.core().call_for(n);
  return n != 0;
}

bool stayed_in_parent(const scheduler& s) noexcept { return s.core().made_at != forks(); }
void check_not_forked(const scheduler& s, const char* what) {
  if (stayed_in_parent(s))
    throw std::runtime_error(std::string(what) + ": the runtime is not usable after fork: its threads stayed in the parent");
}

void fire_at_next_turn(scheduler& s) noexcept {
  for (auto& w : s.core().workers)  // the one that there is. relaxed: the timers have their own orders
    w->attention.fetch_or(attention::due, std::memory_order_relaxed);
}

void set_driver(scheduler& s, driver* d) noexcept { s.core().drives.set(d); }

}  // namespace detail
}  // namespace jay
