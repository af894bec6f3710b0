// SPDX-License-Identifier: MIT
// Where a coroutine puts its result: in the frame of whoever awaits it (or in the task's state), never in its own, so
// that its own frame can go before the result is looked at.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <jay/unit.hpp>

namespace jay::detail {

enum class outcome_state { empty, value, error };

/// T by value; a reference is kept as a pointer, void as unit.
template <class T>
class outcome {
  static constexpr bool is_reference = std::is_reference_v<T>;

 public:
  using stored = std::conditional_t<std::is_void_v<T>, unit,
                                    std::conditional_t<is_reference, std::add_pointer_t<T>, std::remove_cv_t<T>>>;
  /// What the awaiting expression gives.
  using given = std::conditional_t<std::is_void_v<T>, unit, T>;

  outcome() noexcept {}
  outcome(const outcome&) = delete;
  // A result of trivial type needs no care; an error does, but is always taken (take, error) by the one who awaits.
  ~outcome() {
    if constexpr (!std::is_trivially_destructible_v<stored>) reset();
  }

  template <class U>
  void set_value(U&& u) {
    if constexpr (is_reference) value_ = std::addressof(u);
    else std::construct_at(std::addressof(value_), std::forward<U>(u));
    state_ = outcome_state::value;
  }
  void set_error(std::exception_ptr e) noexcept {
    reset();
    std::construct_at(&error_, std::move(e));
    state_ = outcome_state::error;
  }
  outcome_state state() const noexcept { return state_; }
  std::exception_ptr& error() noexcept { return error_; }
  const std::exception_ptr& error() const noexcept { return error_; }
  stored& value() noexcept { return value_; }
  const stored& value() const noexcept { return value_; }

  /// Rethrows the error, leaving this empty.
  void check() {
    if (state_ == outcome_state::error) [[unlikely]] std::rethrow_exception(take_error());
  }
  std::exception_ptr take_error() noexcept {
    std::exception_ptr e = std::move(error_);
    reset();
    return e;
  }
  given take() {
    check();
    if constexpr (is_reference) return static_cast<T>(*value_);
    else return std::move(value_);
  }
  void reset() noexcept {
    if (state_ == outcome_state::value) std::destroy_at(std::addressof(value_));
    else if (state_ == outcome_state::error) std::destroy_at(&error_);
    state_ = outcome_state::empty;
  }

 private:
  union {
    stored value_;
    std::exception_ptr error_;
  };
  outcome_state state_ : 8 = outcome_state::empty;
};

}  // namespace jay::detail
