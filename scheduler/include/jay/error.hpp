// SPDX-License-Identifier: MIT
// Every exception type of the library. asyncio's names and places in the hierarchy: cancelled_error is no std::exception,
// as Python's CancelledError is no Exception, so that `catch (const std::exception&)` never eats a cancel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <jay/detail/export.hpp>

namespace jay {

/// Thrown by a suspension point of a task that was cancelled. Catching it and going on is allowed.
class JAY_API cancelled_error {
 public:
  explicit cancelled_error(std::string message = {}) : message_(std::make_shared<const std::string>(std::move(message))) {}
  const std::string& message() const noexcept { return *message_; }

 private:
  std::shared_ptr<const std::string> message_;  // copying an exception must not throw
};

/// Thrown at the co_yield where an async_generator that is closed stands. No std::exception, as Python's GeneratorExit is no
/// Exception. What catches it rethrows it, or returns.
class JAY_API generator_exit {};

/// Ends a run that was interrupted by SIGINT.
class JAY_API keyboard_interrupt {};

class JAY_API timeout_error : public std::runtime_error {
 public:
  explicit timeout_error(const std::string& what = "timed out") : runtime_error(what) {}
};

class JAY_API invalid_state_error : public std::runtime_error {
 public:
  explicit invalid_state_error(const std::string& what) : runtime_error(what) {}
};

class JAY_API queue_empty : public std::runtime_error {
 public:
  queue_empty() : runtime_error("get_nowait: the queue is empty") {}
};
class JAY_API queue_full : public std::runtime_error {
 public:
  queue_full() : runtime_error("put_nowait: the queue is full") {}
};
class JAY_API queue_shut_down : public std::runtime_error {
 public:
  queue_shut_down() : runtime_error("the queue is shut down") {}
};

class JAY_API broken_barrier_error : public std::runtime_error {
 public:
  explicit broken_barrier_error(const std::string& what = "the barrier is broken") : runtime_error(what) {}
};

/// The other side of a channel has gone, and everything that it had sent was taken.
class JAY_API channel_closed : public std::runtime_error {
 public:
  explicit channel_closed(const std::string& what) : runtime_error(what) {}
};
/// The receiver of a broadcast was too slow: `missed` values are gone. The next one is there.
class JAY_API lagged_error : public std::runtime_error {
 public:
  explicit lagged_error(std::uint64_t n);
  std::uint64_t missed;
};

/// The stream ended before all that was asked for had come.
class JAY_API incomplete_read_error : public std::runtime_error {
 public:
  incomplete_read_error(std::string read, std::optional<std::size_t> wanted);
  std::string partial;                  ///< what was read before the end
  std::optional<std::size_t> expected;  ///< bytes asked for; nothing if a separator was
};

/// No separator within the stream's limit; `consumed` bytes are to be read off before going on.
class JAY_API limit_overrun_error : public std::runtime_error {
 public:
  limit_overrun_error(const std::string& what, std::size_t n) : runtime_error(what), consumed(n) {}
  std::size_t consumed;
};

/// Several errors at once; what() has the message and how many there are. Groups may be nested.
class JAY_API exception_group : public std::runtime_error {
 public:
  exception_group(std::string message, std::vector<std::exception_ptr> exceptions);

  const std::string& message() const noexcept { return state_->message; }
  std::span<const std::exception_ptr> exceptions() const noexcept { return state_->exceptions; }

  /// The part whose leaves are E (nesting kept), and the rest.
  template <class E>
  std::pair<std::optional<exception_group>, std::optional<exception_group>> split() const {
    return split_if([](const std::exception_ptr& e) {
      try {
        std::rethrow_exception(e);
      } catch (const E&) {
        return true;
      } catch (...) {
        return false;  // only looked at, kept in the rest
      }
    });
  }

 private:
  struct state {
    std::string message;
    std::vector<std::exception_ptr> exceptions;
  };
  std::pair<std::optional<exception_group>, std::optional<exception_group>> split_if(
      bool (*matches)(const std::exception_ptr&)) const;
  std::shared_ptr<const state> state_;
};

/// Python's `except*`: calls handler(const exception_group&) with the part of type E, if any, and rethrows the rest, if
/// any.
template <class E, class Handler>
void except_star(const exception_group& group, Handler&& handler) {
  auto [matching, rest] = group.split<E>();
  if (matching) std::forward<Handler>(handler)(std::as_const(*matching));
  if (rest) throw *rest;
}

namespace detail {
/// Is it a cancelled_error? Looks at the type only; nothing is thrown.
JAY_API bool is_cancelled_error(const std::exception_ptr& e) noexcept;
JAY_API bool is_generator_exit(const std::exception_ptr& e) noexcept;
}  // namespace detail

}  // namespace jay
