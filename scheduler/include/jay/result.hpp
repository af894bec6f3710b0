// SPDX-License-Identifier: MIT
// result<T>: what became of an operation, without a throw: a value, an error, or cancelled.
#pragma once

#include <exception>
#include <utility>

#include <jay/detail/outcome.hpp>
#include <jay/error.hpp>

namespace jay {

template <class T>
class [[nodiscard]] result {
  using outcome = detail::outcome<T>;

 public:
  using value_type = T;
  result() = default;  // empty: value() throws invalid_state_error
  result(result&& o) noexcept(std::is_nothrow_move_constructible_v<typename outcome::stored>) { take_from(o.outcome_); }
  result& operator=(result&& o) noexcept(std::is_nothrow_move_constructible_v<typename outcome::stored>) {
    if (this != &o) {
      outcome_.reset();
      take_from(o.outcome_);
    }
    return *this;
  }
  result(const result& o)
    requires std::is_copy_constructible_v<typename outcome::stored>
  {
    copy_from(o);
  }
  result& operator=(const result& o)
    requires std::is_copy_constructible_v<typename outcome::stored>
  {
    if (this != &o) {
      outcome_.reset();
      copy_from(o);
    }
    return *this;
  }
  ~result() { outcome_.reset(); }
  /// For the library: takes the outcome over.
  explicit result(outcome& o) { take_from(o); }
  static result failure(std::exception_ptr e) {
    result r;
    r.outcome_.set_error(std::move(e));
    return r;
  }

  bool has_value() const noexcept { return outcome_.state() == detail::outcome_state::value; }
  explicit operator bool() const noexcept { return has_value(); }
  /// The value; rethrows the error, or cancelled_error.
  decltype(auto) value() & { return checked(); }
  decltype(auto) value() const& { return const_cast<result*>(this)->checked(); }
  typename outcome::given value() && {
    checked();
    return outcome_.take();
  }
  /// Null if there is a value.
  std::exception_ptr error() const noexcept {
    return outcome_.state() == detail::outcome_state::error ? const_cast<outcome&>(outcome_).error() : nullptr;
  }
  bool cancelled() const noexcept { return detail::is_cancelled_error(error()); }

 private:
  auto& checked() {
    if (outcome_.state() == detail::outcome_state::error) std::rethrow_exception(outcome_.error());
    if (outcome_.state() == detail::outcome_state::empty) throw invalid_state_error("result: there is none yet");
    if constexpr (std::is_reference_v<T>) return *outcome_.value();
    else return outcome_.value();
  }
  void take_from(outcome& o) {
    if (o.state() == detail::outcome_state::value) {
      if constexpr (std::is_reference_v<T>) outcome_.set_value(*o.value());
      else outcome_.set_value(std::move(o.value()));
      o.reset();
    } else if (o.state() == detail::outcome_state::error) {
      take_error_from(o);
    }
  }
  // out of line: inlined, g++ 12 takes the union's other member for uninitialised
  [[gnu::noinline]] void take_error_from(outcome& o) { outcome_.set_error(o.take_error()); }
  void copy_from(const result& o) {
    if (o.has_value()) {
      if constexpr (std::is_reference_v<T>) outcome_.set_value(*const_cast<outcome&>(o.outcome_).value());
      else outcome_.set_value(o.outcome_.value());
    } else if (auto e = o.error()) {
      outcome_.set_error(std::move(e));
    }
  }
  outcome outcome_;
};

}  // namespace jay
