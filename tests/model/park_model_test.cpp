// SPDX-License-Identifier: MIT
// The sleep protocol (idle.hpp, parking.hpp) as shipped, with the shipped deque and shared queue: no job stands in a queue
// while the workers that could run it sleep. A worker that has run its jobs stands for one that computes for ever.
#include <jay/detail/deque.hpp>
#include <jay/detail/idle.hpp>

#include <memory>
#include <vector>

#include "scheduler/src/core/shared_queue.hpp"
#include "scheduler/src/core/parking.hpp"
#include "suite.hpp"

namespace {

using jay::detail::deque;
using jay::detail::shared_queue;
using jay::detail::job;
using jay::detail::plain;
using model::execution;
namespace attention = jay::detail::attention;

struct item : job {
  plain<int> payload = 0;
  int runs = 0;
};

struct worker : jay::detail::parker {
  deque jobs{4};
  bool wake_wanted() const { return attention.load(jay::detail::asym_load) & attention::wake_wanted; }
};

struct crew {
  std::vector<std::unique_ptr<worker>> workers;
  std::unique_ptr<jay::detail::idle> idle;
  shared_queue normal;
  model::atomic<bool> stopping{false};
  item items[3] = {};
  int made = 0;
  // What the model uses; the rest, which stays empty for ever, is not looked at.
  bool pushes = false;  // worker 0 pushes
  bool puts = false;    // somebody puts into the shared queue
  bool stops = false;
  bool polls = false;                       // a worker waits in the reactor rather than on its futex
  model::atomic<std::uint32_t> polling{0};  // who may: one at a time
  model::atomic<std::uint32_t> interrupted{0};

  explicit crew(int n) {
    std::vector<jay::detail::parker*> parkers;
    for (int i = 0; i < n; ++i) {
      workers.push_back(std::make_unique<worker>());
      parkers.push_back(workers.back().get());
    }
    idle = std::make_unique<jay::detail::idle>(std::move(parkers));
  }

  // ---- who makes work ----
  item* make() {
    items[made].payload = made + 100;
    return &items[made++];
  }
  void wake_one() {
    jay::detail::parker* s = idle->wake_one();
    if (s && s->unpark()) interrupt();
  }
  void push(worker& w) {
    w.jobs.push(make());
    jay::detail::asymmetric_light();
    if (w.wake_wanted() && idle->clear_wanted(w)) wake_one();
  }
  void put() {
    normal.put(make());
    call_for(1);
  }
  void call_for(std::size_t jobs) { jay::detail::call_for(*this, jobs); }
  void stop() {
    stopping.store(true, std::memory_order_seq_cst);
    while (jay::detail::parker* s = idle->wake_one())
      if (s->unpark()) interrupt();
  }

  // ---- the reactor ----
  void interrupt() {
    interrupted.store(1, std::memory_order_release);
    jay::detail::futex_wake(interrupted, 1);
  }
  void sleep(worker& w) {
    std::uint32_t free = 0;
    if (!polls || !polling.compare_exchange_strong(free, 1, std::memory_order_acquire)) return w.park();
    if (w.begin_polling()) {
      while (interrupted.load(std::memory_order_acquire) == 0) jay::detail::futex_wait(interrupted, 0);
      interrupted.store(0, std::memory_order_relaxed);
      w.end_polling();
    }
    polling.store(0, std::memory_order_release);
  }

  // ---- a worker's loop ----
  job* next_job(worker& w) {
    worker& pusher = *workers[0];
    if (pushes && &w == &pusher)
      if (job* j = w.jobs.pop()) return j;
    if (puts)
      if (job* j = normal.take()) return j;
    return pushes && &w != &pusher ? pusher.jobs.steal() : nullptr;
  }
  void work(worker& w, int jobs) {
    while (jobs > 0) {
      if (job* j = next_job(w)) run(w, j), --jobs;
      else if (jay::detail::wait_for_work(*this, w)) --jobs;
      else return;
    }
  }

