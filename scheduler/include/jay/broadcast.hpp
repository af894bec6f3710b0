// SPDX-License-Identifier: MIT
// broadcast: every receiver gets every value that is sent. tokio::sync::broadcast.
//
//   jay::broadcast<event> events(64);      // keeps the last 64 for who is slow
//   auto r = events.subscribe();           // what is sent from now on
//   events.send(e);                        // any thread; never waits
//   event e = co_await r.receive();
//
// Sending waits for nobody. A receiver that falls behind by more than the capacity is told so: receive() throws lagged_error
// with the number of values that it has missed, once, and then gives the oldest that is kept. When the broadcast goes, or
// close() is called, receivers get what is left, and then channel_closed. A value is kept until every receiver has it, or it
// is too old. May be made outside a runtime. A receiver belongs to one task at a time; its copy stands at the same place.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <jay/detail/news.hpp>
#include <jay/error.hpp>

namespace jay {

template <class T>
class broadcast;

namespace detail {
template <class T>
struct broadcast_state : news {
  struct place {
    std::shared_ptr<const T> value;  // copied and dropped as a whole, so that no user code runs under the lock
    std::size_t wanted_by = 0;
  };
  explicit broadcast_state(std::size_t capacity) : places(capacity) {}

  // guarded by the mutex
  std::vector<place> places;
  std::size_t receivers = 0;

  // with the mutex held
  place& at(std::uint64_t n) noexcept { return places[n % places.size()]; }
  std::uint64_t oldest() const noexcept { return count > places.size() ? count - places.size() : 0; }
};
}  // namespace detail

template <class T>
class broadcast_receiver {
  using state = detail::broadcast_state<T>;

 public:
  broadcast_receiver(const broadcast_receiver& o) : state_(o.state_), next_(o.next_) {
    if (state_) join();
  }
  broadcast_receiver(broadcast_receiver&&) noexcept = default;
  broadcast_receiver& operator=(broadcast_receiver o) noexcept {
    state_.swap(o.state_);
    std::swap(next_, o.next_);
    return *this;
  }
  ~broadcast_receiver() {
    if (state_) leave();
  }

  /// The next value. Throws lagged_error, and channel_closed when no more come. A cancel ends the wait, and nothing is lost:
  /// the next receive gives what this one would have given.
  task<T> receive() {
    for (;;) {
      std::shared_ptr<const T> v = take("broadcast_receiver::receive");
      if (v) co_return *v;
      co_await op<detail::news_awaiter, detail::news*, std::uint64_t>(state_.get(), next_);
    }
  }
  /// The same as a stream (stream_operators.hpp): nothing where receive throws channel_closed.
  task<std::optional<T>> next() {
    for (;;) {
      bool ended = false;
      std::shared_ptr<const T> v = take("broadcast_receiver::next", &ended);
      if (v) co_return std::optional<T>(*v);
      if (ended) co_return std::nullopt;
      co_await op<detail::news_awaiter, detail::news*, std::uint64_t>(state_.get(), next_);
    }
  }
  /// The next value if there is one; throws as receive.
  std::optional<T> try_receive() {
    std::shared_ptr<const T> v = take("broadcast_receiver::try_receive");
    return v ? std::optional<T>(*v) : std::nullopt;
  }
  /// How many values have been sent that it has not taken, those that are gone included.
  std::uint64_t behind() const noexcept {
    detail::spin_guard g(state_->mutex);
    return state_->count - next_;
  }

 private:
  friend class broadcast<T>;
  explicit broadcast_receiver(std::shared_ptr<state> s) : state_(std::move(s)), next_(0) {
    {
      detail::spin_guard g(state_->mutex);
      next_ = state_->count;
    }
    join();
  }

  // What follows drops the last reference to a value only when the lock is free.
  std::shared_ptr<const T> take(const char* what, bool* ended = nullptr) {
    std::shared_ptr<const T> v;
    std::uint64_t missed = 0;
    {
      detail::spin_guard g(state_->mutex);
      if (std::uint64_t oldest = state_->oldest(); next_ < oldest) {
        missed = oldest - next_;
        next_ = oldest;
      } else if (next_ < state_->count) {
        auto& s = state_->at(next_++);
        if (--s.wanted_by == 0) v = std::move(s.value);
        else v = s.value;
      } else if (!state_->closed) {
        return v;
      }
    }
    if (missed != 0) throw lagged_error(missed);
    if (!v && ended) *ended = true;
    else if (!v) throw channel_closed(std::string(what) + ": the broadcast has been closed, and everything was received");
    return v;
  }
  void join() noexcept {
    detail::spin_guard g(state_->mutex);
    ++state_->receivers;
    for (std::uint64_t n = (std::max)(next_, state_->oldest()); n < state_->count; ++n) ++state_->at(n).wanted_by;
  }
  void leave() noexcept {
    for (bool more = true; more;) {
      std::shared_ptr<const T> last;
      detail::spin_guard g(state_->mutex);
      next_ = (std::max)(next_, state_->oldest());
      more = next_ < state_->count;
      if (!more) --state_->receivers;
      else if (auto& s = state_->at(next_++); --s.wanted_by == 0) last = std::move(s.value);
    }
  }

  std::shared_ptr<state> state_;
  std::uint64_t next_;
};

template <class T>
class broadcast {
  static_assert(std::is_copy_constructible_v<T>, "broadcast: every receiver gets a copy; send a std::shared_ptr otherwise");
  using state = detail::broadcast_state<T>;

 public:
  /// How many values are kept for a receiver that is slow. Throws std::invalid_argument for 0.
  explicit broadcast(std::size_t capacity) {
    if (capacity == 0) throw std::invalid_argument("broadcast: capacity 0; it needs at least 1");
    state_ = std::make_shared<state>(capacity);
  }
  broadcast(broadcast&&) noexcept = default;
  broadcast& operator=(broadcast&& o) noexcept {
    state_.swap(o.state_);
    return *this;
  }
  ~broadcast() {
    if (state_) state_->close();
  }

  /// Gives how many receivers there are. Where there are none the value is dropped. Any thread. Throws channel_closed after
  /// close().
  std::size_t send(T value) {
    auto fresh = std::make_shared<const T>(std::move(value));  // then what stood in its place, which goes without the lock
    std::size_t n = 0;
    bool closed = false;
    state_->publish([&] {
      n = state_->receivers;
      closed = state_->closed;
      if (closed || n == 0) return false;
      auto& s = state_->at(state_->count);
      s.value.swap(fresh);
      s.wanted_by = n;
      return true;
    });
    if (closed) throw channel_closed("broadcast::send: the broadcast has been closed");
    return n;
  }
  /// Gets what is sent from now on.
  broadcast_receiver<T> subscribe() const { return broadcast_receiver<T>(state_); }
  std::size_t receivers() const noexcept {
    detail::spin_guard g(state_->mutex);
    return state_->receivers;
  }
  std::size_t capacity() const noexcept { return state_->places.size(); }
  void close() noexcept { state_->close(); }

 private:
  std::shared_ptr<state> state_;
};

}  // namespace jay
