// SPDX-License-Identifier: MIT
#include <jay/detail/reactor.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <jay/detail/log.hpp>
#include <jay/detail/thread_name.hpp>
#include <jay/detail/time_slice.hpp>
#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {
namespace {

constexpr int events_per_wait = 256;
/// More than this from one wait, and sleeping workers are worth waking.
constexpr std::size_t run_in_place = 64;
/// So long after an event the I/O threads are taken to be at work,
constexpr std::chrono::milliseconds hot{5};
/// and looked after so often.
constexpr std::chrono::milliseconds look_every{1};

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

void ready_list::add(job* frame) noexcept {
  if (at_once_) return schedule(sched_, frame);
  try {
    jobs_.push_back(frame);
  } catch (...) {  // no memory
    schedule(sched_, frame);
  }
}

void ready_list::run_deferred() noexcept {
  deferred_end_ = &deferred_;
  for (deferred* d = std::exchange(deferred_, nullptr); d;) {
    deferred* now = std::exchange(d, d->next);
    now->run(*now);  // it may be gone
  }
}

reactor::reactor(scheduler& s, const io_config& config)
    : sched_(s),
      config_(config),
      timers_(s.workers() + 1),
      in_turn_(s.config().order == order::asyncio),
      polled_(s) {
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
  registered_.store(0, std::memory_order_relaxed);  // its own do not count
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
  if (config_.help || threads_.empty()) set_poll_hook(s, this);
}

reactor::~reactor() {
  stopping_.store(true, std::memory_order_seq_cst);
  set_poll_hook(sched_, nullptr);  // an I/O thread that gets the event meant for the worker leaves, and passes it on
  interrupt();                     // as each does that leaves
  for (std::thread& t : threads_) t.join();
  while (!due_timers_.rests()) thread_yield();  // the worker runs it soon; nobody announces any more
  ::close(event_);
  ::close(epoll_);
}

void reactor::add(int fd, std::uint32_t events, source* s) {
  epoll_event e{};
  e.events = events | EPOLLET;
  e.data.ptr = s;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) throw_errno("reactor: epoll_ctl add fd " + std::to_string(fd));
  registered_.fetch_add(1, std::memory_order_relaxed);
}
void reactor::remove(int fd) noexcept {
  if (::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr) == 0) registered_.fetch_sub(1, std::memory_order_relaxed);
}

bool reactor::wait(ready_list& out, time_point look_until, int limit) noexcept {
  epoll_event events[events_per_wait];
  int n = 0;
  if (look_until != time_point()) {
    do n = ::epoll_wait(epoll_, events, events_per_wait, 0);
    while (n == 0 && sched_.quiet() && std::chrono::steady_clock::now() < look_until);
  }
  if (n <= 0) n = ::epoll_wait(epoll_, events, events_per_wait, limit);
  bool due = false;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.ptr) static_cast<source*>(events[i].data.ptr)->on_events(events[i].events, out);
    else due = true;
  }
  if (due) ring(out);
  return n != 0;
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

/// Whether every I/O thread waits for events, or will soon. A hint (relaxed): it is asked again.
bool reactor::attended(time_point now) const noexcept {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    std::int64_t since = io_threads_[i].resumes_since.load(std::memory_order_relaxed);
    if (since != 0 && now - time_point(time_point::duration(since)) >= look_every) return false;
  }
  return !threads_.empty();
}

bool reactor::resuming() const noexcept {
  return std::any_of(io_threads_.begin(), io_threads_.end(),
                     [](const io_thread& t) { return t.resumes_since.load(std::memory_order_relaxed) != 0; });
}

poll_hook::part reactor::begin_poll(time_point& until) noexcept {
  if (worker_polling_.load(std::memory_order_relaxed) || worker_polling_.exchange(true, std::memory_order_acq_rel))
    return part::none;
  time_point now = std::chrono::steady_clock::now();
  time_point last{time_point::duration(last_events_.load(std::memory_order_relaxed))};
  if (now - last < hot && attended(now)) {
    until = now + look_every;
    return part::watch;
  }
  poll_epoch_.fetch_add(1, std::memory_order_seq_cst);
  return part::poll;
}

void reactor::end_watch() noexcept { worker_polling_.store(false, std::memory_order_release); }

