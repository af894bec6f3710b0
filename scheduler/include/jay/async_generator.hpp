// SPDX-License-Identifier: MIT
// async_generator<T>: a coroutine that gives one value after another, and may await in between. Python's asynchronous
// generator (PEP 525).
//
//   jay::async_generator<int> count(int n) {
//     for (int i = 0; i < n; ++i) co_yield i;
//   }
//
//   auto gen = count(3);
//   while (auto v = co_await gen.next()) use(*v);
//
// Lazy: nothing runs before the first next(), and it runs only while a next() or aclose() is awaited, in the task that
// awaits it. It may co_await anything, enter managers and defer. It ends when its body returns or throws. A cancel that
// reaches the body ends it too, unless the body catches it.
//
// One that is left at a co_yield is closed: by aclose(), or, when it is destroyed, by a task of the runtime, or at the end
// of the runtime. Its co_yield then throws generator_exit, and its exits (enter, defer) are awaited. Only aclose() tells
// of an error there; else the exception handler gets it. Destroying one runs nothing that could block. It outlives each
// next() and aclose() that is under way. Movable.
//
// One task at a time may ask; they may be different ones, also on different threads.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <jay/detail/generator_promise.hpp>
#include <jay/detail/op.hpp>
#include <jay/elements_of.hpp>

namespace jay {

template <class T>
class async_generator;

namespace detail {

/// What next() gives: a value, or, of a generator of references, a pointer.
template <class T>
using next_value = std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<T>, std::optional<std::remove_cv_t<T>>>;

template <class T>
class [[nodiscard]] generator_next : generator_request {
 public:
  using jay_awaiter = void;
  explicit generator_next(generator_promise* g) noexcept : generator_(g) {}

  bool await_ready() const noexcept { return !generator_; }
  template <class Promise>
  resumption await_suspend(std::coroutine_handle<Promise> h) {
    static_assert(std::is_base_of_v<promise_base, Promise>,
                  "next() can be awaited only inside a coroutine of jay's (jay::task and the like)");
    return transfer(begin(h.promise()));
  }
  next_value<T> await_resume() {
    if (error) [[unlikely]] std::rethrow_exception(std::move(error));
    if (refused) [[unlikely]] scope_of(who_->context)->throw_cancelled();
    return std::move(value_);
  }

 private:
  template <class>
  friend struct generator_promise_of;

  [[gnu::always_inline]] job* begin(promise_base& who) {
    generator_promise& g = *generator_;
    if (!g.word.enter()) [[unlikely]]
      throw_generator_busy("next");
    worker* w = this_worker;
    who_ = &who;
    if (g.home != w->sched) [[unlikely]] return generator_begins(g, who, *this);
    if (w->may_have_to_yield()) [[unlikely]] return generator_in_turn(g, who, *this);
    return g.go_on_for(who, *this);
  }

  generator_promise* generator_;
  promise_base* who_ = nullptr;
  next_value<T> value_{};
};

/// A range as a generator.
template <class T, class R>
async_generator<T> elements_of_range(R&& range);

template <class T>
struct generator_promise_of final : awaits<generator_promise> {
  explicit generator_promise_of(const std::source_location& l = std::source_location::current()) noexcept
      : awaits<generator_promise>(l) {}

  async_generator<T> get_return_object() noexcept;
  std::suspend_always initial_suspend() noexcept { return {}; }
  generator_final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept {
    end.set_error(std::current_exception());
    note_thrown(*this, end.error());
  }
  void return_void() noexcept {}

  using value_type = std::remove_cvref_t<T>;
  yield_awaiter yield_value(std::conditional_t<std::is_reference_v<T>, T, const value_type&> v) {
    if constexpr (std::is_reference_v<T>) give(std::addressof(v));
    else give(v);
    return {*this};
  }
  yield_awaiter yield_value(value_type&& v)
    requires(!std::is_reference_v<T>)
  {
    give(std::move(v));
    return {*this};
  }
  template <class U>
  delegation_awaiter yield_value(elements_of<async_generator<U>&&> g) noexcept;
  template <class U>
  delegation_awaiter yield_value(elements_of<async_generator<U>&> g) noexcept;
  template <iterable R>
  auto yield_value(elements_of<R> range);

