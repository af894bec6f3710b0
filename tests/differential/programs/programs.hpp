// SPDX-License-Identifier: MIT
// Small programs that stand here twice, in C++ and in Python (the folder's .py of the theme), each of which shows one rule of
// asyncio. Both say lines, and the lines have to agree.
//
//   PROGRAM(Gather, TheFirstErrorIsPassedOnAtOnce) { ... say("caught", e); }        gather.py: the_first_error_is_passed_on_at_once
//
// is a test of that name, and the body of a coroutine that runs in asyncio's order. LOOP_PROGRAM's body is a plain function,
// which makes its loops itself (in_order). What say(), outcome() and the like mean stands in programs.py, where it is shortest.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <jay/jay.hpp>

namespace jay::differential::programs {

using namespace std::chrono_literals;

class oops : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

std::string error(const std::exception_ptr& e);

inline std::string text(bool b) { return b ? "true" : "false"; }
inline std::string text(const std::string& s) { return s; }
inline std::string text(const char* s) { return s; }
inline std::string text(std::string_view s) { return std::string(s); }
inline std::string text(const std::exception_ptr& e) { return e ? error(e) : "none"; }
inline std::string text(const jay::unit&) { return "none"; }
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
std::string text(T n) {
  return std::to_string(n);
}
template <class T>
std::string text(const std::optional<T>& v) {
  return v ? text(*v) : "none";
}
template <class T>
std::string text(const jay::result<T>& r) {
  if (r.cancelled()) return "cancelled()";
  if (!r.has_value()) return error(r.error());
  if constexpr (std::is_void_v<T>) return "none";
  else return text(r.value());
}
template <class T>
std::string text(const std::vector<T>& v) {
  std::string s;
  for (const T& one : v) s += (s.empty() ? "" : ", ") + text(one);
  return "[" + s + "]";
}

/// Any thread.
void say_line(std::string line);
template <class... T>
void say(const T&... v) {
  std::string line;
  ((line += (line.empty() ? "" : " ") + text(v)), ...);
  say_line(std::move(line));
}

/// Takes a task or an operation over; a handle or a future is shared.
template <class Op>
jay::task<std::string> outcome(Op op) {
  using T = detail::op_result_t<Op>;
  std::string said;
  try {
    if constexpr (std::is_void_v<T>) {
      if constexpr (detail::is_unowned<Op>) co_await op;
      else co_await std::move(op);
      said = "none";
    } else if constexpr (detail::is_unowned<Op>) {
      const auto& v = co_await op;
      said = text(v);
    } else {
      auto v = co_await std::move(op);
      said = text(v);
    }
  } catch (...) {
    said = error(std::current_exception());
  }
  co_return said;
}
template <class F>
std::string outcome_of_call(F f) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      f();
      return "none";
    } else {
      return text(f());
    }
  } catch (...) {
    return error(std::current_exception());
  }
}

jay::task<> turns(int n);
jay::task<> forever();
jay::task<int> value_after(int n, int value);
jay::task<int> oops_after(int n, std::string message);

/// One worker, asyncio's order.
jay::config in_order();

void compare(const char* theme, const char* name, jay::task<> (*program)());
void compare(const char* theme, const char* name, void (*program)());
/// All that are in this process, for the test that none is missing.
bool enlist(const char* theme, const char* name);

}  // namespace jay::differential::programs

#define JAY_PROGRAM(result, theme, name)                                                                      \
  static result name##_program();                                                                             \
  [[maybe_unused]] static const bool name##_is_enlisted = jay::differential::programs::enlist(#theme, #name); \
  TEST(theme, name) { jay::differential::programs::compare(#theme, #name, &name##_program); }                 \
  static result name##_program()
#define PROGRAM(theme, name) JAY_PROGRAM(jay::task<>, theme, name)
#define LOOP_PROGRAM(theme, name) JAY_PROGRAM(void, theme, name)
