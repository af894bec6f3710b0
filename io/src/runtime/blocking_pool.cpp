// SPDX-License-Identifier: MIT
#include <jay/detail/blocking_pool.hpp>

#include <algorithm>
#include <iterator>
#include <list>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <jay/detail/cpus.hpp>
#include <jay/detail/io_resources.hpp>
#include <jay/detail/log.hpp>
#include <jay/detail/thread_name.hpp>

namespace jay::detail {

struct blocking_pool::shared {
  struct call {
    std::string what;
    std::function<void()> f;
  };
  explicit shared(std::size_t n) : most(n) {}

  std::mutex mutex;
  std::condition_variable work, ended;
  std::list<call> calls;  // and not a deque: one that is moved from allocates
  /// A call under way, on its thread's stack.
  struct under_way {
    std::string what;
    under_way* next;
  };
  under_way* running = nullptr;
  std::list<std::thread> threads;  // that are alive
  std::list<std::thread> gone;     // that have nothing more to do, and are to be joined
  std::size_t idle = 0, alive = 0, started = 0;
  std::size_t most;  // 0 until the first call
  bool finishing = false;

  static void loop(std::shared_ptr<shared> s, std::list<std::thread>::iterator self);
};

service_key blocking_pool::key{"blocking_pool", made_by_a_runtime};

blocking_pool::blocking_pool(std::size_t most) : shared_(std::make_shared<shared>(most)) {}
blocking_pool::blocking_pool(scheduler& s, const io_config& c) : blocking_pool(c.blocking_threads) {
  if (s.config().seed) seeded_ = &s;
}
blocking_pool::~blocking_pool() {
  finish(std::chrono::seconds(0));
  std::list<std::thread> gone;
  {
    std::lock_guard g(shared_->mutex);
    for (std::thread& t : shared_->threads) t.detach();  // its call has not ended in time
    gone.swap(shared_->gone);
  }
  for (std::thread& t : gone) t.join();
}

void blocking_pool::shared::loop(std::shared_ptr<shared> s, std::list<std::thread>::iterator self) {
  std::unique_lock lock(s->mutex);
  for (;;) {
    while (s->calls.empty() && !s->finishing) {
      ++s->idle;
      s->work.wait(lock);
      --s->idle;
    }
    if (s->calls.empty()) break;
    shared::call c = std::move(s->calls.front());
    s->calls.pop_front();
    shared::under_way now{std::move(c.what), s->running};
    s->running = &now;
    lock.unlock();
    c.f();
    c.f = nullptr;
    lock.lock();
    shared::under_way** at = &s->running;
    while (*at != &now) at = &(*at)->next;
    *at = now.next;
  }
  --s->alive;
  s->gone.splice(s->gone.end(), s->threads, self);
  s->ended.notify_all();
}

namespace {
thread_local std::uint64_t waited_for_by = 0;
}
std::uint64_t run_that_waits() noexcept { return waited_for_by; }

/// In a run with a seed a call is a step like others: it begins when it is drawn, and the one worker waits until it has ended.
/// So it never runs beside a task, and the seed decides what comes before it.
class blocking_pool::step : public job {
 public:
  step(blocking_pool& of, std::string what, std::function<void()> f) : pool_(of), what_(std::move(what)) {
    resume = &run;
    destroy = &drop;
    continuation = 0;
    call_->f = std::move(f);
    call_->run = of.seeded_->number();
  }

 private:
  struct call {
    std::function<void()> f;
    std::uint64_t run;
    atomic<std::uint32_t> ended{0};
    void operator()() {
      waited_for_by = run;
      f();
      f = nullptr;  // what it owns may make something runnable too
      waited_for_by = 0;
      ended.store(1, std::memory_order_release);  // [BS1] release: what it has done
      futex_wake(ended, 1);
    }
  };
  static void run(job* j) {
    auto& self = *static_cast<step*>(j);
    this_worker->parked = true;
    const std::shared_ptr<call> now = self.call_;
    try {
      self.pool_.give(std::move(self.what_), [now] { (*now)(); });
      while (now->ended.load(std::memory_order_acquire) == 0) futex_wait(now->ended, 0);  // [BS1] acquire
    } catch (const std::system_error& e) {  // no thread
      log(log_level::error, "a blocking call was dropped, as whoever waits for it has begun to wait: %s", e.what());
    } catch (const std::runtime_error&) {  // the end has come: what has not begun is dropped
    }
    drop(j);
  }
  static void drop(job* j) { delete static_cast<step*>(j); }

