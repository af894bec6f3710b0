// SPDX-License-Identifier: MIT
#include <jay/detail/reactor.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>

#include <jay/create_task.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/thread_name.hpp>
#include <jay/detail/time_slice.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

#include "errors.hpp"
#include "simulated_driver.hpp"

namespace jay::detail {
namespace {

constexpr int events_per_wait = 256;
/// More than this from one wait, and sleeping workers are worth waking.
constexpr std::size_t most_in_place = 64;
/// For so long an I/O thread runs what has become ready by what it has run. Events wait meanwhile.
constexpr std::chrono::microseconds longest_stay{100};
/// So long after an event the I/O threads are taken to be at work,
constexpr std::chrono::milliseconds hot{5};
/// and looked after so often.
constexpr std::chrono::milliseconds look_every{1};

}  // namespace

service_key reactor::key{"reactor", made_by_a_runtime};

reactor::reactor(scheduler& s, const io_config& config)
    : sched_(s),
      config_(config),
      timers_(s.workers() + 1, s.config().seed.has_value()),
      simulated_(s.config().seed ? std::make_unique<simulated_driver>(s, timers_) : nullptr),
      in_turn_(s.config().order == order::asyncio),
      polled_(s) {
  if (simulated_) {
    set_driver(s, simulated_.get());
    return;
  }
  threads_.reserve(config_.threads);
  io_threads_ = std::vector<io_thread>(config_.threads);
  for (unsigned i = 0; i < config_.threads; ++i)
    io_threads_[i].self = std::make_unique<worker>(sched_, static_cast<unsigned>(sched_.workers()) + i, true);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw_errno("reactor: epoll_create1");
  event_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event_ < 0) {
    int e = errno;
    ::close(epoll_);
    errno = e;
    throw_errno("reactor: eventfd");
  }
  add(event_, EPOLLIN, &notifier_);
  epoll_event timer_event{};
  timer_event.events = EPOLLIN | EPOLLET;
  timer_event.data.ptr = nullptr;  // the timers
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timers_.fd(), &timer_event);
  for (unsigned i = 0; i < config_.threads; ++i) {
    try {
      threads_.emplace_back([this, i] {
        name_this_thread("jay-io", i);
        if (sched_.config().time_slices) ask_for_slices(0, io_slice);
        thread_loop(io_threads_[i]);
      });
    } catch (const std::exception& e) {
      log(log_level::warn,
          "reactor: started %zu of %u I/O threads: %s; check the limits on memory and processes (ulimit -a)",
          threads_.size(), config_.threads, e.what());
      break;
    }
  }
  if (config_.help || threads_.empty()) set_driver(s, this);
}

void reactor::stop(ending&) noexcept {
  stopping_.store(true, std::memory_order_seq_cst);  // [RS1] with thread_loop: before the event that ends the wait
  set_driver(sched_, nullptr);  // an I/O thread that gets the event meant for the worker leaves, and passes it on
  if (simulated_) return;
  interrupt();                     // as each does that leaves
  for (std::thread& t : threads_) t.join();
  while (!due_timers_.rests()) thread_yield();  // the worker runs it soon; nobody announces any more
}

reactor::~reactor() {
  if (event_ >= 0) ::close(event_);
  if (epoll_ >= 0) ::close(epoll_);
}

void reactor::require_real(const char* what) const {
  if (simulated_)
    throw std::runtime_error(std::string(what) +
                             ": inside jay::testing::run time is virtual, and there is no real I/O (docs/testing.md)");
}

void reactor::add(int fd, std::uint32_t events, source* s) {
  require_real("reactor: waiting for a descriptor");
  epoll_event e{};
  e.events = events | EPOLLET;
  e.data.ptr = s;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) throw_errno("reactor: epoll_ctl add fd " + std::to_string(fd));
}

int reactor::arm_once(int fd, std::uint32_t events, source* s, bool again) noexcept {
  epoll_event e{};
  e.events = events | EPOLLONESHOT;
  e.data.ptr = s;
  if (again && ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e) == 0) return 0;
  if (again && errno != ENOENT) return errno;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : errno;
}
void reactor::forget(int fd) noexcept { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

// An I/O thread: [IS1] at_work := 1, light fence, [IS2] does the scheduler stand? Who makes it stand still has made the
// scheduler stand; heavy fence, [IS1] reads at_work. One sees the other. At the end of the work alike, so no wake is missed.
bool reactor::go_to_work(io_thread& t) noexcept {
  t.at_work.store(1, asym_store);  // [IS1]
  asymmetric_light();
  return !sched_.stands();  // [IS2]
}
void reactor::leave_work(io_thread& t) noexcept {
  t.at_work.store(0, asym_store);  // [IS1] release: what it has done
  asymmetric_light();
  if (sched_.stands()) [[unlikely]] futex_wake(t.at_work, 1);  // [IS2]
}
void reactor::stand_still() noexcept {
  asymmetric_heavy();  // between the scheduler's word and [IS1]
  for (io_thread& t : io_threads_)
    while (t.at_work.load(asym_load) != 0) futex_wait(t.at_work, 1);  // [IS1] acquire, with leave_work
}

// First what is meant for the worker that waits here: it has to come to stand still, too.
int reactor::stand(io_thread& t, epoll_event* events, int n, ready_list& out) noexcept {
  source* const notice = &notifier_;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.ptr != notice) continue;
    notice->on_events(events[i].events, out);
    events[i--] = events[--n];
  }
  do {
    leave_work(t);
    sched_.wait_while_it_stands();
  } while (!go_to_work(t));
  return n;
}

