// SPDX-License-Identifier: MIT
// call_handle: what call_soon, call_later and call_at give. asyncio.Handle and asyncio.TimerHandle.
#pragma once

#include <optional>

#include <jay/detail/scheduled_call.hpp>

namespace jay {

/// Copies stand for the same call. Any thread may use it, also when the loop has been closed. Empty by default.
class call_handle {
 public:
  call_handle() noexcept = default;
  /// For the library.
  explicit call_handle(detail::state_ptr<detail::scheduled_call> c) noexcept : call_(std::move(c)) {}

  /// The function is not called any more, and is destroyed here with its arguments; nothing if it has been called, or is
  /// being called.
  void cancel() {
    if (call_) call_->cancel();
  }
  bool cancelled() const noexcept { return call_ && call_->cancelled(); }
  /// When call_later or call_at is to call it; nothing for call_soon.
  std::optional<time_point> when() const noexcept { return call_ ? call_->when() : std::nullopt; }

 private:
  friend class event_loop;
  detail::state_ptr<detail::scheduled_call> call_;
};

}  // namespace jay
