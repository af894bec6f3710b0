// SPDX-License-Identifier: MIT
// Streams made from streams. A stream is anything that is read by `while (auto v = co_await s.next()) use(*v);`: an
// async_generator, as_completed, a stream_reader (its lines), a broadcast_receiver, and what stands here.
//
//   map(s, f)            f(v) of each value; where f gives an op, a task for one, what that gives
//   filter(s, p)         the values for which p(v), or the op that it gives, is true
//   take(s, n)           the first n
//   batched(s, n)        vectors of n values; the last may be shorter (itertools.batched)
//   zip(s...)            tuples of one value of each, until the first has ended
//   merge(s...)          the values of all, as they come
//   buffered(s, n, f)    f(v) of each value, up to n of them at a time, in the order of s
//   buffered(s, n)       the same of a stream of ops
//
//   auto rows = jay::buffered(jay::filter(read(file), wanted), 8, load);
//   while (auto row = co_await rows.next()) ...
//
// A stream that is passed by std::move, or has no name, is owned: aclose() closes it too, and an operator that is destroyed
// drops it. One that has a name is referred to, and has to stay. merge and buffered, which ask it beside who asks them, own
// theirs. An operator is not moved while its next() is under way.
//
// next() gives nothing at the end. An error of a source or a function is thrown by next() in place of the value that it was
// for, and the next next() goes on with what the source gives then. A cancel ends the next() that waits, as any wait: what
// the source has given is kept for the next one, but for a value whose f of map is under way. (An async_generator that is
// cancelled while it waits has ended. In merge and buffered a task of theirs waits for it, which this cancel does not reach.)
// One task at a time may ask, as with a generator.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <jay/detail/stream_source.hpp>
#include <jay/detail/stream_tasks.hpp>
#include <jay/error.hpp>

namespace jay {

namespace detail {

template <class S, class F>
class map_stream {
 public:
  using value_type = applied_t<F&, given_of<S>>;
  map_stream(S&& s, F f) : source_(std::forward<S>(s)), f_(std::move(f)) {}

  task<std::optional<value_type>> next() {
    auto v = co_await source_.next();
    if (!v) co_return std::nullopt;
    if constexpr (awaitable<std::invoke_result_t<F&, given_of<S>>>) co_return co_await f_(*std::move(v));
    else co_return f_(*std::move(v));
  }
  task<> aclose() { return close_source<S>(source_); }

 private:
  S source_;  // a reference if S is one
  F f_;
};

template <class S, class P>
class filter_stream {
 public:
  using value_type = element_of<S>;
  filter_stream(S&& s, P p) : source_(std::forward<S>(s)), wanted_(std::move(p)) {}

  task<next_of<S>> next() {
    for (;;) {
      next_of<S> v = std::exchange(kept_, {});
      if (!v) v = co_await source_.next();
      if (!v) co_return next_of<S>();
      bool wanted = false;
      if constexpr (awaitable<std::invoke_result_t<P&, element_of<S>&>>) {
        try {
          wanted = co_await wanted_(*v);
        } catch (const cancelled_error&) {
          kept_ = std::move(v);
          throw;
        }
      } else {
        wanted = wanted_(*v);
      }
      if (wanted) co_return v;
    }
  }
  task<> aclose() { return close_source<S>(source_); }

 private:
  S source_;
  P wanted_;
  next_of<S> kept_{};
};

template <class S>
class take_stream {
 public:
  using value_type = element_of<S>;
  take_stream(S&& s, std::size_t n) : source_(std::forward<S>(s)), left_(n) {}

  task<next_of<S>> next() {
    next_of<S> v{};
    if (left_ == 0) co_return v;
    v = co_await source_.next();
    if (v) --left_;
    else left_ = 0;
    co_return v;
  }
  task<> aclose() { return close_source<S>(source_); }

 private:
  S source_;
  std::size_t left_;
};

template <class S>
class batched_stream {
 public:
  using value_type = std::vector<element_of<S>>;
  batched_stream(S&& s, std::size_t n) : source_(std::forward<S>(s)), size_(n) {
    if (n == 0) throw std::invalid_argument("batched: batches of 0; they need at least 1");
  }

