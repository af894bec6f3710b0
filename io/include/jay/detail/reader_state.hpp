// SPDX-License-Identifier: MIT
// What a stream_reader holds: bytes that have come and were not asked for yet, and where more come from: a connection, or
// somebody who feeds them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <jay/detail/connection.hpp>
#include <jay/detail/op.hpp>
#include <jay/detail/slot_awaiter.hpp>

namespace jay::detail {

/// Bytes in at the end, out at the front, without moving the rest each time.
class byte_queue {
 public:
  std::size_t size() const noexcept { return bytes_.size() - begin_; }
  bool empty() const noexcept { return size() == 0; }
  std::string_view view() const noexcept { return std::string_view(bytes_).substr(begin_); }

  void append(std::string_view data) {
    if (empty()) {
      bytes_.clear();
      begin_ = 0;
    }
    bytes_.append(data);
  }
  /// The first n, at most all.
  std::string take(std::size_t n) {
    if (n >= size() && begin_ == 0) return std::exchange(bytes_, {});
    std::string front(view().substr(0, n));
    drop(n);
    return front;
  }
  void drop(std::size_t n) noexcept {
    begin_ += (std::min)(n, size());
    if (begin_ == bytes_.size()) {
      bytes_.clear();
      begin_ = 0;
    } else if (begin_ > bytes_.size() / 2 && begin_ > 4096) {
      bytes_.erase(0, begin_);  // moves less than was taken since the last time
      begin_ = 0;
    }
  }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
};

struct JAY_API reader_state {
  explicit reader_state(std::size_t l, connection_ptr c = {}) : limit(l), source(std::move(c)) {}

  const std::size_t limit;
  const connection_ptr source;  // null: fed by hand
  spin_mutex mutex;             // guards what follows
  byte_queue buffer;
  bool eof = false;
  std::exception_ptr error;     // set by hand: every read throws it
  std::exception_ptr broken;    // of the connection: comes after what is in the buffer
  waiter* awaiting = nullptr;   // fed by hand: who waits for more
  std::uint64_t changes = 0;    // how often something came

  /// Changes the state by f(), with the lock held, and wakes who waits.
  template <class F>
  void change(F f) {
    waiter* woken = nullptr;
    {
      spin_guard g(mutex);
      f();
      ++changes;
      if (awaiting && awaiting->claim()) woken = awaiting;
      awaiting = nullptr;
    }
    if (woken) woken->wake();
  }
};

/// Waits until something has changed since `seen`: bytes, the end, an error. From a connection they go straight into the
/// reader's buffer, so a quiet connection needs none.
class JAY_API more_awaiter final : public slot_awaiter {
 public:
  more_awaiter(reader_state* s, std::uint64_t seen) noexcept
      : slot_awaiter(s->source ? s->source->ref() : stream_ref(), direction::reading), state_(*s), seen_(seen) {}

  bool await_ready() noexcept { return state_.source && slot_awaiter::await_ready(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    if (state_.source) return slot_awaiter::await_suspend(h);
    prepare(h);
    what = awaited::descriptor;
    return wait_for_feed();
  }
  /// Throws std::system_error, or std::runtime_error if another task reads.
  void await_resume() {
    if (state_.source) received();
    else fed();
  }
  io_step attempt() noexcept override;

 private:
  bool wait_for_feed() noexcept;
  void received();
  void fed();
  reader_state& state_;
  std::uint64_t seen_;
  bool busy_ = false;
};

}  // namespace jay::detail
