// SPDX-License-Identifier: MIT
// async with: managers, entered until the end of a coroutine or around a body.
//
// A manager has `task<R> aenter()` and `task<bool> aexit(std::exception_ptr)` (true swallows the exception).
//
//   auto& c = co_await jay::enter(manager());       // exits at the end of this coroutine, after its locals are gone
//   co_await jay::with(manager(), [&](conn& c) -> jay::task<> { ... });
//   co_await jay::defer(f, args...);                // runs, and awaits, f(args...) at the end of this coroutine
//
// enter moves an rvalue manager into the frame; an lvalue is referenced. Exits run last in, first out, on return, throw
// and cancel. An entered manager may replace the exception; it can swallow one only in a task<void> (elsewhere there is
// no value to return): use `with` where it must.
#pragma once

#include <functional>
#include <memory>
#include <tuple>

#include <jay/detail/exit_stack.hpp>
#include <jay/detail/op.hpp>

namespace jay {

namespace detail {

template <class M>
concept awaits_aenter = requires(M& m, std::exception_ptr e) {
  m.aenter();
  { m.aexit(e) };
};
/// A manager of the library's that changes the coroutine's scope, synchronously: its aexit never suspends.
template <class M>
concept binds_scope = requires(M& m, promise_base& p, std::exception_ptr& e) {
  m.bind(p);
  m.unbind(p, e);
};

template <class M>
struct manager_entry final : exit_entry {
  explicit manager_entry(M&& m) : manager(std::forward<M>(m)) {}
  void leave(promise_base& p, std::exception_ptr& e) override {
    if constexpr (binds_scope<std::remove_reference_t<M>>) manager.unbind(p, e);
  }
  task<bool> exit(std::exception_ptr e) override {
    if constexpr (awaits_aenter<std::remove_reference_t<M>>) co_return co_await manager.aexit(std::move(e));
    else if constexpr (requires { manager.swallows(); }) co_return manager.swallows();  // after leave
    else co_return false;
  }
  M manager;  // a reference if M is one
};

template <class M>
struct entered {
  using type = std::remove_reference_t<M>&;
};
template <class M>
  requires awaits_aenter<std::remove_reference_t<M>>
struct entered<M> {
  using type = typename decltype(std::declval<M&>().aenter())::value_type;
};

template <class M>
class [[nodiscard]] enter_awaiter {
 public:
  using jay_awaiter = void;
  using given = typename entered<M>::type;
  static_assert(awaits_aenter<std::remove_reference_t<M>> || binds_scope<std::remove_reference_t<M>>,
                "enter() and with() need a manager: task<R> aenter() and task<bool> aexit(std::exception_ptr); a "
                "task_group is used through with_task_group or its join()");

  explicit enter_awaiter(M&& m) : entry_(std::make_unique<manager_entry<M>>(std::forward<M>(m))) {}

  bool await_ready() noexcept { return false; }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> h) {
    static_assert(!exits_access<Promise>::yields || !binds_scope<std::remove_reference_t<M>>,
                  "a time limit or cancel_scope that an async_generator has entered would be open in the code of who "
                  "iterates it, at each co_yield; give it a body instead: co_await jay::with(jay::timeout(d), body)");
    stack_ = &exits_of(h.promise(), exits_access<Promise>::of);
    promise_ = &h.promise();
    if constexpr (awaits_aenter<std::remove_reference_t<M>>) {
      job* child = entry_->manager.aenter().release();
      result_promise& p = result_promise_of(child);
      p.continuation = continue_with(job_of(h), continues::frame);
      p.context = promise_->context;
      p.out = &outcome_;
      return transfer(child);
    } else {
      return false;  // nothing to wait for
    }
  }
  given await_resume() {
    auto* entry = entry_.get();
    if constexpr (awaits_aenter<std::remove_reference_t<M>>) outcome_.check();
    else entry->manager.bind(*promise_);
    entry_->below = std::move(stack_->top);
    stack_->top = std::move(entry_);
    if constexpr (!awaits_aenter<std::remove_reference_t<M>>) return entry->manager;
    else if constexpr (!std::is_void_v<given>) return outcome_.take();
  }

 private:
  std::unique_ptr<manager_entry<M>> entry_;
  exit_stack* stack_ = nullptr;
  promise_base* promise_ = nullptr;
  struct nothing {};
  std::conditional_t<awaits_aenter<std::remove_reference_t<M>>, outcome<given>, nothing> outcome_;
};

template <class F, class... A>
struct deferral {
  explicit deferral(F g, A... a) : f(std::move(g)), args(std::move(a)...) {}
  F f;
  std::tuple<A...> args;
  task<> aenter() { co_return; }
  task<bool> aexit(std::exception_ptr) {
    co_await std::apply(std::move(f), std::move(args));
    co_return false;
  }
};

}  // namespace detail

template <class M>
auto enter(M&& manager) {
  return op<detail::enter_awaiter<M>, M>(std::forward<M>(manager));
}

template <class F, class... A>
auto defer(F f, A... args) {
  using deferral = detail::deferral<F, A...>;
  return op<detail::enter_awaiter<deferral>, deferral>(deferral(std::move(f), std::move(args)...));
}

namespace detail {

template <class M, class Body>
struct with_result {
  template <class R>
  static auto call(Body&) {
    if constexpr (std::is_void_v<R> || !std::invocable<Body&, R>) return std::type_identity<std::invoke_result_t<Body&>>();
    else return std::type_identity<std::invoke_result_t<Body&, R>>();
  }
  using type = op_result_t<typename decltype(call<typename entered<M>::type>(std::declval<Body&>()))::type>;
};

template <class M, class Body, class R>
task<R> with_body(M manager, Body body) {
  using given = typename entered<M>::type;
  if constexpr (std::is_void_v<given>) {
    co_await enter(static_cast<M&&>(manager));
    co_return co_await body();
  } else if constexpr (!std::invocable<std::remove_reference_t<Body>&, given>) {
    co_await enter(static_cast<M&&>(manager));
    co_return co_await body();
  } else {
    decltype(auto) entered_as = co_await enter(static_cast<M&&>(manager));
    co_return co_await body(static_cast<given&&>(entered_as));
  }
}

}  // namespace detail

/// Runs body(what aenter gave), or body(), inside the manager; gives the body's value. Where aexit may swallow, the body
/// is void. The body is moved into the operation.
template <class M, class Body>
auto with(M&& manager, Body body) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  static_assert(std::is_trivially_destructible_v<Body> || !std::is_class_v<Body>,
                "g++ 12 destroys a capturing lambda inside a co_await expression twice: capture by reference ([&]), or "
                "name the lambda and pass std::ref(it) (docs/pitfalls-gcc12.md)");
#endif
  using result = typename detail::with_result<M, Body>::type;
  return detail::with_body<M, Body, result>(std::forward<M>(manager), std::move(body));
}

}  // namespace jay
