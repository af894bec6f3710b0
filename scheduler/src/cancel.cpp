// SPDX-License-Identifier: MIT
#include <jay/cancel.hpp>

#include <stdexcept>

#include <jay/detail/task_state.hpp>
#include <jay/error.hpp>

namespace jay {
namespace detail {

bool checkpoint_awaiter::take(promise_base& p) noexcept { return owner->take_cancel(p); }
void checkpoint_awaiter::yield() noexcept { schedule_last(*owner->sched, frame); }

struct stop_box {
  std::stop_source source;
};

void request_stop(stop_box& b) noexcept { b.source.request_stop(); }
void drop_stop(stop_box* b) noexcept { delete b; }

}  // namespace detail

void check_cancelled() {
  detail::scope* s = detail::current_scope();
  if (s && s->word.take_pending()) s->throw_cancelled();
}

std::stop_token get_stop_token() {
  detail::scope* s = detail::current_scope();
  if (!s) throw std::runtime_error("get_stop_token: no task is running here");
  detail::stop_box* box = s->stop.load(std::memory_order_acquire);
  if (!box) {
    auto fresh = std::make_unique<detail::stop_box>();
    // acq_rel: the box, to the cancellers; a sibling that shares the scope may have been faster
    if (s->stop.compare_exchange_strong(box, fresh.get(), std::memory_order_acq_rel)) box = fresh.release();
    // A canceller that came before it saw no box.
    if (s->word.pending()) box->source.request_stop();
  }
  return box->source.get_token();
}

}  // namespace jay