  task<std::optional<value_type>> next() {
    while (batch_.size() < size_) {
      auto v = co_await source_.next();
      if (!v) break;
      batch_.push_back(*std::move(v));
    }
    if (batch_.empty()) co_return std::nullopt;
    co_return std::exchange(batch_, {});
  }
  task<> aclose() { return close_source<S>(source_); }

 private:
  S source_;
  std::size_t size_;
  value_type batch_;
};

template <class... S>
class zip_stream {
 public:
  using value_type = std::tuple<element_of<S>...>;
  explicit zip_stream(S&&... s) : sources_(std::forward<S>(s)...) {}

  task<std::optional<value_type>> next() {
    bool all = co_await fill<0>();
    if (!all) co_return std::nullopt;
    std::optional<value_type> v = std::apply(
        [](auto&... got) { return std::optional<value_type>(std::in_place, *std::exchange(got, {})...); }, got_);
    co_return v;
  }
  task<> aclose() { return close_sources(sources_); }

 private:
  // One after the other, as Python's: what has come is kept if a later one is cancelled.
  template <std::size_t I>
  task<bool> fill() {
    bool all = true;
    if constexpr (I < sizeof...(S)) {
      auto& got = std::get<I>(got_);
      if (!got) got = co_await std::get<I>(sources_).next();
      if (!got) co_return false;
      all = co_await fill<I + 1>();
    }
    co_return all;
  }

  std::tuple<S...> sources_;
  std::tuple<next_of<S>...> got_{};
};

/// buffered(s, n): the element is the op.
struct as_it_is {
  template <class Op>
  auto operator()(Op o) const {
    return to_task(std::move(o));
  }
};

}  // namespace detail

template <detail::stream S, class F>
auto map(S&& s, F f) {
  static_assert(!std::is_void_v<detail::applied_t<F&, detail::given_of<S>>>, "map: f has to give something");
  return detail::map_stream<S, F>(std::forward<S>(s), std::move(f));
}
template <detail::stream S, class P>
auto filter(S&& s, P wanted) {
  return detail::filter_stream<S, P>(std::forward<S>(s), std::move(wanted));
}
template <detail::stream S>
auto take(S&& s, std::size_t n) {
  return detail::take_stream<S>(std::forward<S>(s), n);
}
/// Throws std::invalid_argument for 0.
template <detail::stream S>
auto batched(S&& s, std::size_t n) {
  return detail::batched_stream<S>(std::forward<S>(s), n);
}
template <detail::stream... S>
  requires(sizeof...(S) > 0)
auto zip(S&&... s) {
  return detail::zip_stream<S...>(std::forward<S>(s)...);
}
/// Each source is asked by a task of its own, for one value ahead, from the first next() on. Destroyed without aclose(),
/// these tasks are cancelled.
template <detail::stream... S>
  requires(sizeof...(S) > 0)
auto merge(S&&... s) {
  static_assert((!std::is_lvalue_reference_v<S> && ...), "merge owns its streams: pass them by std::move");
  return detail::merge_stream<S...>(std::forward<S>(s)...);
}
/// f, a function that gives an op, is copied for each value, and runs as a task of its own. Destroyed without aclose(), they
/// are cancelled. Throws std::invalid_argument for n = 0.
template <detail::stream S, class F>
auto buffered(S&& s, std::size_t n, F f) {
  static_assert(!std::is_lvalue_reference_v<S>, "buffered owns its stream: pass it by std::move");
  static_assert(detail::starts_a_task<F, detail::element_of<S>>, "buffered: f(value) has to give an op, a jay::task for one");
  return detail::buffered_stream<S, F>(std::forward<S>(s), n, std::move(f));
}
template <detail::stream S>
auto buffered(S&& s, std::size_t n) {
  static_assert(detail::awaitable<detail::element_of<S>>,
                "buffered(s, n): the values of s have to be ops; give a function for them otherwise: buffered(s, n, f)");
  return buffered(std::forward<S>(s), n, detail::as_it_is());
}

}  // namespace jay