std::size_t reactor::poll(job** ready, std::size_t n, int limit) noexcept {
  std::vector<job*>& jobs = polled_.jobs();
  if (jobs.empty()) wait(polled_, time_point(), limit);
  std::size_t taken = std::min(n, jobs.size());
  std::copy_n(jobs.begin(), taken, ready);
  if (taken < jobs.size()) schedule_ready(sched_, jobs.data() + taken, jobs.size() - taken);
  jobs.clear();
  return taken;
}

void reactor::end_poll() noexcept {
  worker_polling_.store(false, std::memory_order_release);
  poll_epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (waiting_for_epoch_.load(std::memory_order_seq_cst) != 0) futex_wake(poll_epoch_, INT32_MAX);
}

void reactor::look() noexcept {
  if (!threads_.empty()) return;
  epoll_event events[events_per_wait];
  ready_list out(sched_);
  const int n = ::epoll_wait(epoll_, events, events_per_wait, 0);
  for (int i = 0; i < n; ++i) {
    if (events[i].data.ptr == static_cast<source*>(&notifier_)) {
      if (poll_epoch_.load(std::memory_order_seq_cst) & 1) interrupt();  // it was meant for the worker that waits here
    } else if (events[i].data.ptr) {
      static_cast<source*>(events[i].data.ptr)->on_events(events[i].events, out);
    } else {
      ring(out);
    }
  }
  schedule_ready(sched_, out.jobs().data(), out.jobs().size());
}

void reactor::interrupt() noexcept {
  std::uint64_t one = 1;
  while (::write(event_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

// The event that a worker was to get may have come here instead: it is raised again, and this thread stays away until
// the worker has it. A worker that has got it itself just returns from poll().
void reactor::notifier::on_events(std::uint32_t, ready_list&) noexcept {
  worker* w = this_worker;
  if (!w->io) return;
  std::uint32_t epoch = owner.poll_epoch_.load(std::memory_order_seq_cst);
  if (!(epoch & 1) || owner.stopping_.load(std::memory_order_relaxed)) return;
  owner.waiting_for_epoch_.fetch_add(1, std::memory_order_seq_cst);
  owner.interrupt();
  while (owner.poll_epoch_.load(std::memory_order_seq_cst) == epoch) futex_wait(owner.poll_epoch_, epoch);
  owner.waiting_for_epoch_.fetch_sub(1, std::memory_order_relaxed);
}

// ---- the I/O threads ----

void reactor::dispatch(worker& w, std::vector<job*>& jobs) noexcept {
  if (jobs.empty()) return call_for_ready(sched_);  // the timer has rung
  // Without help there is nobody to wait for events while this thread runs something.
  bool hand_over = !config_.help || in_turn_;
  if (hand_over) {
    schedule_ready(sched_, jobs.data(), jobs.size());
  } else {
    // The others stand where a worker that looks for work finds them, now or should this one take long. One that waits for
    // events does not look: the timer will have it look. One that is about to wait has seen the jobs, or is seen here
    // (seq_cst: the queue's size against the epoch). One that watches looks soon.
    put_ready(sched_, jobs.data() + 1, jobs.size() - 1);
    if (jobs.size() > 1 && (poll_epoch_.load(std::memory_order_seq_cst) & 1)) timers_.ring(look_every);
    run_job(w, jobs[0]);
    for (std::size_t more = std::min(jobs.size(), run_in_place) - 1; more > 0; --more) {
      job* j = take_ready(sched_);
      if (!j) break;
      run_job(w, j);
    }
    // Too many, or others were taking too. Whoever puts last sees all that is left, as it does this after its put.
    call_for_ready(sched_);
  }
  jobs.clear();
}

void reactor::thread_loop(io_thread& t) noexcept {
  worker& w = *t.self;
  this_worker = &w;
  ready_list ready(sched_);
  const std::chrono::microseconds spin(config_.spin);
  while (!stopping_.load(std::memory_order_seq_cst)) {
    const int limit = w.may_sleep();
    if (!wait(ready, spin.count() != 0 ? std::chrono::steady_clock::now() + spin : time_point(), limit)) {
      if (limit > 0) w.rested();
      continue;
    }
    std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
    last_events_.store(now, std::memory_order_relaxed);
    t.resumes_since.store(now, std::memory_order_relaxed);
    dispatch(w, ready.jobs());
    t.resumes_since.store(0, std::memory_order_relaxed);
  }
  interrupt();
  this_worker = nullptr;
}

}  // namespace jay::detail
