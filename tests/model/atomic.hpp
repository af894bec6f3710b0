// SPDX-License-Identifier: MIT
// model::atomic<T>: std::atomic's interface on the engine. T: integers, bool, enums, pointers; up to 8 bytes.
// One made outside an execution (a global) begins each execution with its initial value again.
#pragma once
#include <cstring>
#include <type_traits>

#include "engine.hpp"

namespace model {

template <class T>
class atomic {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  using order = std::memory_order;
  static constexpr order sc = std::memory_order_seq_cst;

 public:
  using value_type = T;

  constexpr atomic() noexcept : atomic(T{}) {}
  constexpr atomic(T value) noexcept : initial_(value) {  // NOLINT: implicit, as in std::atomic
    if (!std::is_constant_evaluated()) id();
  }
  ~atomic() {
    if (execution_ != 0 && execution_ == engine::current_execution()) engine::retire_location(id_);
  }
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(order o = sc, const place& where = place::current()) const noexcept {
    return live() ? decode(engine::load(id(), o, where)) : initial_;
  }
  void store(T value, order o = sc, const place& where = place::current()) noexcept {
    if (live()) engine::store(id(), encode(value), o, where);
    else initial_ = value;
  }
  T exchange(T value, order o = sc, const place& where = place::current()) noexcept {
    return fetch([](std::uint64_t, std::uint64_t operand) { return operand; }, encode(value), o, op::exchange, where);
  }
  bool compare_exchange_strong(T& expected, T desired, order o, order failure,
                               const place& where = place::current()) noexcept {
    return compare_exchange(expected, desired, o, failure, false, where);
  }
  bool compare_exchange_strong(T& expected, T desired, order o = sc, const place& where = place::current()) noexcept {
    return compare_exchange(expected, desired, o, for_failure(o), false, where);
  }
  bool compare_exchange_weak(T& expected, T desired, order o, order failure,
                             const place& where = place::current()) noexcept {
    return compare_exchange(expected, desired, o, failure, true, where);
  }
  bool compare_exchange_weak(T& expected, T desired, order o = sc, const place& where = place::current()) noexcept {
    return compare_exchange(expected, desired, o, for_failure(o), true, where);
  }
  template <class D>
  T fetch_add(D d, order o = sc, const place& where = place::current()) noexcept {
    if constexpr (std::is_pointer_v<T>) return arithmetic<'p'>(static_cast<std::ptrdiff_t>(d), o, where);
    else return arithmetic<'+'>(static_cast<T>(d), o, where);
  }
  template <class D>
  T fetch_sub(D d, order o = sc, const place& where = place::current()) noexcept {
    if constexpr (std::is_pointer_v<T>) return arithmetic<'p'>(-static_cast<std::ptrdiff_t>(d), o, where);
    else return arithmetic<'-'>(static_cast<T>(d), o, where);
  }
  T fetch_or(T d, order o = sc, const place& where = place::current()) noexcept { return arithmetic<'|'>(d, o, where); }
  T fetch_and(T d, order o = sc, const place& where = place::current()) noexcept {
    return arithmetic<'&'>(d, o, where);
  }
  T fetch_xor(T d, order o = sc, const place& where = place::current()) noexcept {
    return arithmetic<'^'>(d, o, where);
  }

  operator T() const noexcept { return load(); }
  T operator=(T value) noexcept {
    store(value);
    return value;
  }
  T operator++() noexcept { return static_cast<T>(fetch_add(1) + 1); }
  T operator++(int) noexcept { return fetch_add(1); }
  T operator--() noexcept { return static_cast<T>(fetch_sub(1) - 1); }
  T operator--(int) noexcept { return fetch_sub(1); }
  T operator+=(T d) noexcept { return static_cast<T>(fetch_add(d) + d); }
  T operator-=(T d) noexcept { return static_cast<T>(fetch_sub(d) - d); }
  bool is_lock_free() const noexcept { return true; }

  int model_location() const { return id(); }

 private:
  mutable T initial_;
  mutable int id_ = -1;
  mutable std::uint64_t execution_ = 0;

  static bool live() { return engine::current_execution() != 0; }
  int id() const {
    if (std::uint64_t now = engine::current_execution(); execution_ != now) {
      // Made in an earlier execution, or in none: its construction comes before this execution's set-up.
      id_ = engine::add_location(encode(initial_));
      execution_ = now;
    }
    return id_;
  }
  static std::uint64_t encode(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  }
  static T decode(std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  static constexpr order for_failure(order o) {
    return o == std::memory_order_acq_rel   ? std::memory_order_acquire
           : o == std::memory_order_release ? std::memory_order_relaxed
                                            : o;
  }
  T fetch(engine::update f, std::uint64_t operand, order o, op kind, const place& where) {
    if (live()) return decode(engine::fetch(id(), f, operand, o, kind, where));
    T old = initial_;
    initial_ = decode(f(encode(old), operand));
    return old;
  }
  bool compare_exchange(T& expected, T desired, order o, order failure, bool weak, const place& where) {
    if (!live()) {
      bool equal = encode(initial_) == encode(expected);
      (equal ? initial_ : expected) = equal ? desired : initial_;
      return equal;
    }
    std::uint64_t bits = encode(expected);
    bool success = engine::compare_exchange(id(), bits, encode(desired), o, failure, weak, where);
    if (!success) expected = decode(bits);
    return success;
  }
  template <char Operation, class D>
  T arithmetic(D operand, order o, const place& where) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &operand, sizeof operand);
    return fetch(
        [](std::uint64_t old_bits, std::uint64_t operand_bits) {
          T old = decode(old_bits);
          D d;
          std::memcpy(&d, &operand_bits, sizeof d);
          if constexpr (Operation == '+') return encode(static_cast<T>(old + d));
          else if constexpr (Operation == '-') return encode(static_cast<T>(old - d));
          else if constexpr (Operation == 'p') return encode(old + d);
          else if constexpr (Operation == '|') return encode(static_cast<T>(old | d));
          else if constexpr (Operation == '&') return encode(static_cast<T>(old & d));
          else return encode(static_cast<T>(old ^ d));
        },
        bits, o, op::fetch, where);
  }
};

}  // namespace model