 private:
  template <class V>
  void give(V&& v) {
    if (root->closing) [[unlikely]] return;  // nobody has asked for it
    auto& to = static_cast<generator_next<T>*>(root->request)->value_;
    if constexpr (std::is_reference_v<T>) to = v;
    else to.emplace(std::forward<V>(v));
  }
};

template <class T>
struct exits_access<generator_promise_of<T>> {
  static constexpr outcome_access of = [] {
    outcome_access a = access_of<void>;
    a.end = &end_of_generator;
    return a;
  }();
  static constexpr bool yields = true;
};

}  // namespace detail

template <class T>
class [[nodiscard("a generator does nothing until its next() is awaited")]] async_generator {
 public:
  using promise_type = detail::generator_promise_of<T>;
  using value_type = std::remove_cvref_t<T>;

  async_generator() noexcept = default;  // empty: as one that has ended
  async_generator(async_generator&& o) noexcept : generator_(std::exchange(o.generator_, nullptr)) {}
  async_generator& operator=(async_generator&& o) noexcept {
    async_generator old(std::move(*this));
    generator_ = std::exchange(o.generator_, nullptr);
    return *this;
  }
  ~async_generator() {
    if (generator_) detail::drop_generator(generator_);
  }

  /// To be awaited: std::optional<T> with the next value; nothing when it has ended, however often it is asked. Where T is
  /// a reference, a pointer. Throws what the body throws, once; std::runtime_error ("already running") while another
  /// next() or aclose() is under way. A cancel that comes while the body waits is thrown there.
  auto next() noexcept { return op<detail::generator_next<T>, detail::generator_promise*>(generator_); }
  /// To be awaited: ends it. One that stands at a co_yield throws generator_exit there, and has ended, with its exits, when
  /// this has. Throws what comes out of that, but generator_exit; std::runtime_error if the body goes on to another
  /// co_yield. Nothing runs of one that has not begun, or has ended.
  auto aclose() noexcept { return op<detail::generator_close, detail::generator_promise*>(generator_); }

 private:
  friend promise_type;
  template <class>
  friend struct detail::generator_promise_of;
  explicit async_generator(promise_type& p) noexcept : generator_(&p) {}
  detail::generator_promise* generator_ = nullptr;
};

namespace detail {

template <class T>
async_generator<T> generator_promise_of<T>::get_return_object() noexcept {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  if (reinterpret_cast<std::uintptr_t>(this) % 16 != 0) [[unlikely]] mislaid_frame(this->where);  // as in task.hpp
#endif
  return async_generator<T>(*this);
}

template <class T>
template <class U>
delegation_awaiter generator_promise_of<T>::yield_value(elements_of<async_generator<U>&&> g) noexcept {
  static_assert(std::is_same_v<T, U>, "elements_of: the inner generator has to yield the same type");
  return {*this, g.from.generator_};
}
template <class T>
template <class U>
delegation_awaiter generator_promise_of<T>::yield_value(elements_of<async_generator<U>&> g) noexcept {
  static_assert(std::is_same_v<T, U>, "elements_of: the inner generator has to yield the same type");
  return {*this, g.from.generator_};
}

/// Owns the generator of a range.
template <class T>
class range_delegation {
 public:
  range_delegation(generator_promise& outer, async_generator<T> g, generator_promise* inner) noexcept
      : all_(std::move(g)), awaiter_{outer, inner} {}
  bool await_ready() const noexcept { return false; }
  resumption await_suspend(std::coroutine_handle<> h) { return awaiter_.await_suspend(h); }
  void await_resume() { awaiter_.await_resume(); }

 private:
  async_generator<T> all_;
  delegation_awaiter awaiter_;
};

template <class T, class R>
async_generator<T> elements_of_range(R&& range) {
  for (auto&& element : range) co_yield static_cast<decltype(element)&&>(element);
}
template <class T>
template <iterable R>
auto generator_promise_of<T>::yield_value(elements_of<R> range) {
  async_generator<T> g = elements_of_range<T, R>(std::forward<R>(range.from));
  generator_promise* inner = g.generator_;
  return range_delegation<T>(*this, std::move(g), inner);
}

}  // namespace detail
}  // namespace jay

/// As for a task's (task.hpp).
template <class T, class... A>
struct std::coroutine_traits<jay::async_generator<T>, A...> {
  static_assert((jay::detail::fits_a_frame<A, JAY_FRAME_ALIGNMENT> && ...),
                "a parameter by value wants a larger alignment than the coroutine's frame has: compile this file with "
                "-DJAY_FRAME_ALIGNMENT=32 (or what alignof gives), or pass a pointer (docs/pitfalls-gcc12.md, 6)");
  using promise_type = jay::detail::generator_promise_of<T>;
};
