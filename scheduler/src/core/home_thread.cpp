// SPDX-License-Identifier: MIT
#include "home_core.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <jay/detail/log.hpp>
#include <jay/home_thread.hpp>

#include "after_fork.hpp"
#include "cancel/cancel_walk.hpp"
#include "debug_mode.hpp"
#include "island.hpp"
#include "scheduler_core.hpp"

namespace jay {
namespace detail {
namespace {

int make_descriptor() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(),
                            "home_thread: cannot make an eventfd; check the limit on open files (ulimit -n)");
  return fd;
}

/// Of the homes that this thread has.
constinit thread_local home_thread* homes_here = nullptr;

/// Lets a frame of the scheduler begin here, unless that stands.
class home_step {
 public:
  explicit home_step(scheduler_core& c) noexcept : core_(c) {
    core_.home_steps.fetch_add(1, std::memory_order_seq_cst);  // [HS1]
  }
  home_step(const home_step&) = delete;
  ~home_step() {
    // [HS1] seq_cst, and release: who has them stand sees what was done here
    if (core_.home_steps.fetch_sub(1, std::memory_order_seq_cst) == 1 && core_.still.asked())
      futex_wake(core_.home_steps, INT32_MAX);
  }
  bool may_begin() const noexcept { return !core_.still.asked(); }  // [HS2]

 private:
  scheduler_core& core_;
};

}  // namespace

// ---- home_core ----

home_core::home_core() : made_at_((watch_forks(), forks())), fd_(make_descriptor()) {}
home_core::~home_core() { ::close(fd_); }

bool home_core::forked() const noexcept { return made_at_ != forks(); }

void home_core::check_here(const char* what) const {
  if (forked())
    throw std::runtime_error(std::string(what) + ": the home_thread is not usable after fork: its tasks stayed in the parent");
  if (!is_here())
    throw std::runtime_error(std::string(what) +
                             ": called on another thread than the one that the home_thread was made on; call it there, or move "
                             "a task there by co_await jay::resume_on(home)");
}

void home_core::ring() noexcept {
  const std::uint64_t one = 1;
  while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  if (auto f = also_.load(std::memory_order_acquire)) f();  // [HR1] acquire: with also_call
}

void home_core::clear() noexcept {
  std::uint64_t rings;
  while (::read(fd_, &rings, sizeof rings) < 0 && errno == EINTR) {
  }
}

bool home_core::wait(int ms) const noexcept {
  pollfd p{fd_, POLLIN, 0};
  int n;
  while ((n = ::poll(&p, 1, ms)) < 0 && errno == EINTR) {
  }
  return n > 0;
}

void home_core::bind(task_state* t) {
  if (forked()) throw std::runtime_error("resume_on: the home_thread is not usable after fork: its thread stayed in the parent");
  if (t && t->home->config().seed)
    throw std::runtime_error(
        "resume_on: a home_thread runs on a thread of its own, which jay::testing::run cannot replay; give the code under "
        "test a jay::strand there");
  std::lock_guard g(mutex_);
  if (ended_)
    throw std::runtime_error(
        "resume_on: the home_thread has ended, so nothing can run there; keep it until the tasks that go there have ended");
  ++bound_[t];
}

void home_core::unbind(task_state* t) noexcept {
  std::lock_guard g(mutex_);
  auto at = bound_.find(t);
  JAY_DEBUG_ASSERT(at != bound_.end());
  if (--at->second != 0) return;
  bound_.erase(at);
  if (ended_ && bound_.empty()) ring();
}

home_core::tasks home_core::end() {
  std::lock_guard g(mutex_);
  tasks all;
  for (const auto& [t, times] : bound_) {
    if (t && t->home->stands())
      throw std::runtime_error("home_thread::close: " + t->get_name() +
                               " is on it and cannot end, as its event loop does not run; close the loop first, or run it");
    if (t) all.push_back(state_ptr<task_state>::share(t));
  }
  ended_ = true;
  return all;
}

home_core::tasks home_core::bound() {
  std::lock_guard g(mutex_);
  tasks all;
  for (const auto& [t, times] : bound_)
    if (t) all.push_back(state_ptr<task_state>::share(t));
  return all;
}

bool home_core::ended() const noexcept {
  std::lock_guard g(mutex_);
  return ended_;
}
bool home_core::empty() const noexcept {
  std::lock_guard g(mutex_);
  return bound_.empty();
}

// ---- the island of a home ----

island::island(std::unique_ptr<home_core> h) noexcept : job{&run, &drop, 0}, home_(std::move(h)) {}
island::~island() = default;

/// With the lock held. Who brings the frame works for its scheduler, which so is there.
void island::count_at_home(job* frame) noexcept {
  JAY_DEBUG_ASSERT(mutex_.is_locked());
  scheduler_of(frame).core().callers.fetch_add(1, std::memory_order_relaxed);  // relaxed: the lock orders it before [SC1]
}