bool reactor::wait(ready_list& out, time_point look_until, int limit, io_thread* t) noexcept {
  epoll_event events[events_per_wait];
  int n = 0;
  if (look_until != time_point()) {
    do n = ::epoll_wait(epoll_, events, events_per_wait, 0);
    while (n == 0 && sched_.quiet() && std::chrono::steady_clock::now() < look_until);
  }
  if (n <= 0) n = ::epoll_wait(epoll_, events, events_per_wait, limit);
  const bool any = n != 0;
  if (t && !go_to_work(*t)) [[unlikely]] n = stand(*t, events, n, out);
  bool due = false;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.ptr) static_cast<source*>(events[i].data.ptr)->on_events(events[i].events, out);
    else due = true;
  }
  if (due) ring(out);
  return any;
}

void reactor::ring(ready_list& out) noexcept {
  if (in_turn_) [[unlikely]] {
    if (this_worker->io) due_timers_.announce();
    else timers_.expire_in_turn(sched_);
    return;
  }
  timers_.expire(out);
  out.run_deferred();
}

// ---- timers in asyncio's order ----

reactor::due_timers::due_timers(reactor& r) noexcept : owner_(r) {
  resume = &run;
  destroy = [](job*) {};
  continuation = 0;
}

void reactor::due_timers::announce() noexcept {
  // [D1] acq_rel: if it is queued already, its run, which clears the bit first, sees every timer that is due now
  if (state_.fetch_or(queued, std::memory_order_acq_rel) & queued) return;
  job* self = this;
  schedule_ready(owner_.sched_, &self, 1);
}

void reactor::due_timers::run(job* j) {
  auto& self = *static_cast<due_timers*>(j);
  this_worker->parked = true;
  self.state_.exchange(running, std::memory_order_acq_rel);  // [D1] before the timers are looked at
  self.owner_.timers_.expire_in_turn(self.owner_.sched_);
  self.state_.fetch_and(~running, std::memory_order_release);  // [D1] with rests()
}

// ---- a helping worker ----

/// It does not wait for events, and will not soon. A hint (relaxed): it is asked again.
bool reactor::is_stuck(const io_thread& t, time_point now) noexcept {
  const std::int64_t since = t.resumes_since.load(std::memory_order_relaxed);
  return since != 0 && now - time_point(time_point::duration(since)) >= look_every;
}
std::size_t reactor::stuck(time_point now) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(io_threads_.begin(), io_threads_.end(), [now](const io_thread& t) { return is_stuck(t, now); }));
}

/// What a stuck I/O thread keeps is for others.
void reactor::hand_on(time_point now) noexcept {
  for (io_thread& t : io_threads_) {
    if (!is_stuck(t, now) || t.kept.empty()) continue;
    job* jobs[kept_jobs::room];
    schedule_ready(sched_, jobs, t.kept.take_all(jobs));
  }
}

bool reactor::resuming() const noexcept {
  return std::any_of(io_threads_.begin(), io_threads_.end(),
                     [](const io_thread& t) { return t.resumes_since.load(std::memory_order_relaxed) != 0; });
}

driver::part reactor::begin_poll(time_point& until) noexcept {
  if (!seat_.try_take()) return part::none;
  time_point now = std::chrono::steady_clock::now();
  time_point last{time_point::duration(last_events_.load(std::memory_order_relaxed))};
  bool any_stuck = false;
  for (const io_thread& t : io_threads_) any_stuck |= is_stuck(t, now);
  if (now - last < hot && !any_stuck && !threads_.empty()) {
    until = now + look_every;
    return part::watch;
  }
  if (any_stuck) hand_on(now);  // where there was something, the queue is looked at before the poll
  seat_.sit(this_worker);  // [W1]
  for (const io_thread& t : io_threads_)
    if (!t.kept.empty()) timers_.ring(look_every);  // [W2]
  return part::poll;
}

void reactor::end_watch() noexcept { seat_.give_back(); }

std::size_t reactor::poll(job** ready, std::size_t n, int limit) noexcept {
  std::vector<job*>& jobs = polled_.jobs();
  if (jobs.empty()) wait(polled_, time_point(), limit);
  std::size_t taken = std::min(n, jobs.size());
  std::copy_n(jobs.begin(), taken, ready);
  if (taken < jobs.size()) schedule_ready(sched_, jobs.data() + taken, jobs.size() - taken);
  jobs.clear();
  return taken;
}

void reactor::end_poll() noexcept { seat_.stand(); }

