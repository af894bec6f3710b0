// SPDX-License-Identifier: MIT
// The descriptors of a user's that an event loop watches: add_reader and add_writer.
//
// Such a descriptor stands in the reactor's epoll instance armed for one event. The event has the loop call the handler (by
// call_soon), and when that has been called the descriptor is armed again, which the kernel answers with another event if it is
// still ready. So a handler is called again and again while the descriptor is ready, as asyncio's is, and never twice at once.
//
//   direction      armed for its event   entered by
//   no handler     no                    remove
//   waits          yes                   add, the end of a call
//   queued         no                    the event, until the end of the call
//
// An event may be out of date when its call comes: somebody has read meanwhile, or the event was fetched before the handler was
// removed and another one added. So poll(2) is asked before each call, and a handler is never called for nothing.
//
// A watch is there for its descriptor's number until the runtime's end, as an event may still point to it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include <jay/detail/reactor.hpp>
#include <jay/detail/services.hpp>
#include <jay/detail/slot.hpp>
#include <jay/event_loop.hpp>

namespace jay::detail {

class loop_descriptors final : public service {
 public:
  using handler = std::function<void()>;

  explicit loop_descriptors(scheduler& s) noexcept : reactor_(reactor_of(s)) {}
  static service_key key;

  /// Watches none any more.
  void stop(ending& e) noexcept override;

  /// In the place of the handler of this direction, if there is one. `what` is named by errors.
  void add(const char* what, int fd, direction d, handler f, event_loop& l);
  /// False: it has none.
  bool remove(int fd, direction d) noexcept;
  bool any() const noexcept;

 private:
  struct side {
    std::shared_ptr<const handler> call;
    bool queued = false;
  };
  /// Its members are guarded by the service's mutex.
  struct watch final : source {
    watch(loop_descriptors& o, int f) noexcept : owner(o), fd(f) {}
    void on_events(std::uint32_t events, ready_list&) noexcept override { owner.ready(*this, events); }
    side& at(direction d) noexcept { return sides[static_cast<std::size_t>(d)]; }
    bool watched() const noexcept { return sides[0].call || sides[1].call; }

    loop_descriptors& owner;
    const int fd;
    std::array<side, 2> sides;
    bool registered = false;  // with the reactor
  };

  void ready(watch& w, std::uint32_t events) noexcept;
  void call(watch& w, direction d);
  /// errno, or 0.
  int arm(watch& w) noexcept;

  reactor& reactor_;
  mutable std::mutex mutex_;  // guards what follows
  event_loop* loop_ = nullptr;
  std::map<int, std::unique_ptr<watch>> all_;  // by descriptor
};

}  // namespace jay::detail
