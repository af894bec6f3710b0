// SPDX-License-Identifier: MIT
// The default runtime: started by the first eager_task that is called outside a runtime, ended by exit().
//
// It is found by one atomic pointer, without a lock, as the child of a fork would inherit a lock that nobody unlocks. Two
// threads that are first at the same time both start one, and the second gives its own up. A child finds that of its
// parent, which has no threads here, and starts another; its parent's is never touched.
#include <cstdlib>
#include <memory>

#include <jay/eager_task.hpp>
#include <jay/event_loop.hpp>
#include <jay/runtime.hpp>

namespace jay::detail {

/// Its event loop runs from the beginning to the end.
class default_loop {
 public:
  default_loop() { loop_.core_->run_by_itself(); }
  default_loop(const default_loop&) = delete;
  ~default_loop() { loop_.core_->end_run(); }

  jay::scheduler& scheduler() noexcept { return loop_.scheduler(); }
  bool usable() noexcept { return !stayed_in_parent(scheduler()); }
  void run_out() { loop_.runtime_->run_out(); }

 private:
  event_loop loop_;
};

namespace {

atomic<default_loop*> the_default{nullptr};

// A task that calls exit() would wait for itself: then everything is left as it is, as after _exit.
void end_default() noexcept {
  default_loop* l = the_default.load(std::memory_order_acquire);  // [DR1]
  if (current_scheduler() || !l || !l->usable()) return;
  l->run_out();
  the_default.store(nullptr, std::memory_order_release);  // [DR1] release: who starts another comes after this one
  delete l;
}

default_loop& default_runtime() {
  default_loop* l = the_default.load(std::memory_order_acquire);  // [DR1] acquire: with who has made it
  if (l && l->usable()) return *l;
  auto fresh = std::make_unique<default_loop>();
  // [DR1] acq_rel: what it is made of; or that of who was faster
  if (!the_default.compare_exchange_strong(l, fresh.get(), std::memory_order_acq_rel)) return *l;
  std::atexit(&end_default);
  return *fresh.release();
}

}  // namespace

scheduler& scheduler_or_default() {
  scheduler* s = current_scheduler();
  return s ? *s : default_runtime().scheduler();
}

guest_worker::guest_worker(scheduler& s) {
  if (this_worker || s.config().order == order::asyncio) return;  // there only the one worker runs tasks
  self_.emplace(s, static_cast<unsigned>(s.workers()), true);
  this_worker = &*self_;
}
guest_worker::~guest_worker() {
  if (self_) this_worker = nullptr;
}

}  // namespace jay::detail
