// SPDX-License-Identifier: MIT
// The signals that an event loop handles. A handler of the process counts the signal and writes to the loop's eventfd, which
// is all that it may; an I/O thread finds that, and gives the loop the call. One loop has a signal at a time.
#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>

#include <jay/detail/reactor.hpp>
#include <jay/detail/services.hpp>
#include <jay/event_loop.hpp>

namespace jay::detail {

class loop_signals final : public service, source {
 public:
  using handler = std::function<void()>;

  explicit loop_signals(scheduler& s);
  ~loop_signals() override;
  static service_key key;

  /// Takes the default action back from each of its signals.
  void stop(ending& e) noexcept override;

  void add(int signal, handler f, event_loop& l);
  /// False: it has none.
  bool remove(int signal) noexcept;
  bool any() const noexcept;

 private:
  static constexpr int signals = 65;
  void on_events(std::uint32_t, ready_list&) noexcept override;
  void deliver(int signal) noexcept;

  int fd_ = -1;
  mutable std::mutex mutex_;  // guards what follows
  event_loop* loop_ = nullptr;
  std::array<std::shared_ptr<const handler>, signals> handlers_;
};

}  // namespace jay::detail
