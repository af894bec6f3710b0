// SPDX-License-Identifier: MIT
#include <jay/detail/slot_awaiter.hpp>

#include <stdexcept>
#include <string>
#include <system_error>

#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

namespace jay::detail {

void slot_awaiter::start() noexcept {
  begun_ = finished_ = true;
  if (!slot_) {
    result_ = -EBADF;
    return;
  }
  switch (slot_.stream->start(direction_, slot_.incarnation, *this)) {
    case byte_stream::progress::closed: result_ = -EBADF; return;
    case byte_stream::progress::busy: result_ = -EBUSY; return;
    case byte_stream::progress::waits: finished_ = false; return;
    default: return;
  }
}

bool slot_awaiter::park() noexcept {
  if (!begun_) {
    if (refused()) return false;
    start();
    if (finished_) return !go_on_at_once(*this);
  }
  switch (slot_.stream->park(direction_, *this)) {
    case byte_stream::progress::suspended: return true;  // *this may be gone
    case byte_stream::progress::closed: closed(); return false;
    default: return false;
  }
}

// On behalf of the strand, whose frame this thread owns by its claim.
bool slot_awaiter::rearm() noexcept {
  leave();
  return waiter::arm();
}

void slot_awaiter::ended(ready_list* out) noexcept {
  if (out && this_worker->sched == &owner->sched()) out->add(frame);  // else it waits for another runtime's socket
  else wake();
}

void slot_awaiter::fail(const char* what) const {
  int e = static_cast<int>(-result_);
  std::string text = std::string(what) + " " + slot_.describe();
  if (e == EBUSY)
    throw std::runtime_error(text + ": this is already being awaited by another task; one at a time may");
  if (e == ECANCELED) text = std::string(what) + ": the socket was closed while this was awaited";
  if (e == EBADF) text = std::string(what) + ": the socket is closed";
  throw std::system_error(e, std::generic_category(), text);
}

}  // namespace jay::detail
