// SPDX-License-Identifier: MIT
// async_exit_stack: as many managers and callbacks as there turn out to be, left together, last in, first out.
// contextlib.AsyncExitStack.
//
//   auto& stack = co_await jay::enter(jay::async_exit_stack());
//   for (auto& name : names) {
//     file& f = co_await stack.enter_async_context(opened(name));
//     ...
//   }
//
// Each exit is given the exception that is under way, or null. It may swallow it (true), or throw another in its place;
// those below it then see that. All of them run, whatever the others throw. A cancel ends the exit that waits, and
// is what the others see. One that is destroyed, or moved to, before it was left runs none of its exits. It belongs to one
// task at a time.
#pragma once

#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <jay/enter.hpp>

namespace jay {

namespace detail {

template <class F>
struct exit_function final : exit_entry {
  explicit exit_function(F&& g) : f(std::move(g)) {}
  task<bool> exit(std::exception_ptr e) override {
    if constexpr (awaitable<std::invoke_result_t<F&, std::exception_ptr>>) co_return co_await f(std::move(e));
    else co_return f(std::move(e));
  }
  F f;
};

template <class F, class... A>
struct exit_callback final : exit_entry {
  explicit exit_callback(F&& g, A&&... a) : f(std::move(g)), args(std::move(a)...) {}
  task<bool> exit(std::exception_ptr) override {
    if constexpr (awaitable<std::invoke_result_t<F, A...>>) co_await std::apply(std::move(f), std::move(args));
    else std::apply(std::move(f), std::move(args));
    co_return false;
  }
  F f;
  std::tuple<A...> args;
};

template <class T>
struct held_value final : exit_entry {
  explicit held_value(T&& v) : value(std::move(v)) {}
  task<bool> exit(std::exception_ptr) override { co_return false; }
  T value;
};

}  // namespace detail

class [[nodiscard]] async_exit_stack {
 public:
  async_exit_stack() noexcept = default;
  async_exit_stack(async_exit_stack&&) noexcept = default;
  async_exit_stack& operator=(async_exit_stack&& o) noexcept {
    async_exit_stack old(std::move(*this));
    top_ = std::move(o.top_);
    return *this;
  }
  ~async_exit_stack() {
    while (top_) top_ = std::move(top_->below);  // one by one: they may be many
  }

  /// To be awaited: enters the manager, and gives what its aenter gives. Moves an rvalue into the stack, refers to an
  /// lvalue. Where aenter throws, nothing is pushed. Not for a timeout or a cancel_scope: these last as long as a coroutine.
  template <class M>
  auto enter_async_context(M&& manager) {
    static_assert(detail::awaits_aenter<std::remove_reference_t<M>>,
                  "enter_async_context needs a manager: task<R> aenter() and task<bool> aexit(std::exception_ptr)");
    return enter_and_push<M>(this, std::make_unique<detail::manager_entry<M>>(std::forward<M>(manager)));
  }
  /// Keeps a value, a lock's guard for one, until its turn to be destroyed comes.
  template <class T>
  T& enter_context(T value) {
    auto entry = std::make_unique<detail::held_value<T>>(std::move(value));
    T& held = entry->value;
    push_entry(std::move(entry));
    return held;
  }
  /// A manager that was entered already, or f(std::exception_ptr), which gives an op of bool: true swallows.
  template <class M>
  void push_async_exit(M&& m) {
    if constexpr (detail::awaits_aenter<std::remove_reference_t<M>>) {
      push_entry(std::make_unique<detail::manager_entry<M>>(std::forward<M>(m)));
    } else {
      using F = std::decay_t<M>;
      static_assert(std::is_invocable_v<F&, std::exception_ptr>, "push_async_exit needs a manager, or f(std::exception_ptr)");
      push_entry(std::make_unique<detail::exit_function<F>>(F(std::forward<M>(m))));
    }
  }
  /// bool f(std::exception_ptr): true swallows.
  template <class F>
  void push(F f) {
    static_assert(std::is_invocable_r_v<bool, F&, std::exception_ptr>,
                  "push needs bool f(std::exception_ptr); push_async_exit is for what has to be awaited");
    push_entry(std::make_unique<detail::exit_function<F>>(std::move(f)));
  }
  /// Awaits f(args...). It owns them; references only through std::ref.
  template <class F, class... A>
  void push_async_callback(F f, A... args) {
    static_assert(detail::awaitable<std::invoke_result_t<F, A...>>,
                  "push_async_callback needs a function that gives an op, a jay::task for one; callback is for others");
    push_entry(std::make_unique<detail::exit_callback<F, A...>>(std::move(f), std::move(args)...));
  }
  /// Calls f(args...). It owns them; references only through std::ref.
  template <class F, class... A>
  void callback(F f, A... args) {
    static_assert(!detail::awaitable<std::invoke_result_t<F, A...>>,
                  "callback would not await what the function gives; use push_async_callback");
    push_entry(std::make_unique<detail::exit_callback<F, A...>>(std::move(f), std::move(args)...));
  }
  /// All that is in it, as a stack of its own: this one leaves nothing any more.
  async_exit_stack pop_all() noexcept { return std::move(*this); }

  /// To be awaited: leaves all of them now, without an exception. Throws what comes out of them.
  task<> aclose() { co_await aexit(nullptr); }

  // As a manager:
  task<async_exit_stack&> aenter() { co_return *this; }
  task<bool> aexit(std::exception_ptr e) {
    const bool received = e != nullptr;
    bool replaced = false;
    while (top_) {
      std::unique_ptr<detail::exit_entry> entry = std::exchange(top_, std::move(top_->below));
      try {
        bool swallows = co_await entry->exit(e);
        if (swallows) {
          e = nullptr;
          replaced = false;
        }
      } catch (...) {
        e = std::current_exception();
        replaced = true;
      }
    }
    if (replaced) std::rethrow_exception(std::move(e));
    co_return received && !e;
  }

 private:
  void push_entry(std::unique_ptr<detail::exit_entry> entry) noexcept {
    entry->below = std::move(top_);
    top_ = std::move(entry);
  }
  template <class M>
  static task<typename detail::entered<M>::type> enter_and_push(async_exit_stack* self,
                                                                std::unique_ptr<detail::manager_entry<M>> entry) {
    using given = typename detail::entered<M>::type;
    if constexpr (std::is_void_v<given>) {
      co_await entry->manager.aenter();
      self->push_entry(std::move(entry));
    } else {
      decltype(auto) got = co_await entry->manager.aenter();
      self->push_entry(std::move(entry));
      co_return static_cast<given&&>(got);
    }
  }

  std::unique_ptr<detail::exit_entry> top_;
};

}  // namespace jay
