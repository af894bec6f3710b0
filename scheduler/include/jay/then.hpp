// SPDX-License-Identifier: MIT
// future<T>::then, catch_error and finally: JavaScript's reactions; and resolve and reject, futures that are done at once.
//
//   jay::future<int> n = text.then([](const std::string& s) { return std::stoi(s); })
//                            .catch_error([](std::exception_ptr) { return 0; });
//
// A reaction is a done callback: it never runs inline, and those of one future run one after the other, in the order in
// which they were added. What they wait for themselves they wait for side by side.
//
// Each gives a new future. A task, a future or a handle that the reaction returns is awaited first (flattened); what it
// throws is the new future's error. An error passed on counts as retrieved. A cancel is passed on: only finally runs for
// it. Cancelling the new future ends neither the old one nor the reaction. Source: ECMAScript, 27.2 (Promise objects).
//
// A reaction is given a const T&, as the future keeps its value; so then is for values of every type, also of one that
// cannot be copied. catch_error and finally pass a copy of the value on, and so does what a reaction returns to be awaited:
// these want a T that can be copied.
#pragma once

#include <concepts>

#include <jay/create_task.hpp>
#include <jay/future.hpp>

namespace jay {
namespace detail {

/// What a reaction's result settles to.
template <class R>
struct flattened {
  using type = R;
  static constexpr bool waits = false;
};
template <class T>
struct flattened<task<T>> {
  using type = T;
  static constexpr bool waits = true;
};
template <class T>
struct flattened<future<T>> : flattened<task<T>> {};
template <class T>
struct flattened<task_handle<T>> : flattened<task<T>> {};
template <class R>
using flattened_t = typename flattened<std::remove_cvref_t<R>>::type;

/// Runs `set`, which settles p or throws p's error. Whoever cancelled p's future meanwhile has won.
template <class T, class Set>
void settle(const promise<T>& p, Set set) {
  try {
    set();
  } catch (...) {
    std::exception_ptr e = std::current_exception();
    if (p.done()) return;
    try {
      p.set_exception(std::move(e));
    } catch (const invalid_state_error&) {
    }
  }
}

/// True: `from` failed or was cancelled, and p is told.
template <class T, class From>
bool pass_error(const promise<T>& p, const From& from) {
  if (from.cancelled()) {
    p.get_future().cancel();
    return true;
  }
  std::exception_ptr e = from.exception();
  if (!e) return false;
  settle(p, [&] { p.set_exception(e); });
  return true;
}

template <class T, class From>
void pass_on(const promise<T>& p, const From& from) {
  static_assert(std::is_void_v<T> || std::is_reference_v<T> || std::is_copy_constructible_v<T>,
                "catch_error, finally, and a task or future that a reaction returns: the value is passed on as a copy, and "
                "this one cannot be copied; use then(f), which is given a reference");
  if (pass_error(p, from) || p.done()) return;
  settle(p, [&] {
    if constexpr (std::is_void_v<T>) p.set_result();
    else p.set_result(from.result());
  });
}

/// Calls done(what the op became) when the op that a reaction returned has ended.
template <class R, class Done>
void when_done(R r, Done done) {
  if constexpr (is_task<R>) {
    auto h = create_task(std::move(r));
    h.add_done_callback(std::move(done));
  } else {
    r.add_done_callback(std::move(done));
  }
}

/// Calls `call`, and settles p with what it gives.
template <class T, class Call>
void react(const promise<T>& p, Call call) {
  using R = std::remove_cvref_t<decltype(call())>;
  settle(p, [&] {
    if constexpr (flattened<R>::waits) {
      when_done<R>(call(), [p](const auto& ended) { pass_on(p, ended); });
    } else if constexpr (std::is_void_v<R>) {
      call();
      p.set_result();
    } else {
      p.set_result(call());
    }
  });
}

/// What a reaction hangs on, a future or a task, has its error looked after by it.
template <class From>
void hear(const From& from) noexcept {
  from.share()->retrieved.store(true, std::memory_order_relaxed);  // relaxed: only for the report
}

template <class From, class F>
decltype(auto) call_with_result(F& f, const From& from) {
  if constexpr (std::is_void_v<typename From::value_type>) return f();
  else return f(from.result());
}
template <class From, class F>
using reaction_t = flattened_t<decltype(call_with_result(std::declval<F&>(), std::declval<const From&>()))>;

/// Of from's error p becomes what on_error makes; a cancel is passed on; else on_value settles p.
template <class U, class From, class OnValue, class OnError>
void react_to(const promise<U>& p, const From& from, OnValue&& on_value, OnError& on_error) {
  if (from.cancelled()) {
    p.get_future().cancel();
  } else if (std::exception_ptr e = from.exception()) {
    react(p, [&]() -> decltype(auto) { return on_error(e); });
  } else {
    on_value();
  }
}

template <class From, class F>
auto then_on(From at, F f) {
  promise<reaction_t<From, F>> p;
  at.add_done_callback([p, f = std::move(f)](const From& from) mutable {
    if (!pass_error(p, from)) react(p, [&]() -> decltype(auto) { return call_with_result(f, from); });
  });
  return p.get_future();
}

template <class From, class F, class OnError>
auto then_on(From at, F f, OnError on_error) {
  using U = reaction_t<From, F>;
  static_assert(std::same_as<U, flattened_t<std::invoke_result_t<OnError&, std::exception_ptr>>>,
                "then(f, on_error): both must give the same type");
  promise<U> p;
  at.add_done_callback([p, f = std::move(f), on_error = std::move(on_error)](const From& from) mutable {
    auto on_value = [&]() -> decltype(auto) { return call_with_result(f, from); };
    react_to(p, from, [&] { react(p, on_value); }, on_error);
  });
  return p.get_future();
}

template <class From, class OnError>
auto catch_on(From at, OnError on_error) {
  promise<typename From::value_type> p;
  at.add_done_callback([p, on_error = std::move(on_error)](const From& from) mutable {
    react_to(p, from, [&] { pass_on(p, from); }, on_error);
  });
  return p.get_future();
}

template <class From, class F>
auto finally_on(From at, F f) {
  promise<typename From::value_type> p;
  at.add_done_callback([p, f = std::move(f)](const From& from) mutable {
    using R = std::remove_cvref_t<decltype(f())>;
    hear(from);  // also where f fails, whose error takes the place of this one
    settle(p, [&] {
      if constexpr (flattened<R>::waits) {
        when_done<R>(f(), [p, from](const auto& ended) {
          if (!pass_error(p, ended)) pass_on(p, from);
        });
      } else {
        f();
        pass_on(p, from);
      }
    });
  });
  return p.get_future();
}

}  // namespace detail

template <class T>
template <class F>
auto future<T>::then(F f) const {
  return detail::then_on(*this, std::move(f));
}
template <class T>
template <class F, class OnError>
auto future<T>::then(F f, OnError on_error) const {
  return detail::then_on(*this, std::move(f), std::move(on_error));
}
template <class T>
template <class OnError>
auto future<T>::catch_error(OnError on_error) const {
  return detail::catch_on(*this, std::move(on_error));
}
template <class T>
template <class F>
auto future<T>::finally(F f) const {
  return detail::finally_on(*this, std::move(f));
}

/// A future that has the value already. JavaScript's Promise.resolve.
template <class T>
future<std::decay_t<T>> resolve(T&& value) {
  promise<std::decay_t<T>> p;
  p.set_result(std::forward<T>(value));
  return p.get_future();
}
inline future<> resolve() {
  promise<> p;
  p.set_result();
  return p.get_future();
}

/// A future that has failed already, with an exception or an exception_ptr. JavaScript's Promise.reject.
template <class T = void, class E>
future<T> reject(E error) {
  promise<T> p;
  p.set_exception(std::move(error));
  return p.get_future();
}

}  // namespace jay