/// True: it has run. False: its scheduler stands, and has it back.
bool island::step_at_home(worker& w, job* frame) noexcept {
  scheduler& s = scheduler_of(frame);
  scheduler_core& core = s.core();
  bool begun = false;
  {
    home_step step(core);
    begun = step.may_begin();
    if (begun) {
      worker* const outer = std::exchange(this_worker, &w);
      island* const outer_on = std::exchange(w.on, this);
      begin_step(w, frame);
      run_one(w, frame);
      if (debug_seen.load(std::memory_order_relaxed)) [[unlikely]] end_step(w);  // relaxed: it is never taken back
      w.context = 0;
      w.on = outer_on;
      this_worker = outer;
    }
  }
  if (begun) core.ran_at_homes.fetch_add(1, std::memory_order_relaxed);
  else schedule_last(s, frame);
  core.callers.fetch_sub(1, std::memory_order_release);  // [SC1] release: what was done here
  return begun;
}

std::size_t island::poll_home() {
  std::size_t ran = 0, most = std::max<std::size_t>(at_home().second, 1);
  std::optional<worker> here;  // for the frames of one scheduler: to that the thread is what an I/O thread is
  do {
    const auto [frame, size] = at_home();
    if (frame) {
      scheduler& s = scheduler_of(frame);
      if (!here || here->sched != &s) here.emplace(s, static_cast<unsigned>(s.workers()), true);  // if it throws, all still stands
    }
    if (size <= 1) home_->clear();  // [HP1]
    bool others;
    {
      spin_guard g(mutex_);  // [HP2]
      if (frame) {
        take_first();
        taken_ = first_;
      }
      others = first_;
    }
    if (size <= 1 && others) home_->ring();  // [HP3]
    if (!frame) break;
    ran += step_at_home(*here, frame);
  } while (--most > 0);
  return ran;
}

/// The first that stands here, and how many do. By its thread, which alone takes them.
std::pair<job*, std::size_t> island::at_home() noexcept {
  spin_guard g(mutex_);
  return {first_, rest_.size() + (first_ ? 1 : 0)};
}

}  // namespace detail

// ---- home_thread ----

home_thread::home_thread() : strand_(new detail::island(std::make_unique<detail::home_core>())) {
  if (detail::this_worker)
    throw std::runtime_error(
        "home_thread: made by a running task, on a thread of jay's; make it on the thread that is to run it");
  next_ = std::exchange(detail::homes_here, this);
}

home_thread::~home_thread() {
  detail::home_core& h = home();
  if (h.forked()) leave_thread();
  if (h.forked() || h.ended()) return;
  if (!h.is_here())
    detail::fatal("home_thread: destroyed on another thread than its own; call close() on its own thread first");
  try {
    close();
  } catch (const std::exception& e) {
    detail::fatal(e.what());
  }
}

detail::home_core& home_thread::home() const noexcept { return *island().its_home(); }

std::size_t home_thread::poll() {
  home().check_here("home_thread::poll");
  return island().poll_home();
}

int home_thread::fd() const noexcept { return home().fd(); }

void home_thread::run_forever() {
  detail::home_core& h = home();
  h.check_here("home_thread::run_forever");
  if (h.ended()) throw std::runtime_error("home_thread::run_forever: the home_thread is closed");
  for (;;) {
    poll();
    if (h.stop.exchange(false, std::memory_order_relaxed)) return;
    h.wait(-1);
  }
}

void home_thread::stop() noexcept {
  const strand keep = strand_;  // whoever waits for the stop may destroy this
  detail::home_core& h = home();
  h.stop.store(true, std::memory_order_relaxed);
  h.ring();
}

void home_thread::close() {
  using clock = std::chrono::steady_clock;
  detail::home_core& h = home();
  if (h.ended()) return;
  h.check_here("home_thread::close");
  if (detail::this_worker)
    throw std::runtime_error("home_thread::close: called by a running task, and would wait for itself; call stop()");
  for (auto& t : h.end()) {
    detail::cancel_walk w;
    t->cancel("its home_thread has ended", w);
    w.finish();
  }
  auto say_next = clock::now() + std::chrono::seconds(10);
  for (; !h.empty(); h.wait(1000)) {
    if (poll() != 0 || clock::now() < say_next) continue;
    std::string names;
    for (auto& t : h.bound()) names += (names.empty() ? "" : ", ") + t->get_name();
    detail::log(log_level::warn, "home_thread::close: still waiting for tasks that were cancelled: %s", names.c_str());
    say_next += std::chrono::seconds(10);
  }
  leave_thread();
}

void home_thread::leave_thread() noexcept {
  home_thread** at = &detail::homes_here;
  while (*at && *at != this) at = &(*at)->next_;
  if (*at) *at = next_;
}

bool home_thread::closed() const noexcept { return home().ended(); }

namespace detail {

bool any_home_here() noexcept { return homes_here; }

void poll_homes_here() noexcept {
  for (home_thread* h = homes_here; h; h = h->next_) {
    if (h->home().forked()) continue;
    try {
      h->island().poll_home();
    } catch (const std::bad_alloc&) {  // what stood there still does, and has rung
    }
  }
}

void homes_here_also_call(void (*f)()) noexcept {
  for (home_thread* h = homes_here; h; h = h->next_) h->home().also_call(f);
}

}  // namespace detail
}  // namespace jay
