// SPDX-License-Identifier: MIT
#include <jay/event_loop.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

#include <jay/detail/log.hpp>
#include <jay/error.hpp>
#include <jay/home_thread.hpp>

#include "blocked_watch.hpp"
#include "descriptors.hpp"
#include "parts.hpp"
#include "signals.hpp"

namespace jay {
namespace detail {
namespace {

/// How a task finds the event loop that it runs in.
struct loop_service final : service {
  loop_service(scheduler&, event_loop* l) noexcept : loop(*l) {}
  static service_key key;
  event_loop& loop;
};
service_key loop_service::key{"event_loop", made_by_a_runtime};

}  // namespace

void check_outside(const char* what) {
  if (current_scheduler())
    throw std::runtime_error(std::string(what) +
                             ": called from a running task; await the operation instead, or call it on another thread");
}

}  // namespace detail

event_loop& get_event_loop() {
  detail::service* there = detail::require_scheduler("get_event_loop").services().find(detail::loop_service::key);
  if (!there) throw std::runtime_error("get_event_loop: what runs here was not started by an event loop");
  return static_cast<detail::loop_service*>(there)->loop;
}

event_loop::event_loop(const jay::config& c) : runtime_(std::make_unique<runtime>(c)) {
  core_ = std::make_shared<detail::loop_core>(scheduler());
  detail::make_service<detail::loop_service>(scheduler(), this);
}
event_loop::~event_loop() { close(); }

scheduler& event_loop::scheduler() const {
  if (!runtime_) throw std::runtime_error("event loop is closed");
  return runtime_->scheduler();
}
const config& event_loop::config() const {
  if (!runtime_) throw std::runtime_error("event loop is closed");
  return runtime_->config();
}

void event_loop::close() {
  if (!runtime_) return;
  if (detail::stayed_in_parent(scheduler())) {
    core_->abandon();
  } else {
    if (detail::current_scheduler() == &scheduler())
      throw std::runtime_error("event_loop::close: cannot close a running event loop");
    core_->begin_close();
    watch_until_end();
    runtime_->cancel_all();
    core_->close();
  }
  runtime_.reset();
}

void event_loop::run_forever() {
  const detail::how_to_run how{"run_forever"};
  one_run r(*this, how);
  r.until_stopped();
}

void event_loop::check_thread(const char* what) const {
  if (!runtime_ || !scheduler().debugging() || detail::current_scheduler() == &scheduler() || !is_running()) return;
  throw std::runtime_error(std::string(what) + ": non-thread-safe operation invoked on an event loop other than the current "
                           "one (debug mode); use call_soon_threadsafe, which any thread may call");
}

void event_loop::handle_signal(int signal, std::function<void()> f) {
  detail::loop_core::use keep(*core_, "add_signal_handler");
  detail::reactor_of(scheduler()).require_real("add_signal_handler");
  detail::service_of<detail::loop_signals>(scheduler()).add(signal, std::move(f), *this);
}
bool event_loop::remove_signal_handler(int signal) {
  detail::loop_core::use keep(*core_, "remove_signal_handler");
  detail::service* there = scheduler().services().find(detail::loop_signals::key);
  return there && static_cast<detail::loop_signals*>(there)->remove(signal);
}

void event_loop::watch_descriptor(const char* what, int fd, detail::direction d, std::function<void()> f) {
  detail::loop_core::use keep(*core_, what);
  detail::reactor_of(scheduler()).require_real(what);
  detail::service_of<detail::loop_descriptors>(scheduler()).add(what, fd, d, std::move(f), *this);
}
bool event_loop::forget_descriptor(const char* what, int fd, detail::direction d) {
  if (is_closed()) return false;
  detail::loop_core::use keep(*core_, what);
  detail::service* there = scheduler().services().find(detail::loop_descriptors::key);
  return there && static_cast<detail::loop_descriptors*>(there)->remove(fd, d);
}

void event_loop::check_home(detail::shared_state& main) const {
  main.bind(&scheduler());
  detail::spin_guard g(main.mutex);
  if (main.where().number != scheduler().number())
    throw std::invalid_argument("run_until_complete: this task or future belongs to another event loop");
}

// As asyncio.Runner: only where nobody but the SIGINT has cancelled it.
void event_loop::throw_if_interrupted(task_handle<> main) {
  if (main.cancelled() && main.uncancel() == 0) throw keyboard_interrupt();
}

event_loop::one_run::one_run(event_loop& l, const detail::how_to_run& how) : loop_(l), how_(how) {
  if (l.runtime_ && detail::current_scheduler() == &l.scheduler())
    throw std::runtime_error(std::string(how.what) +
                             ": this event loop is already running; called from a running task: await the operation instead");
  detail::check_outside(how.what);
  if (l.runtime_) detail::check_not_forked(l.scheduler(), how.what);
  if (l.runtime_ && !l.runtime_->all().interrupts) interrupts_ = std::make_unique<detail::interrupt_watch>();
  l.core_->begin_run(how.what, how.last);  // last: nobody would end it
}
event_loop::one_run::~one_run() { end(); }

void event_loop::one_run::end() {
  if (!std::exchange(ended_, true)) loop_.core_->end_run();
}

void event_loop::one_run::until_stopped() {
  wait(nullptr, nullptr);
  end();
  check(true);
}

void event_loop::one_run::check(bool main_is_done) const {
  if (std::exception_ptr thrown = loop_.core_->take_interrupt()) std::rethrow_exception(thrown);
  if (interrupted_ && !how_.cancels) throw keyboard_interrupt();
  if (!main_is_done) throw std::runtime_error(std::string(how_.what) + ": event loop stopped before future completed");
}

void event_loop::one_run::wait(void (*cancel)(void*), void* main) {
  using clock = std::chrono::steady_clock;
  runtime::parts& all = loop_.runtime_->all();
  const detail::interrupt_watch& interrupts = interrupts_ ? *interrupts_ : *all.interrupts;
  detail::blocked_watch blocked(all);
  loop_.core_->go();
  bool said = false;
  clock::time_point begun;
  const bool has_homes = detail::any_home_here();  // whose tasks would else wait for this very thread
  if (has_homes) detail::homes_here_also_call(&detail::move_run_word);
  for (;;) {
    std::uint32_t now = detail::run_word().load(std::memory_order_acquire);  // [RW1] with move_run_word
    if (loop_.core_->ended()) break;
    if (!interrupted_ && interrupts.count() > 0) {
      interrupted_ = true;
      begun = clock::now();
      if (how_.cancels) {
        all.main_was_told = true;
        cancel(main);
      } else {
        loop_.stop();
      }
    }
    auto next = blocked.next_look();
    if (interrupted_) next = std::min(next, clock::now() + detail::end_step * detail::looks_per_cut);
    if (has_homes) detail::poll_homes_here();
    if (detail::futex_wait_until(detail::run_word(), now, next)) continue;
    if (clock::now() >= blocked.next_look()) blocked.look();
    if (!interrupted_) continue;
    detail::cut_stalled(all, begun);
    if (said || clock::now() - begun < std::chrono::seconds(2)) continue;
    said = true;
    detail::log(log_level::warn,
                "run: interrupted; the main task was cancelled and has not ended yet; once more ends the process");
  }
}

}  // namespace jay
