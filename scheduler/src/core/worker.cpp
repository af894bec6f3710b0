// SPDX-License-Identifier: MIT
// What a worker does all day: takes the next job (turns.hpp has the rule), runs it, and when there is none steals (oldest
// first, from a worker chosen at random), searches for a while, and sleeps. order = "asyncio" has no such choice: its one
// worker's jobs run first in, first out, and what I/O has made ready comes in between.
//
// A theft costs both sides more than a small job (its fence interrupts every running worker: 1 us, or 20 us where an
// interrupt leaves a virtual machine). A thief measures what it pays, and where job after job was not worth that, it
// pauses, for longer and longer. It never pauses towards a stuck victim: nobody else would run its jobs.
//
// Rejected: FIFO for woken tasks (a queue that thieves can take from costs an atomic more per wake than the deque, and the
// woken task's data is warm here); waking a sleeper per job (see idle.hpp).
#include <sys/mman.h>

#include <chrono>

#include <jay/detail/kept_jobs.hpp>
#include <jay/detail/waiter.hpp>
#include <jay/detail/time_slice.hpp>

#include "debug_mode.hpp"
#include "island.hpp"
#include "now_ns.hpp"
#include "scheduler_core.hpp"

namespace jay::detail {

constinit thread_local worker* this_worker = nullptr;

namespace {

/// Operations that may go on at once, one after another, before the strand gives way. With order = "asyncio" there is no
/// such number, as asyncio has none: the ticker alone ends it.
constexpr std::uint32_t inline_budget = 128;
constexpr std::size_t most_at_once = 32;  // jobs that one theft takes, with scheduler.steal = "half"
/// A searcher takes what has stood in a deque for so long, or at once where there is more than `few`. What its owner is
/// about to run anyway, a few children of a small gather, stays where its data is, and in order; a worker that has just
/// run out of work steals at once. It waits by giving way, not by spinning: it may have been woken on the owner's own
/// processor, before the owner could go on.
constexpr std::chrono::microseconds hesitation{100};
constexpr std::size_t few = 4;
/// A look at a deque takes the line that its owner writes at every push and pop, and costs it a miss (of 235 ns a task with
/// batches of tiny tasks, 110 were those), so the longer a searcher has found nothing, the more rarely it looks: at last
/// once in some 12 us. The shared queues, where work comes from outside, it looks at all the time.
constexpr int most_looks = 32;

// relaxed: only its worker writes, and it is read for display
void add(atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

/// Whole pages become zeros, and take no memory until they are written again.
void give_pages_back(void* memory, std::size_t bytes) noexcept {
  constexpr std::uintptr_t page = 4096;
  const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t begin = (at + page - 1) / page * page, end = (at + bytes) / page * page;
  if (bytes >= 16 * page && begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::uint64_t next_random(worker_core& own) noexcept {  // xorshift64
  own.random ^= own.random << 13;
  own.random ^= own.random >> 7;
  own.random ^= own.random << 17;
  return own.random;
}

}  // namespace

worker::worker(scheduler& s, unsigned i, bool is_io)
    : io(is_io), index(i), sched(&s) {
  frames.batch = std::max<std::uint32_t>(s.config().frame_cache / 2, 1);
  seeded = !io && s.config().seed;
  fifo = !io && !seeded && s.config().order == order::asyncio;
  by_turns = !fifo && !seeded;
  full_budget = fifo ? UINT32_MAX : inline_budget;
  if (io || !by_turns) attention.store(attention::slow_forks, std::memory_order_relaxed);  // relaxed: nobody else knows it yet
}
worker::~worker() = default;

void worker::notify() noexcept {
  scheduler_core& core = sched->core();
  if (core.idle->clear_wanted(*this)) core.wake_one();
}

int worker::may_sleep() const noexcept {
  bool over = frame_depot::over();
  if (over && !io && frame_depot::give_back()) return 0;  // and goes on with that, if there is nothing else to do
  constexpr std::chrono::milliseconds rest = frame_rest;
  return over || has_run ? static_cast<int>(rest.count()) : -1;
}
void worker::rested() noexcept {
  JAY_DEBUG_ASSERT(is_here());
  frames.give_up();
  has_run = false;
  jobs.for_each_unused(&give_pages_back);
  if (frame_depot::over()) frame_depot::give_back();
}

bool worker::pass_over() noexcept {
  if (!in_place || !turn_asked()) return false;
  in_place = false;
  attention.fetch_and(~attention::turn, std::memory_order_relaxed);  // relaxed: only a request
  return true;
}

void worker::push_to_full(job* j) noexcept {
  if (jobs.push(j)) return pushed();
  sched->core().normal.put(j);
  sched->core().call_for(1);
}

void run_job(worker& w, job* j) noexcept {
  JAY_DEBUG_ASSERT(w.is_here());
  w.budget = w.full_budget;
  w.next = j;
  w.has_run = true;
  const bool watched = debug_seen.load(std::memory_order_relaxed);  // relaxed: it is never taken back
  if (watched) [[unlikely]] note_step(w, j);
  while (w.next) {
    job* now = std::exchange(w.next, nullptr);
    w.parked = false;
    // What current_task() and the like see; a job that is no coroutine sets it itself.
    w.context = now->continuation ? promise_of(now).context : 0;
    if (on_island(w.context)) [[unlikely]] enter_island(w, now);
    else now->resume(now);
  }
  w.context = 0;  // what runs between the jobs (a timer's cancel) belongs to no task, and that of the last may be gone
  if (watched) [[unlikely]] end_step(w);
  if (!w.parked) [[unlikely]] came_back_unsuspended();
}

void begin_step(worker& w, job* frame) noexcept {
  w.budget = w.full_budget;
  if (debug_seen.load(std::memory_order_relaxed)) note_step(w, frame);  // relaxed: it is never taken back
}

void came_back_unsuspended() noexcept {
  fatal(
      "a coroutine came back without having suspended or finished: g++ 12 has skipped its body, as it does when a "
      "coroutine without a local variable begins with `if (co_await ...)`; bind the result to a name first "
      "(docs/pitfalls-gcc12.md)");
}

void scheduler_core::wake_one() noexcept {
  parker* s = idle->wake_one();
  if (!s) return;
  if (worker* w = this_worker; w && w->sched == &self) add(w->wakes);
  wake(*s);
}

void scheduler_core::wake(parker& s) noexcept {
  const driver_place::use inside(drives);
  if (s.unpark())
    if (driver* d = inside.get()) d->interrupt();
}

void scheduler_core::call_for(std::size_t jobs) noexcept { detail::call_for(*this, jobs); }

void scheduler_core::call_to_shared() noexcept {
  std::size_t called = std::min<std::size_t>(workers.size(), 4);
  std::uint32_t first = next_called.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < called; ++i)  // [CF1] seq_cst: after the put; with answered
    workers[(first + i) % workers.size()]->attention.fetch_or(attention::ready, std::memory_order_seq_cst);
}

bool scheduler_core::keep(worker* w, job* j) noexcept {
  if (!w || !w->kept || w->sched != &self || !w->kept->put(j)) return false;
  if (driver* d = drives.peek()) d->kept();  // [K2] there; it goes only after the I/O threads
  return true;
}

job* scheduler_core::steal(worker& w) noexcept {
  std::size_t n = workers.size();
  if (n == 1) return nullptr;
  worker_core& own = cores[w.index];
  std::int64_t begun = 0;  // until there is somebody to rob: mostly there is not
  std::size_t first = next_random(own) % n;
  for (std::size_t i = 0; i < n; ++i) {
    worker& victim = *workers[(first + i) % n];
    if (&victim == &w || victim.jobs.empty()) continue;
    if (begun == 0) own.theft.judge(begun = now_ns());
    if (!own.theft.may_rob(victim, begun)) continue;
    job* j = victim.jobs.steal();
    if (!j) continue;
    add(w.steals);
    own.theft.has_robbed(victim, begun, now_ns());
    if (config.steal == steal_policy::half)
      for (std::size_t more = std::min(victim.jobs.size() / 2, most_at_once); more > 0; --more) {
        job* another = victim.jobs.steal();
        if (!another) break;
        w.push(another);
      }
    return j;
  }
  return nullptr;
}

/// What turns.hpp asks of a worker and of the queues that it shares with others.
class worker_queues {
 public:
  worker_queues(scheduler_core& core, worker& w) noexcept : core_(core), w_(w) {}

  bool turn_asked() noexcept {
    if (!w_.turn_asked()) return false;
    // relaxed: only requests; the standstill has its own orders
    const std::uint32_t asked = w_.attention.fetch_and(~(attention::turn | attention::late), std::memory_order_relaxed);
    if (asked & attention::hold && !w_.fifo) core_.stand(w_);
    const driver_place::use inside(core_.drives);
    if (driver* d = inside.get()) d->look();
    return true;
  }
  bool calm() const noexcept { return w_.calm(); }
  /// relaxed: a hint; answered looks at the queues.
  bool called() const noexcept { return w_.attention.load(std::memory_order_relaxed) & attention::ready; }
  void answered() noexcept {
    // [CF1] seq_cst: cleared before the look, so that a put that comes after it sets it again; with call_for.
    w_.attention.fetch_and(~attention::ready, std::memory_order_seq_cst);
    // relaxed: this worker's own request
    if (!core_.ready.empty() || !core_.normal.empty()) w_.attention.fetch_or(attention::ready, std::memory_order_relaxed);
  }
  job* ready() noexcept { return core_.ready.take(); }
  job* shared() noexcept { return core_.normal.take(); }
  job* later() noexcept { return core_.later.take(); }
  job* low() noexcept { return core_.low.take(); }
  job* youngest() noexcept { return w_.jobs.pop(); }
  job* oldest() noexcept { return w_.jobs.pop_oldest(); }
  std::uint64_t oldest_index() const noexcept { return w_.jobs.oldest(); }
  std::size_t own_size() const noexcept { return w_.jobs.size(); }
  std::size_t later_size() const noexcept { return core_.later.size(); }
  bool any_low() const noexcept { return !core_.low.empty(); }
  bool any_left() const noexcept { return left_by() != nullptr; }
  job* left() noexcept {
    worker* other = left_by();
    job* j = other ? other->jobs.steal() : nullptr;
    if (j) add(w_.steals);
    return j;
  }

 private:
  /// A worker that has not answered for more than a tick, and has jobs. relaxed: a hint, asked for again.
  worker* left_by() const noexcept {
    for (const auto& other : core_.workers)
      if (other.get() != &w_ && (other->attention.load(std::memory_order_relaxed) & attention::late) && !other->jobs.empty())
        return other.get();
    return nullptr;
  }

  scheduler_core& core_;
  worker& w_;
};

job* scheduler_core::next_in_order(worker& w) noexcept {
  worker_queues q(*this, w);
  q.turn_asked();  // what runs has come back: that is all it asks for here
  const std::uint64_t next = w.jobs.oldest();
  if (next >= cores[w.index].turn_end || next == w.jobs.youngest()) begin_turn(w);
  return cores[w.index].in_order.next(q);
}

job* scheduler_core::next_job(worker& w, bool may_steal) noexcept {
  JAY_DEBUG_ASSERT(w.is_here());
  job* j;
  if (w.by_turns) {
    worker_queues q(*this, w);
    j = cores[w.index].choice.next(q);
  } else {
    j = w.fifo ? next_in_order(w) : next_by_seed(w);
  }
  return j || !may_steal ? j : steal(w);
}

std::size_t scheduler_core::theft_in_sight(const worker& w) const noexcept {
  std::size_t most = 0;
  for (const auto& other : workers)
    if (other.get() != &w) most = std::max(most, other->jobs.size());
  return most;
}

bool scheduler_core::work_in_sight() const noexcept {
  if (stopping.load(std::memory_order_seq_cst)) return true;  // [X1]
  if (still.asked()) return true;
  if (!ready.empty() || !normal.empty() || !later.empty() || !low.empty()) return true;
  for (const auto& w : workers)
    if (!w->jobs.empty()) return true;
  return false;
}

// acquire: what callers have put is seen by the rest, with [SC1]. A frame at a home is counted there.
bool scheduler_core::quiet() const noexcept {
  return callers.load(std::memory_order_acquire) == 0 && idle->sleepers() == workers.size() && !work_in_sight();
}
bool scheduler_core::quiet_but_for_homes() const noexcept {
  // acquire: [SC1], as above
  return callers.load(std::memory_order_acquire) != 0 && idle->sleepers() == workers.size() && !work_in_sight();
}

/// Waits for events, if the driver has a place for this worker. none: it has not. `rested`: nothing came until `wake_at`.
driver::part scheduler_core::wait_in_driver(worker& w, int limit, std::chrono::steady_clock::time_point wake_at,
                                            bool& rested) noexcept {
  const driver_place::use inside(drives);
  driver::part part = driver::part::none;
  driver* d = inside.get();
  for (std::chrono::steady_clock::time_point until; d; d = inside.get()) {  // it may be taken away meanwhile
    part = d->begin_poll(until);
    if (part != driver::part::watch) break;
    const bool woken = w.park_until(until);
    d->end_watch();
    if (woken) break;
  }
  if (part != driver::part::poll) return part;
  // An I/O thread that is stuck may have left jobs in the ready queue without calling for anybody.
  if (ready.empty() && w.begin_polling()) {
    constexpr std::size_t most = 256;
    job* jobs[most];
    const std::size_t n = d->poll(jobs, most, limit);
    w.end_polling();
    rested = n == 0 && limit > 0 && std::chrono::steady_clock::now() >= wake_at;
    for (std::size_t i = 0; i < n; ++i) w.push(jobs[w.fifo ? i : n - 1 - i]);  // the first that became ready runs first
  }
  d->end_poll();
  return part;
}

void scheduler_core::sleep(worker& w) noexcept {
  add(w.parks);
  if (w.long_slices.load(std::memory_order_relaxed)) [[unlikely]] {  // relaxed: the ticker comes back if it was too late
    w.long_slices.store(false, std::memory_order_relaxed);
    ask_for_slices(0, default_slice);
  }
  const int limit = w.may_sleep();
  const auto wake_at = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit);
  bool rested = false;
  if (wait_in_driver(w, limit, wake_at, rested) == driver::part::none) {
    if (limit < 0) w.park();
    else rested = !w.park_until(wake_at) && limit > 0;
  }
  if (rested) w.rested();
  cores[w.index].choice.rested();
  ticks->stir();
}

job* scheduler_core::search(worker& w) noexcept {
  using clock = std::chrono::steady_clock;
  constexpr clock::time_point unseen{};
  auto now = clock::now();
  auto until = now + std::chrono::microseconds(config.spin);
  auto seen = unseen;  // since when there has been something to steal
  int looks = 1;       // at what is ours and everybody's, between two at the others' deques
  do {
    for (int i = 0; i < looks; ++i) {
      if (stopping.load(std::memory_order_relaxed)) return nullptr;  // relaxed: looked at again before it sleeps
      if (job* j = next_job(w, false)) return j;
      for (int k = 0; k < 8; ++k) cpu_relax();
    }
    looks = std::min(2 * looks, most_looks);
    if (seen != unseen) thread_yield();
    now = clock::now();
    std::size_t sight = theft_in_sight(w);
    if (sight == 0) seen = unseen;
    else if (sight > few) seen = now - hesitation;
    else if (seen == unseen) seen = now;
    if (seen != unseen && now - seen >= hesitation)
      if (job* j = steal(w)) return j;
  } while (now < until || seen != unseen);
  return nullptr;
}

void scheduler_core::run(worker& w, job* j) noexcept {
  run_job(w, j);
  add(w.ran);
}

void scheduler_core::loop(worker& w) noexcept {
  this_worker = &w;
  for (;;) {
    while (job* j = next_job(w, true)) run(w, j);
    if (!wait_for_work(*this, w)) break;
  }
  this_worker = nullptr;
}

}  // namespace jay::detail
