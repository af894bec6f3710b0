// SPDX-License-Identifier: MIT
// watch: the latest value of something, for any number of tasks that want to know when it changes. tokio::sync::watch.
//
//   jay::watch<settings> current(first);
//   auto r = current.subscribe();        // or current.subscribe() by each task that reads
//   current.send(next);                  // any thread; never waits
//   co_await r.changed();                // there is one that r has not seen
//   settings s = r.get();
//
// Only the latest value is kept: what a slow reader has not seen when the next comes, it never sees. When the watch goes, or
// close() is called, readers see its last value, and then changed() throws channel_closed. May be made outside a runtime.
// A reader belongs to one task at a time; its copy has seen the same. The value may outlive the watch.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <jay/detail/news.hpp>
#include <jay/error.hpp>

namespace jay {

template <class T>
class watch;

namespace detail {
template <class T>
struct watch_state : news {
  explicit watch_state(std::shared_ptr<const T> first) : value(std::move(first)) {}
  std::shared_ptr<const T> value;  // guarded by the mutex; replaced as a whole, so that no user code runs under it
  std::size_t readers = 0;         // guarded by the mutex

  std::shared_ptr<const T> latest(std::uint64_t* seen = nullptr) {
    spin_guard g(mutex);
    if (seen) *seen = count;
    return value;
  }
};
}  // namespace detail

template <class T>
class watch_reader {
  using state = detail::watch_state<T>;

 public:
  watch_reader(const watch_reader& o) : state_(o.state_), seen_(o.seen_) { count(1); }
  watch_reader(watch_reader&& o) noexcept = default;
  watch_reader& operator=(watch_reader o) noexcept {
    state_.swap(o.state_);
    std::swap(seen_, o.seen_);
    return *this;
  }
  ~watch_reader() { count(-1); }

  /// The latest value, which counts as seen.
  T get() { return *share(); }
  /// The same without a copy.
  std::shared_ptr<const T> share() { return state_->latest(&seen_); }
  /// There is a value that was not seen, or there will be no other.
  bool has_changed() const {
    detail::spin_guard g(state_->mutex);
    return state_->count > seen_ || state_->closed;
  }
  /// Waits for a value that was not seen, and counts it as seen. Throws channel_closed if none is to come. A cancel ends the
  /// wait, and nothing is lost: the value stays unseen.
  task<> changed() {
    state& s = *state_;
    co_await op<detail::news_awaiter, detail::news*, std::uint64_t>(&s, seen_);
    bool fresh;
    {
      detail::spin_guard g(s.mutex);
      fresh = s.count > seen_;
      seen_ = s.count;
    }
    if (!fresh) throw channel_closed("watch_reader::changed: the watch has been closed; there will be no other value");
  }
  /// The first value from now on, the present one included, for which pred(const T&) says true.
  template <class Pred>
  task<T> wait_for(Pred pred) {
    for (;;) {
      std::shared_ptr<const T> v = share();
      if (pred(*v)) co_return *v;
      co_await changed();
    }
  }

 private:
  friend class watch<T>;
  watch_reader(std::shared_ptr<state> s, std::uint64_t seen) : state_(std::move(s)), seen_(seen) { count(1); }
  void count(int n) noexcept {
    if (!state_) return;
    detail::spin_guard g(state_->mutex);
    state_->readers += static_cast<std::size_t>(n);
  }

  std::shared_ptr<state> state_;
  std::uint64_t seen_;
};

template <class T>
class watch {
  using state = detail::watch_state<T>;

 public:
  explicit watch(T first = T()) : state_(std::make_shared<state>(std::make_shared<const T>(std::move(first)))) {}
  watch(watch&&) noexcept = default;
  watch& operator=(watch&& o) noexcept {
    state_.swap(o.state_);
    return *this;
  }
  ~watch() {
    if (state_) state_->close();
  }

  /// Replaces the value, and wakes who waits. Any thread. Throws channel_closed after close().
  void send(T value) {
    auto fresh = std::make_shared<const T>(std::move(value));  // and then the old one, which goes without the lock
    bool closed = false;
    state_->publish([&] {
      closed = state_->closed;
      if (!closed) state_->value.swap(fresh);
      return !closed;
    });
    if (closed) throw channel_closed("watch::send: the watch has been closed");
  }
  T get() const { return *state_->latest(); }
  /// A reader that has seen the present value.
  watch_reader<T> subscribe() const {
    std::uint64_t seen;
    state_->latest(&seen);
    return watch_reader<T>(state_, seen);
  }
  std::size_t readers() const noexcept {
    detail::spin_guard g(state_->mutex);
    return state_->readers;
  }
  void close() noexcept { state_->close(); }

 private:
  std::shared_ptr<state> state_;
};

}  // namespace jay
