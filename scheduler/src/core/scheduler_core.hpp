// SPDX-License-Identifier: MIT
// The parts of a scheduler, and what its files say to each other: scheduler.cpp (life), worker.cpp (the loop),
// task_state.cpp (tasks).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <jay/detail/driver.hpp>
#include <jay/detail/services.hpp>
#include <jay/detail/task_state.hpp>
#include <jay/scheduler.hpp>

#include "driver_place.hpp"
#include "seeded_order.hpp"
#include "shared_queue.hpp"
#include "standstill.hpp"
#include "parking.hpp"
#include "queue_age.hpp"
#include "task/task_count.hpp"
#include "thief.hpp"
#include "ticker.hpp"
#include "turns.hpp"

namespace jay::detail {

struct generator_promise;

/// Every task that has not ended, in one list per worker (the creator's), so that no lock is hot; the last one is for
/// all other threads. And every async_generator that stands between its first value and its end.
struct alignas(64) registry_shard : task_count {
  spin_mutex mutex;
  task_state* first = nullptr;
  std::uint64_t number = 0;              // the last that was given out, of those taken from core.task_number
  std::uint64_t numbers_left = 0;
  generator_promise* generators = nullptr;  // that have begun here, and have not ended
};

class stall_watch;

/// What of a worker only its own thread uses; but for the age, which is the ticker's.
struct alignas(64) worker_core {
  turns choice;
  thief theft;
  turns_in_order in_order;      // with order = "asyncio"
  std::uint64_t turn_end = 0;  // in that order: the index behind what stood in the deque when this turn began
  std::uint64_t random = 0;
  queue_age own_age;
};

/// In a job that runs one frame after another (an island's): as before a job.
void begin_step(worker& w, job* frame) noexcept;
/// What has run is no frame that suspends; ends the program.
[[noreturn]] void came_back_unsuspended() noexcept;

using driver_place = basic_driver_place<driver>;

struct scheduler_core {
  scheduler_core(scheduler& s, const scheduler_config& c, const debug_config& d);
  ~scheduler_core();

  scheduler& self;
  const scheduler_config config;
  const debug_config debug;
  std::vector<std::unique_ptr<worker>> workers;
  std::vector<worker_core> cores;  // one for each of them
  bool in_depot = false;  // frame_depot::begin was called
  std::unique_ptr<jay::detail::idle> idle;
  shared_queue ready;  // what I/O has made ready, and tasks of high priority
  shared_queue normal;
  shared_queue later;  // tasks that have given way
  shared_queue low;
  struct {
    queue_age ready, shared, later, low;
  } ages;
  driver_place drives;
  jay::detail::services services;
  // [X1] seq_cst: who stops the scheduler writes it, then wakes every sleeper; a worker becomes a sleeper, then reads it.
  atomic<bool> stopping{false};
  // [SC1] Threads of others that schedule something here now. Such a thread wakes a worker after it has put the job, which may
  // be the last that this scheduler has waited for.
  atomic<std::uint32_t> callers{0};
  standstill still;
  atomic<std::uint64_t> ran_at_homes{0};  // relaxed: a number for display
  atomic<std::uint32_t> home_steps{0};  // futex word: homes that run a frame of this scheduler now (home_core.hpp)
  std::vector<std::thread> threads;
  const std::uint32_t made_at = forks();
  scheduler_core* next_left = nullptr;  // of those that the child of a fork lets be
  atomic<std::uint32_t> begun{0};      // futex word: 0 the workers wait, 1 they go, 2 they end
  std::mutex watch_mutex;
  std::unique_ptr<stall_watch> watch;  // in debug mode, and after it
  std::unique_ptr<ticker> ticks;
  std::unique_ptr<seeded_order> by_seed;  // its one worker's; null: there is no seed

  std::vector<registry_shard> registry;
  drain_bell bell;
  atomic<std::uint64_t> task_number{0};
  atomic<std::uint32_t> next_called{0};  // relaxed: whose turn it is to be called to the shared queues

  using exception_handler = std::function<void(const exception_context&)>;
  std::mutex handler_mutex;
  std::shared_ptr<const exception_handler> handler;  // shared: a copy runs none of its code
  std::shared_ptr<const scheduler::task_factory_function> factory;  // guarded by handler_mutex, too

  void begin();
  bool quiet() const noexcept;
  bool quiet_but_for_homes() const noexcept;
  /// No worker runs, and none will before it calls ticks->stir().
  bool at_rest() const noexcept { return idle->all_asleep() || still.all_stand(workers.size()); }
  void wake_all() noexcept;
  void set_hold() noexcept;
  bool stand(worker& w) noexcept;

  /// Every task that has not ended.
  std::vector<state_ptr<task_state>> all_tasks();

  /// When no task is left: starts tasks that close the generators that are. False: there is none.
  bool close_generators() noexcept;

  /// After a put into a shared queue: sees to it that somebody looks.
  void call_for(std::size_t jobs) noexcept;
  /// The job that became ready by what an I/O thread runs is kept for that. False: it is not, or there is no room.
  bool keep(worker* w, job* j) noexcept;
  void wake_one() noexcept;
  void wake(parker& s) noexcept;
  void loop(worker& w) noexcept;

  // ---- for parking.hpp ----
  jay::detail::idle& idlers() noexcept { return *idle; }
  bool is_stopping() const noexcept { return stopping.load(std::memory_order_seq_cst); }  // [X1]
  bool anything_shared() const noexcept { return !ready.empty() || !normal.empty(); }
  job* search(worker& w) noexcept;
  bool work_in_sight() const noexcept;
  void run(worker& w, job* j) noexcept;
  void sleep(worker& w) noexcept;
  void call_to_shared() noexcept;

 private:
  job* next_job(worker& w, bool may_steal) noexcept;
  std::size_t theft_in_sight(const worker& w) const noexcept;
  job* next_in_order(worker& w) noexcept;
  job* next_by_seed(worker& w) noexcept;
  void begin_turn(worker& w) noexcept;
  job* steal(worker& w) noexcept;
  driver::part wait_in_driver(worker& w, int limit, std::chrono::steady_clock::time_point wake_at, bool& rested) noexcept;
};

}  // namespace jay::detail
