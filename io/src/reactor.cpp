// SPDX-License-Identifier: MIT
#include <jay/detail/reactor.hpp>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>

#include <jay/detail/worker.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {
namespace {

constexpr int events_per_wait = 256;
/// More than this from one wait, and sleeping workers are worth waking.
constexpr std::size_t run_in_place = 64;

[[noreturn]] void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

void ready_list::add(job* frame) noexcept {
  try {
    jobs_.push_back(frame);
  } catch (...) {  // no memory
    schedule(sched_, frame);
  }
}

reactor::reactor(scheduler& s, const io_config& config)
    : sched_(s), config_(config), timers_(s.workers() + 1), polled_(s) {
  threads_.reserve(config_.threads);
  for (unsigned i = 0; i < config_.threads; ++i)
    io_workers_.push_back(std::make_unique<worker>(sched_, static_cast<unsigned>(sched_.workers()) + i, true));
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
      threads_.emplace_back([this, i] { thread_loop(*io_workers_[i]); });
    } catch (const std::exception& e) {
      std::fprintf(stderr, "jay: reactor: started %zu of %u I/O threads: %s; check the limit on processes (ulimit -u)\n",
                   threads_.size(), config_.threads, e.what());
      break;
    }
    pthread_setname_np(threads_.back().native_handle(), ("jay-io-" + std::to_string(i)).c_str());
  }
  if (config_.help || threads_.empty()) set_poll_hook(s, this);
}

reactor::~reactor() {
  set_poll_hook(sched_, nullptr);
  stopping_.store(true, std::memory_order_seq_cst);
  interrupt();  // each thread that leaves passes it on
  for (std::thread& t : threads_) t.join();
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

void reactor::wait(ready_list& out) noexcept {
  epoll_event events[events_per_wait];
  int n = ::epoll_wait(epoll_, events, events_per_wait, -1);
  for (int i = 0; i < n; ++i) {
    if (events[i].data.ptr) {
      static_cast<source*>(events[i].data.ptr)->on_events(events[i].events, out);
    } else {
      timers_.expire(out);
    }
  }
}

// ---- a helping worker ----

bool reactor::begin_poll() noexcept {
  if (worker_polling_.load(std::memory_order_relaxed) || worker_polling_.exchange(true, std::memory_order_acq_rel))
    return false;
  poll_epoch_.fetch_add(1, std::memory_order_seq_cst);
  return true;
}

std::size_t reactor::poll(job** ready, std::size_t n) noexcept {
  std::vector<job*>& jobs = polled_.jobs();
  if (jobs.empty()) wait(polled_);
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
  if (jobs.empty()) return;
  std::size_t here = jobs.size();
  if (worker_at_hand(sched_) || sched_.config().order == order::asyncio) here = 0;
  else if (here > run_in_place) here = run_in_place;
  if (here < jobs.size()) schedule_ready(sched_, jobs.data() + here, jobs.size() - here);
  for (std::size_t i = 0; i < here; ++i) run_job(w, jobs[i]);
  jobs.clear();
}

void reactor::thread_loop(worker& w) noexcept {
  this_worker = &w;
  ready_list ready(sched_);
  while (!stopping_.load(std::memory_order_seq_cst)) {
    wait(ready);
    dispatch(w, ready.jobs());
  }
  interrupt();
  this_worker = nullptr;
}

}  // namespace jay::detail
