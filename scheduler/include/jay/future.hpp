// SPDX-License-Identifier: MIT
// promise<T> and future<T>: a result that somebody else will set. asyncio.Future, split into the side that writes and the
// side that reads.
//
// Any thread may set, once: a second time, or after a cancel, throws invalid_state_error. A future is copyable and may be
// awaited any number of times; done callbacks and reactions never run inline. Both may be made outside a runtime; a
// future binds to the runtime that first awaits it, or where callbacks are added, or, if all that was outside, where the
// result is set. Callbacks of one that is not bound even then are dropped, with a line in the log. Cancelling a task that
// awaits a future cancels the future, as in asyncio. When the last copy of the promise goes unset, the future fails with
// "broken promise". An error that nobody has asked for, by result, exception, an await or a reaction, is reported as "never
// retrieved" when the last future goes.
#pragma once

#include <memory>

#include <jay/task_handle.hpp>

namespace jay {

template <class T = void>
class future {
  using block = detail::value_state<T>;
  template <class Given>
  using awaiter = detail::result_awaiter<block, T, Given>;
  using lvalue_given = std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<const T>>;

 public:
  using value_type = T;
  future() noexcept = default;
  explicit future(detail::state_ptr<block> s) noexcept : state_(std::move(s)) {}

  /// False: it was done already.
  bool cancel(std::string message = {}) { return state().cancel(message); }
  bool done() const { return state().done(); }
  bool cancelled() const { return state().state.load(std::memory_order_acquire) == detail::status::cancelled; }  // [F1]
  lvalue_given result() const {
    state().check_result("future::result");
    if constexpr (std::is_reference_v<T>) return static_cast<T>(*state().result.value());
    else if constexpr (!std::is_void_v<T>) return state().result.value();
  }
  std::exception_ptr exception() const {
    return state().exception("future::exception: the result is not ready");
  }
  /// Calls f(const future<T>&) once it is done, in a copy of the current context; never inline, and after those that were
  /// added before it. What it throws is reported. Any thread.
  template <class F>
  callback_id add_done_callback(F f) const {
    state().bind(detail::current_scheduler());
    return state().add_callback(new detail::callback_of<future, F>(*this, std::move(f)));
  }
  bool remove_done_callback(callback_id id) { return state().remove_callback(id); }

  /// JavaScript's reactions; <jay/then.hpp> has them and their rules. f is given const T&, on_error std::exception_ptr.
  template <class F>
  auto then(F f) const;
  template <class F, class OnError>
  auto then(F f, OnError on_error) const;
  template <class OnError>
  auto catch_error(OnError on_error) const;
  template <class F>
  auto finally(F f) const;

  auto operator co_await() const& { return awaiter<lvalue_given>(state()); }
  auto operator co_await() && { return awaiter<T>(state()); }
  /// As co_await, but a cancel of the awaiting task ends the wait only.
  auto shielded() const { return waits<lvalue_given>(detail::wait_kind::shielded); }

  /// shielded(), for a future that nobody else reads: gives T, moved out.
  auto unshared() && { return waits<T>(detail::wait_kind::shielded); }
  /// For gather.
  auto gathered() const { return waits<lvalue_given>(detail::wait_kind::gathered); }

  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  friend bool operator==(const future& a, const future& b) noexcept { return a.state_.get() == b.state_.get(); }
  std::size_t hash() const noexcept { return std::hash<void*>()(state_.get()); }

  /// For the library.
  detail::state_ptr<block> share() const { return detail::state_ptr<block>::share(&state()); }

 private:
  template <class Given>
  auto waits(detail::wait_kind k) const {
    return op<awaiter<Given>, detail::state_ptr<block>, detail::wait_kind>(share(), k);
  }
  block& state() const {
    if (!state_) throw invalid_state_error("an empty future has no state");
    return *state_;
  }
  detail::state_ptr<block> state_;
};

template <class T = void>
class promise {
  using block = detail::value_state<T>;

 public:
  using value_type = T;
  promise() : writer_(std::make_shared<writer>()) {}

  future<T> get_future() const { return future<T>(detail::state_ptr<block>::share(writer_->state.get())); }

  template <class U = T>
    requires(!std::is_void_v<T>)
  void set_result(U&& value) const {
    writer_->claim("promise::set_result");
    writer_->state->result.set_value(std::forward<U>(value));
    writer_->finish(detail::status::value);
  }
  void set_result() const
    requires std::is_void_v<T>
  {
    writer_->claim("promise::set_result");
    writer_->finish(detail::status::value);
  }
  void set_exception(std::exception_ptr e) const {
    if (!e) throw std::invalid_argument("promise::set_exception: a null exception_ptr is no exception");
    writer_->claim("promise::set_exception");
    detail::status s = detail::is_cancelled_error(e) ? detail::status::cancelled : detail::status::error;
    writer_->state->result.set_error(std::move(e));
    writer_->finish(s);
  }
  template <class E>
    requires(!std::is_same_v<std::decay_t<E>, std::exception_ptr>)
  void set_exception(E e) const {
    set_exception(std::make_exception_ptr(std::move(e)));
  }
  /// Nothing more to do: it was set, or the future was cancelled.
  bool done() const noexcept { return writer_->state->done(); }

 private:
  struct writer {
    detail::state_ptr<block> state{new block(detail::current_scheduler())};
    detail::atomic<bool> claimed{false};

    ~writer() {
      // relaxed: who has claimed it has let go of the writer since
      if (state->done() || claimed.load(std::memory_order_relaxed)) return;
      state->retrieved.store(true, std::memory_order_relaxed);  // relaxed: only for the report. No error that anybody has set
      state->result.set_error(std::make_exception_ptr(std::runtime_error("broken promise: the promise went unset")));
      state->complete(detail::status::error);
    }
    // The value is written outside the state's lock, so who writes it is decided first. acq_rel: with each other claim.
    void claim(const char* what) {
      if (state->done() || claimed.exchange(true, std::memory_order_acq_rel))
        throw invalid_state_error(std::string(what) + (cancelled() ? ": the future was cancelled" : ": already set"));
    }
    bool cancelled() const { return state->state.load(std::memory_order_acquire) == detail::status::cancelled; }  // [F1]
    // Whoever sees the result may destroy the promise, before this has come back: the state is kept meanwhile.
    void finish(detail::status s) {
      const auto keep = detail::state_ptr<block>::share(state.get());
      if (!keep->complete(s)) throw invalid_state_error("promise: the future was cancelled");
    }
  };
  std::shared_ptr<writer> writer_;
};

/// A promise and its future.
template <class T = void>
std::pair<promise<T>, future<T>> with_resolvers() {
  promise<T> p;
  future<T> f = p.get_future();
  return {std::move(p), std::move(f)};
}

template <class T>
inline constexpr bool detail::is_unowned<future<T>> = true;
template <class T>
struct detail::op_result<future<T&>> {
  using type = T&;
};

}  // namespace jay

template <class T>
struct std::hash<jay::future<T>> {
  std::size_t operator()(const jay::future<T>& f) const noexcept { return f.hash(); }
};