  // ---- for parking.hpp ----
  jay::detail::idle& idlers() { return *idle; }
  bool is_stopping() const { return stops && stopping.load(std::memory_order_seq_cst); }
  bool anything_shared() const { return puts && !normal.empty(); }
  job* search(worker& w) { return next_job(w); }
  bool work_in_sight() const { return is_stopping() || anything_shared() || (pushes && !workers[0]->jobs.empty()); }
  void run(worker&, job* j) {
    auto& it = *static_cast<item*>(j);
    model::check(++it.runs == 1, "a job was run twice");
    model::check(it.payload == (&it - items) + 100, "a job's contents are not visible");
  }
  void call_to_shared() {
    for (auto& w : workers) w->attention.fetch_or(attention::ready, std::memory_order_seq_cst);
  }
};

enum uses : unsigned { puts = 1, pushes = 2, stops = 4, polls = 8 };

struct plan {
  int workers;
  unsigned uses;
  void (*body)(execution&, crew&);
  int jobs;
};

enum size { small, large, huge };

model::named_model with_crew(const char* name, plan p, size s = small) {
  model::options o;
  if (s != small) {  // minutes at bound 3: that is for JAY_SOAK=1
    o.stale = 1;
    o.bound -= s == huge ? 2 : 1;
  }
  return {name,
          [p](execution& x) {
            auto& c = x.make<crew>(p.workers);
            c.puts = p.uses & puts;
            c.pushes = p.uses & pushes;
            c.stops = p.uses & stops;
            c.polls = p.uses & polls;
            p.body(x, c);
            x.finally([&c, p] {
              for (int i = 0; i < p.jobs; ++i) model::check(c.items[i].runs == 1, "a job was not run");
            });
          },
          o, true, s != small};
}

void worker_thread(execution& x, crew& c, std::size_t index, int jobs) {
  static const char* const names[] = {"worker0", "worker1", "worker2"};
  x.thread(names[index], [&c, index, jobs] { c.work(*c.workers[index], jobs); });
}

// ---- a parker alone ----

struct parker_state {
  jay::detail::parker s;
  plain<int> told = 0;
  plain<int> before = 0;
  model::atomic<std::uint32_t> interrupted{0};
};

model::named_model parking(const char* name, void (*body)(execution&, parker_state&)) {
  return {name, [body](execution& x) { body(x, x.make<parker_state>()); }, {}, false};
}

model::options reduced() {
  model::options o;
  o.stale = 2;
  --o.bound;
  return o;
}

const model::suite& models() {
  static const model::suite all({
      parking("park sees what came before unpark",
              [](execution& x, parker_state& t) {
                x.thread("worker", [&t] {
                  t.s.park();
                  model::check(t.told == 1, "not told");
                });
                x.thread("waker", [&t] {
                  t.told = 1;
                  model::check(!t.s.unpark(), "nobody polls");
                });
              }),
      parking("a poll sees what came before unpark, its waker what came before the poll",
              [](execution& x, parker_state& t) {
                x.thread("worker", [&t] {
                  t.before = 1;
                  if (t.s.begin_polling()) {
                    while (t.interrupted.load(std::memory_order_relaxed) == 0)
                      jay::detail::futex_wait(t.interrupted, 0);
                    t.s.end_polling();
                  }
                  model::check(t.told == 1, "not told");
                });
                x.thread("waker", [&t] {
                  t.told = 1;
                  if (!t.s.unpark()) return;
                  model::check(t.before == 1, "before the poll");
                  t.interrupted.store(1, std::memory_order_relaxed);
                  jay::detail::futex_wake(t.interrupted, 1);
                });
              }),
      parking("one unpark keeps a worker from polling once",
              [](execution& x, parker_state& t) {
                x.thread("worker", [&t] {
                  int refused = 0;
                  while (!t.s.begin_polling()) model::check(++refused == 1, "refused again with no unpark in between");
                });
                x.thread("waker", [&t] { (void)t.s.unpark(); });
              }),
      parking("parks again after an unpark",
              [](execution& x, parker_state& t) {
                x.thread("worker", [&t] {
                  t.s.park();
                  t.interrupted.store(1, std::memory_order_release);
                  t.s.park();
                });
                x.thread("waker", [&t] {
                  (void)t.s.unpark();
                  while (t.interrupted.load(std::memory_order_acquire) == 0) jay::detail::cpu_relax();
                  (void)t.s.unpark();
                });
              }),
      {"searchers are counted",
       [](execution& x) {
         auto& c = x.make<crew>(4);
         for (int i = 0; i < 2; ++i)
           x.thread(i ? "searcher2" : "searcher", [&c] {
             if (c.idle->begin_search()) (void)c.idle->found();
           });
         x.finally([&c] { model::check(!c.idle->anyone_searching() && c.idle->sleepers() == 0, "miscounted"); });
       },
       {},
       false},
      {"a searcher that finds something else tells the others of what relied on it",
       [](execution& x) {
         auto& c = x.make<crew>(1);
         c.puts = true;
         worker_thread(x, c, 0, 1);
         for (int i = 0; i < 2; ++i) x.thread(i ? "outside2" : "outside", [&c] { c.put(); });
         x.finally([&c] {
           model::check(c.items[0].runs + c.items[1].runs == 1, "the worker runs one");
           model::check(c.workers[0]->attention.load() & attention::ready, "the busy worker is not told of the other");
         });
       },
       reduced()},
      with_crew("a put from outside", {1, puts,
                                       [](execution& x, crew& c) {
                                         worker_thread(x, c, 0, 1);
                                         x.thread("outside", [&c] { c.put(); });
                                       },
                                       1}),
      with_crew("a push by a worker that then computes", {2, pushes,
                                                          [](execution& x, crew& c) {
                                                            x.thread("pusher", [&c] { c.push(*c.workers[0]); });
                                                            worker_thread(x, c, 1, 1);
                                                          },
                                                          1}),
      with_crew("two pushes, wanted again in between", {2, pushes,
                                                        [](execution& x, crew& c) {
                                                          x.thread("pusher", [&c] {
                                                            c.push(*c.workers[0]), c.push(*c.workers[0]);
                                                          });
                                                          worker_thread(x, c, 1, 2);
                                                        },
                                                        2}),
      with_crew("stop", {1, stops,
                         [](execution& x, crew& c) {
                           worker_thread(x, c, 0, 1);
                           x.thread("stopper", [&c] { c.stop(); });
                         },
                         0}),
      with_crew("two puts, two workers",
                {2, puts,
                 [](execution& x, crew& c) {
                   worker_thread(x, c, 0, 1);
                   worker_thread(x, c, 1, 1);
                   x.thread("outside", [&c] { c.put(), c.put(); });
                 },
                 2},
                large),
      with_crew("a push and a put, two workers",
                {3, puts | pushes,
                 [](execution& x, crew& c) {
                   x.thread("pusher", [&c] { c.push(*c.workers[0]); });
                   worker_thread(x, c, 1, 1);
                   worker_thread(x, c, 2, 1);
                   x.thread("outside", [&c] { c.put(); });
                 },
                 2},
                huge),
      with_crew("a pusher that then looks for work itself",
                {2, puts | pushes,
                 [](execution& x, crew& c) {
                   x.thread("pusher", [&c] { c.push(*c.workers[0]), c.work(*c.workers[0], 1); });
                   worker_thread(x, c, 1, 1);
                   x.thread("outside", [&c] { c.put(); });
                 },
                 2},
                large),
      with_crew("two puts, one worker polls, one parks",
                {2, puts | polls,
                 [](execution& x, crew& c) {
                   worker_thread(x, c, 0, 1);
                   worker_thread(x, c, 1, 1);
                   x.thread("outside", [&c] { c.put(), c.put(); });
                 },
                 2},
                large),
      with_crew("a put to a worker that polls", {1, puts | polls,
                                                 [](execution& x, crew& c) {
                                                   worker_thread(x, c, 0, 1);
                                                   x.thread("outside", [&c] { c.put(); });
                                                 },
                                                 1}),
  });
  return all;
}

TEST(ParkModel, NoJobIsLeftBehind) { models().expect_holds(); }

TEST(ParkModel, EveryOrderOfIdleIsNeeded) {
  models().expect_every_mutant_is_noticed(
      "idle.hpp",
      {
          {"compare_exchange_strong(expected, on_futex", "acq_rel -> ",
           "who wakes a parked worker needs nothing from it, nor is there anything to acquire yet"},
          {"compare_exchange_strong(expected, polling", "acq_rel -> release", "nothing to acquire when it succeeds"},
          {"token.exchange(awake", "acq_rel -> acquire", "who calls unpark after the poll needs nothing from it"},
          // Whoever relies on a searcher relies on what the searcher does when it ends: only the ends (announce, found)
          // must be ordered against the look at the queues.
          {"w + 1, std::memory_order_seq_cst", "seq_cst -> acq_rel", "the beginning of a search"},
          {"word_.fetch_add(1 - one_sleeper", "seq_cst -> acq_rel", "the beginning of a search"},
          {"fetch_and(~attention::wake_wanted", "seq_cst -> acq_rel",
           "it reads announce's fetch_or, so the count before that, or leaves the bit to it"},
      });
}

}  // namespace
