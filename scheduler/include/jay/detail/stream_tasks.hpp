// SPDX-License-Identifier: MIT
// The streams that ask their sources by tasks: merge and buffered. What such a task gets it puts into a queue, where it costs
// no wait, as it first takes a permit, which who asks gives back with each value that it has got.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <jay/create_task.hpp>
#include <jay/detail/completion_wait.hpp>
#include <jay/detail/stream_source.hpp>
#include <jay/error.hpp>
#include <jay/queue.hpp>
#include <jay/semaphore.hpp>

namespace jay::detail {

/// What a task of merge or buffered gives on: a value, or what was thrown instead.
template <class T>
struct stream_item {
  std::optional<T> value;
  std::exception_ptr error;
  std::size_t from = 0;
};

/// The queue to who asks is shut down when the last task that puts into it ends, however it ends.
template <class Item>
class stream_outlet {
 public:
  explicit stream_outlet(std::size_t putters) noexcept : putters_(putters) {}
  struct putter {
    explicit putter(stream_outlet& o) noexcept : of(o) {}
    putter(const putter&) = delete;
    ~putter() {
      // acq_rel: with each other ~putter, whose puts come before
      if (of.putters_.fetch_sub(1, std::memory_order_acq_rel) == 1) of.items.shutdown();
    }
    stream_outlet& of;
  };
  /// False: nobody will ask any more.
  bool put(Item i) {
    try {
      items.put_nowait(std::move(i));
      return true;
    } catch (const queue_shut_down&) {
      return false;
    }
  }
  /// Nothing: at the end.
  task<std::optional<Item>> get() {
    std::optional<Item> got;
    try {
      got = co_await items.get();
    } catch (const queue_shut_down&) {
    }
    co_return got;
  }

  queue<Item> items;

 private:
  atomic<std::size_t> putters_;
};

template <class... S>
class merge_stream {
 public:
  using value_type = std::common_type_t<element_of<S>...>;
  explicit merge_stream(S&&... s) : state_(std::make_shared<state>(std::move(s)...)) {}
  merge_stream(merge_stream&&) noexcept = default;
  merge_stream& operator=(merge_stream&&) = delete;
  ~merge_stream() {
    if (state_) end();
  }

  task<std::optional<value_type>> next() {
    if (tasks_.empty() && !std::exchange(begun_, true)) start(std::index_sequence_for<S...>());
    std::optional<item> got = co_await state_->out.get();
    if (!got) co_return std::nullopt;
    state_->room[got->from].release();
    if (got->error) std::rethrow_exception(std::move(got->error));
    co_return std::move(got->value);
  }
  /// Values that have come and were not given are lost.
  task<> aclose() {
    begun_ = true;
    end();
    co_await tasks_.join();
    co_await close_sources(state_->sources);
  }

 private:
  using item = stream_item<value_type>;
  struct state {
    explicit state(S&&... s) : sources(std::move(s)...) {}
    std::tuple<S...> sources;
    semaphore room[sizeof...(S)];  // each source is asked for one value ahead
    stream_outlet<item> out{sizeof...(S)};
  };

  template <std::size_t... I>
  void start(std::index_sequence<I...>) {
    (tasks_.add(create_task(pump<I>(state_))), ...);
  }
  template <std::size_t I>
  static task<> pump(std::shared_ptr<state> s) {
    typename stream_outlet<item>::putter putter(s->out);
    for (bool more = true; more;) {
      co_await s->room[I].acquire();
      item i;
      i.from = I;
      try {
        auto v = co_await std::get<I>(s->sources).next();
        if (!v) break;
        i.value.emplace(*std::move(v));
      } catch (...) {
        i.error = std::current_exception();
        more = !is_cancelled_error(i.error);
      }
      more &= s->out.put(std::move(i));
    }
  }
  void end() noexcept {
    state_->out.items.shutdown(true);
    tasks_.cancel();
  }

  std::shared_ptr<state> state_;
  stream_tasks tasks_;
  bool begun_ = false;
};

template <class S, class F>
class buffered_stream {
 public:
  using value_type = applied_t<F, element_of<S>>;
  buffered_stream(S&& s, std::size_t n, F f) : state_(std::make_shared<state>(std::move(s), n, std::move(f))) {
    if (n == 0) throw std::invalid_argument("buffered: 0 at a time can never end; give 1 or more");
  }
  buffered_stream(buffered_stream&&) noexcept = default;
  buffered_stream& operator=(buffered_stream&&) = delete;
  ~buffered_stream() {
    if (state_) end();
  }

  task<std::optional<value_type>> next() {
    if (pump_.empty() && !std::exchange(begun_, true)) pump_.add(create_task(pump(state_)));
    if (!first_) first_ = co_await state_->out.get();
    if (!first_) co_return std::nullopt;
    if (first_->value) {
      auto shared = first_->value->share();
      std::optional<std::string> cancel = co_await op<completion_wait, shared_state*>(shared.get());
      if (cancel) throw cancelled_error(std::move(*cancel));
    }
    item i = *std::exchange(first_, std::nullopt);
    state_->room.release();
    if (i.error) std::rethrow_exception(std::move(i.error));
    co_return std::optional<value_type>(i.value->take());
  }
  /// Cancels and joins what runs.
  task<> aclose() {
    begun_ = true;
    end();
    co_await pump_.join();
    co_await running_.join();
    co_await close_source<S>(state_->source);
  }

 private:
  using item = stream_item<task_handle<value_type>>;
  struct state {
    state(S&& s, std::size_t n, F g) : source(std::move(s)), f(std::move(g)), room(static_cast<std::ptrdiff_t>(n)), out(1) {}
    S source;
    F f;
    semaphore room;
    stream_outlet<item> out;
  };

  static task<> pump(std::shared_ptr<state> s) {
    typename stream_outlet<item>::putter putter(s->out);
    for (bool more = true; more;) {
      co_await s->room.acquire();
      item i;
      try {
        auto v = co_await s->source.next();
        if (!v) break;
        i.value = create_task(s->f, element_of<S>(*std::move(v)));
      } catch (...) {
        i.error = std::current_exception();
        more = !is_cancelled_error(i.error);
      }
      std::optional<task_handle<value_type>> started = i.value;
      bool wanted = s->out.put(std::move(i));
      if (!wanted && started) {
        started->cancel();
        result<value_type> ended = co_await settled(std::move(*started));
        (void)ended;
      }
      more &= wanted;
    }
  }
  void end() noexcept {
    pump_.cancel();
    if (first_ && first_->value) running_.add(*first_->value);
    first_.reset();
    try {
      for (;;) {
        item i = state_->out.items.get_nowait();
        if (i.value) running_.add(*i.value);
      }
    } catch (...) {  // there is none left, or no memory to wait for the rest
    }
    state_->out.items.shutdown(true);
    running_.cancel();
  }

  std::shared_ptr<state> state_;
  std::optional<item> first_;  // whose value is to be given next
  stream_tasks pump_, running_;
  bool begun_ = false;
};

}  // namespace jay::detail
