// SPDX-License-Identifier: MIT
// Waiting for events: one epoll instance per runtime, on which the I/O threads wait always and one idle worker waits
// instead of sleeping.
//
// Whoever gets an event performs what it stands for (source::on_events) and has then a list of frames that became
// runnable. A worker runs them itself, without a hop. So does an I/O thread, each up to its first fork or await (an I/O
// thread never computes: its forks go to the ready queue), because waking a sleeper takes longer than most of them do.
// Those that wait for their turn stand in the ready queue, where a worker that looks for work takes them too. What becomes
// ready by them the thread keeps (kept_jobs.hpp) and runs itself, for 100 us at most; for what is left it calls the workers,
// and looks at that again after a millisecond. Without help (io.help = false) I/O threads resume nothing: nobody would wait
// for events meanwhile.
//
// Each fd is registered once, edge-triggered, and an event is delivered to one waiter; events of one source may come in
// several threads at once.
//
// Two threads that wait for the same events wake each other up for nothing: while events keep coming (`hot`), the idle
// worker stays out and looks every millisecond whether an I/O thread is stuck in what it resumed. If so it waits in its
// place, and takes what it has left in the ready queue. Outside such times a worker that waits here is called by the
// timer, a millisecond later, to look at what an I/O thread may be stuck before. (Echo, 64 connections, 2 cores of which
// the client takes one, five rounds side by side: median 262,000 requests/s so, 195,000 with both waiting.)
//
// An I/O thread that has been in what it runs for a millisecond is *stuck*. What it keeps then goes to the ready queue: by
// the worker that watches, by the one that waits (kept_jobs.hpp has why it comes), by another I/O thread that the timer has
// called, or by a worker in its turn (look), which is soon enough where all are busy. Where every I/O thread is stuck, such
// a worker looks at the events too. So neither waits for a step that has no end.
// With order = "asyncio" the one worker fires the timers itself, whoever got their event, and what they wake goes straight
// to the end of its queue. Several threads that fire would queue what they have woken in any order.
//
// In a run with a seed (jay::testing::run) the one worker waits in simulated_driver.hpp instead, there are no I/O threads, and
// nothing is registered.
//
// Interrupting the worker that waits here: an eventfd in the same epoll instance, so another thread may get the event
// meant for the worker (poll_seat.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <jay/detail/export.hpp>
#include <jay/detail/kept_jobs.hpp>
#include <jay/detail/driver.hpp>
#include <jay/detail/poll_seat.hpp>
#include <jay/detail/services.hpp>
#include <jay/detail/sync.hpp>
#include <jay/detail/timers.hpp>
#include <jay/io_config.hpp>

struct epoll_event;  // <sys/epoll.h>

namespace jay::detail {

class simulated_driver;
struct worker;

/// What became runnable. Grows as needed; a frame that cannot be noted for want of memory is scheduled at once, and so is
/// each in a list that is made for that.
class JAY_API ready_list {
 public:
  explicit ready_list(scheduler& s, bool at_once = false) noexcept : sched_(s), at_once_(at_once) {}
  ready_list(const ready_list&) = delete;
  void add(job* frame) noexcept;
  std::vector<job*>& jobs() noexcept { return jobs_; }
  /// With a lock held; run_deferred comes without one, and runs each in the order of these calls.
  void defer(deferred& d) noexcept {
    d.next = nullptr;
    *deferred_end_ = &d;
    deferred_end_ = &d.next;
  }
  void run_deferred() noexcept;

 private:
  scheduler& sched_;
  std::vector<job*> jobs_;
  deferred* deferred_ = nullptr;
  deferred** deferred_end_ = &deferred_;
  const bool at_once_;
};

struct source {
  /// Called with the EPOLL... bits, by any thread, several at once. Never blocks, never runs user code.
  virtual void on_events(std::uint32_t events, ready_list& out) noexcept = 0;

 protected:
  ~source() = default;
};

class JAY_API reactor final : public service, driver {
 public:
  reactor(scheduler& s, const io_config& config);
  ~reactor() override;
  static service_key key;

  /// Ends the I/O threads, and takes the worker that waits here away.
  void stop(ending& e) noexcept override;

