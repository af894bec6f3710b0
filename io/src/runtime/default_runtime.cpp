// SPDX-License-Identifier: MIT
// The default runtime: started by the first eager_task that is called outside a runtime, ended by exit().
//
// It is found by one atomic pointer, without a lock, as the child of a fork would inherit a lock that nobody unlocks. Two
// threads that are first at the same time both start one, and the second gives its own up. A child finds that of its
// parent, which has no threads here, and starts another; its parent's is never touched.
#include <cstdlib>
#include <memory>

#include <jay/eager_task.hpp>
#include <jay/runtime.hpp>

namespace jay::detail {
namespace {

atomic<runtime*> the_default{nullptr};

bool usable(runtime* r) noexcept { return r && !stayed_in_parent(r->scheduler()); }

// A task that calls exit() would wait for itself: then everything is left as it is, as after _exit.
void end_default() noexcept {
  runtime* r = the_default.load(std::memory_order_acquire);  // [DR1]
  if (current_scheduler() || !usable(r)) return;
  r->run_out();
  the_default.store(nullptr, std::memory_order_release);  // [DR1] release: who starts another comes after this one
  delete r;
}

runtime& default_runtime() {
  runtime* r = the_default.load(std::memory_order_acquire);  // [DR1] acquire: with who has made it
  if (usable(r)) return *r;
  auto fresh = std::make_unique<runtime>();
  // [DR1] acq_rel: what it is made of; or that of who was faster
  if (!the_default.compare_exchange_strong(r, fresh.get(), std::memory_order_acq_rel)) return *r;
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
