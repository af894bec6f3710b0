// SPDX-License-Identifier: MIT
// once, once_cell: something that is to happen once, however many tasks ask for it. std::call_once; tokio's OnceCell.
//
//   jay::once_cell<settings> loaded;
//   const settings& s = co_await loaded.get_or_init(load, path);   // load(path) runs for one of all who ask
//
//   jay::once started;
//   co_await started.call(start_things);
//
// The first to come runs it, in its own task; the others wait, first come, first served. If it throws, or the task that runs
// it is cancelled, that task gets the error, and the one that has waited longest runs it next. May be made outside a
// runtime; it has to outlive all calls. What runs must not ask for the same once: it would wait for itself.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include <jay/detail/op.hpp>
#include <jay/detail/wait_list.hpp>

namespace jay {

namespace detail {

/// Who may run it, and who waits. The turn is with one at most.
class JAY_API once_core {
 public:
  once_core() noexcept = default;
  once_core(const once_core&) = delete;

  bool done() const noexcept { return done_.load(std::memory_order_acquire); }  // [O1] what was done
  /// It has happened. By who has the turn.
  void finish() noexcept;
  /// It has not: the turn goes to the next.
  void pass_on() noexcept;
  /// False: somebody else has the turn, or it is done.
  bool try_begin() noexcept;

  class turn;

 private:
  friend class once_awaiter;
  spin_mutex mutex_;  // guards what follows; done_ is written under it
  bool running_ = false;
  waiter_list waiters_;
  atomic<bool> done_{false};
};

/// The turn, in the frame of who has it.
class once_core::turn {
 public:
  explicit turn(once_core& c) noexcept : core_(&c) {}
  turn(const turn&) = delete;
  ~turn() {
    if (core_) core_->pass_on();
  }
  void finish() noexcept { std::exchange(core_, nullptr)->finish(); }

 private:
  once_core* core_;
};

/// Gives true to who has the turn; false: it is done.
class JAY_API once_awaiter : public suspends<once_awaiter> {
 public:
  static constexpr auto awaits = awaited::once;
  explicit once_awaiter(once_core* c) noexcept : core_(*c) {}
  bool await_ready() const noexcept { return this_worker->spend() && core_.done(); }
  bool await_resume();

 private:
  friend suspends<once_awaiter>;
  friend class once_core;
  bool suspend();
  once_core& core_;
  bool mine_ = false;
};

/// What f gives is awaited.
template <class F, class... A>
inline constexpr bool call_awaits = awaitable<std::decay_t<std::invoke_result_t<F, A...>>>;

template <class F, class... A>
task<> call_once(once_core* core, F f, A... args) {
  bool mine = co_await op<once_awaiter, once_core*>(std::move(core));
  if (!mine) co_return;
  once_core::turn turn(*core);
  if constexpr (call_awaits<F, A...>) co_await std::invoke(std::move(f), std::move(args)...);
  else std::invoke(std::move(f), std::move(args)...);
  turn.finish();
}

}  // namespace detail

class once {
 public:
  /// Runs f(args...), a coroutine function or an ordinary one, unless it has been run. Its arguments are moved into the
  /// operation, references only by std::ref.
  template <class F, class... A>
  auto call(F f, A... args) {
    return detail::call_once<F, A...>(&core_, std::move(f), std::move(args)...);
  }
  bool done() const noexcept { return core_.done(); }

 private:
  detail::once_core core_;
};

template <class T>
class once_cell {
 public:
  once_cell() = default;
  once_cell(const once_cell&) = delete;

  /// The value, or null while there is none. It stays where it is.
  const T* get() const noexcept { return core_.done() ? &*value_ : nullptr; }
  T* get() noexcept { return core_.done() ? &*value_ : nullptr; }
  bool done() const noexcept { return core_.done(); }

  /// Makes the value from f(args...), as once::call; gives a reference to it.
  template <class F, class... A>
  task<T&> get_or_init(F f, A... args) {
    bool mine = co_await op<detail::once_awaiter, detail::once_core*>(&core_);
    if (mine) {
      detail::once_core::turn turn(core_);
      if constexpr (detail::call_awaits<F, A...>) {
        auto made = std::invoke(std::move(f), std::move(args)...);
        value_.emplace(co_await std::move(made));
      } else {
        value_.emplace(std::invoke(std::move(f), std::move(args)...));
      }
      turn.finish();
    }
    co_return *value_;
  }
  /// False, with nothing done: it has a value, or somebody is making one.
  bool set(T value) {
    if (!core_.try_begin()) return false;
    detail::once_core::turn turn(core_);
    value_.emplace(std::move(value));
    turn.finish();
    return true;
  }

 private:
  detail::once_core core_;
  std::optional<T> value_;  // written by who has the turn, read once it is done
};

}  // namespace jay