  /// Registers the fd, edge-triggered; `s` outlives every event (also stale ones): it goes only after the reactor.
  /// Throws std::system_error, and what require_real throws.
  void add(int fd, std::uint32_t events, source* s);
  /// Registers the fd for one event of these bits, or arms it again if it was (`again`; it may have been closed since). Gives
  /// errno, or 0; EEXIST: it is registered with another source. `s` as above.
  int arm_once(int fd, std::uint32_t events, source* s, bool again) noexcept;
  /// No event of it is fetched any more. Nothing if it is not registered.
  void forget(int fd) noexcept;
  /// I/O threads; fewer than were asked for if the system gave no more.
  std::size_t threads() const noexcept { return threads_.size(); }
  /// After scheduler::stand_still, or while it is asked for: waits until no I/O thread handles an event or runs a job, and
  /// until the scheduler goes on none does.
  void stand_still() noexcept;
  /// Whether an I/O thread runs a task now. A hint (relaxed): it is asked again.
  bool resuming() const noexcept;
  timers& clock() noexcept { return timers_; }
  /// Null: time and I/O are real.
  simulated_driver* simulated() noexcept { return simulated_.get(); }
  /// Throws std::runtime_error, naming `what`, where they are not.
  void require_real(const char* what) const;
  scheduler& sched() noexcept { return sched_; }

 private:
  struct notifier final : source {
    explicit notifier(reactor& r) : owner(r) {}
    void on_events(std::uint32_t, ready_list&) noexcept override;
    reactor& owner;
  };

  part begin_poll(time_point& until) noexcept override;
  void end_watch() noexcept override;
  std::size_t poll(job** ready, std::size_t n, int limit) noexcept override;
  void end_poll() noexcept override;
  void look() noexcept override;
  void fire_due() noexcept override;
  void kept() noexcept override;
  void interrupt() noexcept override;

  /// An I/O thread: its worker, and since when it resumes tasks (steady clock's ticks; 0: it waits for events).
  struct alignas(64) io_thread {
    std::unique_ptr<worker> self;
    atomic<std::int64_t> resumes_since{0};  // relaxed: a hint
    atomic<std::uint32_t> at_work{0};       // futex word; [IS1]
    kept_jobs kept;
    std::size_t owed = 0;  // jobs that it has left in the ready queue, at most
    time_point called_at;  // when it called the workers for them
  };

  /// order = "asyncio": the timers, as a job of the one worker.
  class due_timers : public job {
   public:
    explicit due_timers(reactor& r) noexcept;
    /// By a thread that is not the worker, and has got the timers' event.
    void announce() noexcept;
    /// It neither runs nor stands in a queue.
    bool rests() const noexcept { return state_.load(std::memory_order_acquire) == 0; }  // [D1]

   private:
    static void run(job* j);
    static constexpr std::uint32_t queued = 1, running = 2;
    reactor& owner_;
    atomic<std::uint32_t> state_{0};
  };

  /// Looks again and again until then, while the workers have nothing to do, before it sleeps, for at most `limit` ms (-1:
  /// for ever). False: nothing has come.
  bool wait(ready_list& out, time_point look_until, int limit, io_thread* t = nullptr) noexcept;
  /// False: it is to stand still first.
  bool go_to_work(io_thread& t) noexcept;
  int stand(io_thread& t, epoll_event* events, int n, ready_list& out) noexcept;
  void leave_work(io_thread& t) noexcept;
  /// The timers' event has come.
  void ring(ready_list& out) noexcept;
  void thread_loop(io_thread& t) noexcept;
  void dispatch(io_thread& t, std::vector<job*>& jobs, time_point now) noexcept;
  void run_batch(io_thread& t, std::vector<job*>& jobs) noexcept;
  void run_kept(io_thread& t, bool overdue) noexcept;
  static bool is_stuck(const io_thread& t, time_point now) noexcept;
  std::size_t stuck(time_point now) const noexcept;
  void hand_on(time_point now) noexcept;

  scheduler& sched_;
  const io_config config_;
  int epoll_ = -1;
  int event_ = -1;
  notifier notifier_{*this};
  timers timers_;
  const std::unique_ptr<simulated_driver> simulated_;
  const bool in_turn_;  // order = "asyncio"
  due_timers due_timers_{*this};
  ready_list polled_;  // what a helping worker has not handed on yet; used by the poller only
  basic_poll_seat<worker> seat_;  // of the worker that waits here, or watches
  atomic<bool> stopping_{false};
  atomic<std::int64_t> last_events_{0};  // relaxed: a hint; when an I/O thread got some
  std::vector<io_thread> io_threads_;
  std::vector<std::thread> threads_;
};

/// The reactor of a scheduler that belongs to a runtime.
inline reactor& reactor_of(scheduler& s) { return service_of<reactor>(s); }
/// That of the running task, for I/O; throws std::runtime_error, naming `what`, where no runtime is running, or none that has
/// real I/O.
JAY_API reactor& current_reactor(const char* what);

}  // namespace jay::detail
