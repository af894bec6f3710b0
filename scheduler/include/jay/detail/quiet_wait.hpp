// SPDX-License-Identifier: MIT
// Waits until a task or future is done, without a throw and without taking part in it: a cancel ends the wait only.
#pragma once

#include <optional>
#include <string>

#include <jay/detail/shared_state.hpp>

namespace jay::detail {

class JAY_API quiet_wait : leaf {
 public:
  using leaf::jay_awaiter;
  explicit quiet_wait(shared_state* s) noexcept : target_(s) {}
  bool await_ready() const noexcept { return target_->done(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    prepare(h);
    return suspend();
  }
  /// The message of a cancel that came before; nothing: the target is done.
  std::optional<std::string> await_resume() noexcept {
    if (!owner) return std::nullopt;
    return resumed();
  }

 private:
  bool suspend();
  std::optional<std::string> resumed() noexcept;
  shared_state* target_;  // kept by who waits
};

/// Throws std::runtime_error if the task of `waiting` is the target itself.
JAY_API void refuse_self(const scope& waiting, const shared_state& target);

}  // namespace jay::detail
