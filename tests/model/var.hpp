// SPDX-License-Identifier: MIT
// model::var<T>: plain data whose unsynchronised use by two threads, one of them writing, fails the execution. A race is
// found by happens-before, in whichever order the accesses come, so accesses are no choices of the engine.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include "engine.hpp"

namespace model {

// A value on its way into a var, with the place of the assignment.
template <class T>
struct placed {
  template <class U>
    requires std::is_convertible_v<U, T>
  placed(U&& v, const place& w = place::current()) : value(std::forward<U>(v)), where(w) {}  // NOLINT: implicit
  T value;
  place where;
};

template <class T>
class var {
 public:
  var() { write(); }
  var(T value) : value_(std::move(value)) { write(); }  // NOLINT: implicit, to stand for T
  var(const var& other) : value_(other.get()) { write(); }
  ~var() {
    write();
    *const_cast<volatile bool*>(&destroyed_) = true;  // volatile: else the compiler leaves out stores to what dies
  }
  // The copy assignment takes no const var&, lest `v = value` could also make a var of the value.
  var& operator=(var& other) { return copy(other); }
  template <std::same_as<var> V>
  var& operator=(const V& other) {
    return copy(other);
  }
  var& operator=(placed<T> p) {
    if (engine::running() && engine::assignment_left_out(p.where)) [[unlikely]]
      return *this;
    write();
    value_ = std::move(p.value);
    return *this;
  }

  const T& get() const {
    read();
    return value_;
  }
  T& ref() {  // counts as a write
    write();
    return value_;
  }
  operator const T&() const { return get(); }
  T operator->() const
    requires std::is_pointer_v<T>
  {
    return get();
  }
  decltype(auto) operator*() const
    requires(std::is_pointer_v<T> && !std::is_void_v<std::remove_pointer_t<T>>)
  {
    return *get();
  }
  explicit operator bool() const
    requires(!std::is_same_v<T, bool> && !std::is_arithmetic_v<T>)
  {
    return static_cast<bool>(get());
  }
  var& operator++() {
    ++ref();
    return *this;
  }
  var& operator--() {
    --ref();
    return *this;
  }
  T operator++(int) { return ref()++; }
  T operator--(int) { return ref()--; }
  template <class D>
  var& operator+=(const D& d) {
    ref() += d;
    return *this;
  }
  template <class D>
  var& operator-=(const D& d) {
    ref() -= d;
    return *this;
  }
  template <class D>
  var& operator|=(const D& d) {
    ref() |= d;
    return *this;
  }
  template <class D>
  var& operator&=(const D& d) {
    ref() &= d;
    return *this;
  }

 private:
  T value_{};
  mutable std::array<std::uint32_t, max_threads> read_at_{};
  mutable std::uint64_t execution_ = 0;
  mutable std::uint32_t written_at_ = 0;
  mutable int writer_ = -1;
  bool destroyed_ = false;

  var& copy(const var& other) {
    T value = other.get();
    write();
    value_ = std::move(value);
    return *this;
  }
  memory_view* view() const {
    memory_view* v = engine::running();
    if (v && execution_ != engine::current_execution()) {  // written by the set-up at the latest
      execution_ = engine::current_execution();
      read_at_ = {};
      writer_ = -1;
    }
    return v;
  }
  void read() const {
    if (memory_view* v = view()) {
      if (*const_cast<const volatile bool*>(&destroyed_)) fail("a plain variable is used after its destruction");
      if (!v->now.covers(writer_, written_at_)) fail("data race: a read of a plain variable against a write");
      read_at_[static_cast<std::size_t>(v->thread)] = v->time();
    }
  }
  void write() const {
    if (memory_view* v = view()) {
      if (*const_cast<const volatile bool*>(&destroyed_)) fail("a plain variable is used after its destruction");
      if (!v->now.covers(writer_, written_at_)) fail("data race: a write of a plain variable against a write");
      if (!v->now.covers_all(read_at_)) fail("data race: a write of a plain variable against a read");
      writer_ = v->thread;
      written_at_ = v->time();
    }
  }
};

}  // namespace model
