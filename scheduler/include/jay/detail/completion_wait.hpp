// SPDX-License-Identifier: MIT
// Waits until a task or future is done, without a throw and without taking part in it: a cancel ends the wait only.
#pragma once

#include <optional>
#include <string>

#include <jay/detail/shared_state.hpp>

namespace jay::detail {

class JAY_API completion_wait : public suspends<completion_wait> {
 public:
  /// `told`: the strand knows that its scope is cancelled for good, and waits all the same.
  explicit completion_wait(shared_state* s, bool told = false) noexcept : target_(s), told_(told) {}
  bool await_ready() const noexcept { return this_worker->spend() && target_->done(); }
  /// The message of a cancel that came before; nothing: the target is done.
  std::optional<std::string> await_resume() noexcept {
    if (!owner) return std::nullopt;
    return resumed();
  }

  static constexpr auto awaits = awaited::completion;
  /// Of one that is suspended.
  state_ptr<shared_state> shared_target() const noexcept { return state_ptr<shared_state>::share(target_); }

 private:
  friend suspends<completion_wait>;
  bool suspend();
  std::optional<std::string> resumed() noexcept;
  shared_state* target_;  // kept by who waits
  bool told_;
};

/// A cancel that was taken, and that nobody could be told of, is due again at the next suspension. Does not suspend.
struct cancel_again {
  using jay_awaiter = void;
  cancel_again() noexcept {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    std::uintptr_t context = h.promise().context;
    scope_of(context)->make_due(h.promise(), is_forked(context));
    return false;
  }
  void await_resume() const noexcept {}
};

/// Throws std::runtime_error if the task of `waiting` is the target itself.
JAY_API void refuse_self(const scope& waiting, const shared_state& target);

}  // namespace jay::detail