void reactor::look() noexcept {
  const time_point now = std::chrono::steady_clock::now();
  const std::size_t n = stuck(now);
  if (n != 0) {
    hand_on(now);
    call_for_ready(sched_);  // what came with the job that keeps it
  }
  if (n < threads_.size()) return;
  ready_list out(sched_);
  wait(out, time_point(), 0);
  schedule_ready(sched_, out.jobs().data(), out.jobs().size());
}

void reactor::fire_due() noexcept { timers_.expire_in_turn(sched_); }

void reactor::kept() noexcept {
  if (seat_.is_occupied()) timers_.ring(look_every);  // [K2] of kept_jobs.hpp
}

void reactor::interrupt() noexcept {
  std::uint64_t one = 1;
  while (::write(event_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

// A worker that has got the event meant for it just returns from poll().
void reactor::notifier::on_events(std::uint32_t, ready_list&) noexcept {
  worker* w = this_worker;
  if (owner.seat_.is_of(w) || owner.stopping_.load(std::memory_order_relaxed)) return;  // relaxed: the loop looks again
  owner.seat_.pass_on(w->io, [this] { owner.interrupt(); });  // a worker in its turn does not come again soon
}

// ---- the I/O threads ----

void reactor::dispatch(io_thread& t, std::vector<job*>& jobs, time_point now) noexcept {
  const bool overdue = t.owed != 0 && now - t.called_at >= look_every;
  if (jobs.empty() && !overdue) {  // the timer has rung
    hand_on(now);
    call_for_ready(sched_);
    return;
  }
  // Without help there is nobody to wait for events while this thread runs something.
  if (!config_.help || in_turn_) {
    schedule_ready(sched_, jobs.data(), jobs.size());
  } else {
    t.self->kept = &t.kept;
    if (jobs.size() > 1) run_batch(t, jobs);
    else if (!jobs.empty()) run_job(*t.self, jobs[0]);
    if (overdue || !t.kept.empty()) [[unlikely]] run_kept(t, overdue);
    t.self->kept = nullptr;
    // Too many, or others were taking too. Whoever puts last sees all that is left, as it does this after its put.
    if (!call_for_ready(sched_)) t.owed = 0;
    else if (overdue || jobs.size() > most_in_place) t.called_at = now;
  }
  jobs.clear();
}

void reactor::run_batch(io_thread& t, std::vector<job*>& jobs) noexcept {
  // The others stand where a worker that looks for work finds them, now or should this one take long. One that waits for
  // events does not look: the timer will have it look. One that is about to wait has seen the jobs, or is seen here
  // ([PE1] of poll_seat.hpp, with the queue's size). One that watches looks soon.
  put_ready(sched_, jobs.data() + 1, jobs.size() - 1);
  if (seat_.is_occupied()) timers_.ring(look_every);
  run_job(*t.self, jobs[0]);
  for (std::size_t more = std::min(jobs.size(), most_in_place) - 1; more > 0; --more) {
    job* j = take_ready(sched_);
    if (!j) break;
    run_job(*t.self, j);
  }
  if (jobs.size() > most_in_place) t.owed += jobs.size() - most_in_place;
}

/// And then, if they are overdue, those that it has left to the workers.
void reactor::run_kept(io_thread& t, bool overdue) noexcept {
  const time_point until = std::chrono::steady_clock::now() + longest_stay;
  do {
    job* j = t.kept.take();
    if (!j && overdue && t.owed != 0) {
      --t.owed;
      j = take_ready(sched_);
    }
    if (!j) break;
    run_job(*t.self, j);
  } while (std::chrono::steady_clock::now() < until);
  job* left[kept_jobs::room];
  const std::size_t n = t.kept.take_all(left);
  put_ready(sched_, left, n);
  const std::size_t more = n + t.kept.refused();
  if (more == 0) return;
  t.owed += more;
  t.called_at = until;
}

void reactor::thread_loop(io_thread& t) noexcept {
  worker& w = *t.self;
  this_worker = &w;
  ready_list ready(sched_);
  const std::chrono::microseconds spin(config_.spin);
  while (!stopping_.load(std::memory_order_seq_cst)) {  // [RS1]
    const int limit = t.owed != 0 ? static_cast<int>(look_every.count()) : w.may_sleep();
    const bool events = wait(ready, spin.count() != 0 ? std::chrono::steady_clock::now() + spin : time_point(), limit, &t);
    if (!events && t.owed == 0) {
      leave_work(t);
      if (limit > 0) w.rested();
      continue;
    }
    const time_point now = std::chrono::steady_clock::now();
    const std::int64_t ticks = now.time_since_epoch().count();
    if (events) last_events_.store(ticks, std::memory_order_relaxed);
    t.resumes_since.store(ticks, std::memory_order_relaxed);
    dispatch(t, ready.jobs(), now);
    t.resumes_since.store(0, std::memory_order_relaxed);
    leave_work(t);
  }
  interrupt();
  this_worker = nullptr;
}

reactor& current_reactor(const char* what) {
  reactor& r = reactor_of(require_scheduler(what));
  r.require_real(what);
  return r;
}

}  // namespace jay::detail