  blocking_pool& pool_;
  std::string what_;
  std::shared_ptr<call> call_ = std::make_shared<call>();
};

void blocking_pool::submit(std::string what, std::function<void()> f) {
  if (!seeded_) [[likely]] return give(std::move(what), std::move(f));
  schedule(*seeded_, new step(*this, std::move(what), std::move(f)));
}

void blocking_pool::give(std::string what, std::function<void()> f) {
  std::list<shared::call> given, refused;  // what f owns is a user's: it is destroyed without the lock
  given.push_back({std::move(what), std::move(f)});
  std::lock_guard g(shared_->mutex);
  shared& s = *shared_;
  if (s.finishing) throw std::runtime_error(given.back().what + ": the runtime is shutting down");
  if (s.most == 0) s.most = std::min<std::size_t>(32, usable_cpus() + 4);
  s.calls.splice(s.calls.end(), given);
  if (s.idle >= s.calls.size() || s.alive >= s.most) return s.work.notify_one();
  try {
    std::size_t id = s.started++;
    std::list<std::thread> fresh(1);
    fresh.front() = std::thread([p = shared_, id, self = fresh.begin()] {
      name_this_thread("jay-block", id);
      shared::loop(p, self);
    });
    s.threads.splice(s.threads.end(), fresh);
    ++s.alive;
  } catch (const std::exception& e) {
    if (s.alive > 0) return s.work.notify_one();  // the others will get to it
    std::string name = std::move(s.calls.back().what);
    refused.splice(refused.end(), s.calls, std::prev(s.calls.end()));
    auto* by_system = dynamic_cast<const std::system_error*>(&e);
    if (!by_system) throw;
    throw std::system_error(by_system->code(),
                            name + ": cannot start a thread for a blocking call; check the limit on processes (ulimit -u)");
  }
}

std::string blocking_pool::finish(std::chrono::duration<double> limit) {
  std::unique_lock lock(shared_->mutex);
  shared& s = *shared_;
  s.finishing = true;
  std::list<shared::call> dropped = std::move(s.calls);
  std::list<std::thread> gone;
  s.calls.clear();
  s.work.notify_all();
  auto until = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
  s.ended.wait_until(lock, until, [&] { return s.alive == 0; });
  std::string names;
  for (const shared::under_way* c = s.running; c; c = c->next) names += (names.empty() ? "" : ", ") + c->what;
  gone.swap(s.gone);
  lock.unlock();
  // Joined, so that none still runs a thread_local's destructor, or the library's code, when the runtime has ended.
  for (std::thread& t : gone) t.join();
  dropped.clear();  // outside the lock: what they own may be anything
  return names;
}

void blocking_pool::stop(ending& e) noexcept {
  std::string stuck;
  do {
    stuck = finish(std::min<std::chrono::duration<double>>(e.until() - std::chrono::steady_clock::now(), ending::step));
    if (!stuck.empty()) e.waits_for("blocking calls", stuck);
  } while (!stuck.empty() && std::chrono::steady_clock::now() < e.until());
  if (!stuck.empty())
    log(log_level::warn, "run: blocking calls still run after %g s and are left behind: %s", e.limit().count(), stuck.c_str());
}

std::size_t blocking_pool::threads() const {
  std::lock_guard g(shared_->mutex);
  return shared_->alive;
}

std::size_t blocking_pool::running() const {
  std::lock_guard g(shared_->mutex);
  std::size_t n = shared_->calls.size();
  for (const shared::under_way* c = shared_->running; c; c = c->next) ++n;
  return n;
}

}  // namespace jay::detail
