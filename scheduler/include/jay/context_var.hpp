// SPDX-License-Identifier: MIT
// context_var<T>: a variable with one value per task. Python's contextvars.
//
//   jay::context_var<std::string> user("user", "nobody");   // usually a global
//   auto before = user.set("ada");
//   user.get();                                             // "ada", here and in what this task awaits
//   user.reset(before);
//
// create_task copies the creator's context: the new task sees what was set before it was created, and its own sets stay
// its own. What is awaited directly, or given to gather by value, is part of the same task and shares its context.
// Outside a task each thread has a context of its own.
//
// A context is an immutable map; set() replaces it by a changed copy, so that copying a context is one count.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <jay/detail/export.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/task_state.hpp>

namespace jay {

template <class T>
class context_var;
class context;

namespace detail {

using context_value = std::shared_ptr<const void>;

/// Where a context is kept: in a task, a jay::context, or a thread.
struct JAY_API context_slot {
  context_slot() noexcept = default;
  explicit context_slot(context_map* m) noexcept : map(m) {}
  context_slot(const context_slot&) = delete;
  ~context_slot() {
    if (map) release_context(map);
  }
  spin_mutex mutex;
  std::uint64_t number = 0;    // guarded by mutex; given at the first change, never given again
  context_map* map = nullptr;  // guarded by mutex; owned
  atomic<bool> entered{false};
};

/// What a set() replaced, and in which context: that of the task of this number on the scheduler of this number, or, on
/// none, the slot of this number. (No address: another task or slot may come to it.)
struct context_change {
  std::uint64_t key = 0;
  context_value old;
  std::uint64_t scheduler_number = 0;
  std::uint64_t place_number = 0;
};

JAY_API std::uint64_t new_context_key() noexcept;
/// Null: the variable is not set here.
JAY_API context_value context_get(std::uint64_t key) noexcept;
JAY_API context_value context_get(context_slot& in, std::uint64_t key) noexcept;
JAY_API context_change context_set(std::uint64_t key, context_value value);
/// Throws std::invalid_argument if the change was made in another context.
JAY_API void context_undo(const context_change& change, const std::string& name);
/// The current context, with a count for the caller; null if it is empty.
JAY_API context_map* capture_context() noexcept;

/// What a task has set stays in the context, in the stead of what was there.
JAY_API void keep_context(task_state& ended, const context& in) noexcept;

/// Makes a slot the current context of the code called from here, until the end of the block.
class JAY_API context_entered {
 public:
  explicit context_entered(context_slot& s);
  context_entered(const context_entered&) = delete;
  ~context_entered();

 private:
  friend struct context_access;
  context_slot& slot_;
  task_state* task_;
  context_entered* outer_;
};

}  // namespace detail

/// What set() returns: with it, reset() brings the earlier value back, once.
template <class T>
class context_token {
 public:
  /// The value before the set; nothing if there was none.
  std::optional<T> old_value() const {
    return change_.old ? std::optional<T>(*static_cast<const T*>(change_.old.get())) : std::nullopt;
  }

 private:
  friend class context_var<T>;
  context_token(detail::context_change c, std::shared_ptr<bool> used) noexcept
      : change_(std::move(c)), used_(std::move(used)) {}
  detail::context_change change_;
  std::shared_ptr<bool> used_;
};

template <class T>
class context_var {
 public:
  using value_type = T;
  using token = context_token<T>;

  explicit context_var(std::string name, T default_value = {})
      : name_(std::move(name)), default_(std::move(default_value)), key_(detail::new_context_key()) {}
  context_var(const context_var&) = delete;
  context_var& operator=(const context_var&) = delete;

  const std::string& name() const noexcept { return name_; }

  /// The value set in this context, or the variable's default.
  T get() const {
    detail::context_value v = detail::context_get(key_);
    return v ? *static_cast<const T*>(v.get()) : default_;
  }
  /// The value set in this context, or the one given.
  T get(T otherwise) const {
    detail::context_value v = detail::context_get(key_);
    return v ? *static_cast<const T*>(v.get()) : std::move(otherwise);
  }
  token set(T value) {
    auto unused = std::make_shared<bool>(false);  // before the change: with no memory nothing has changed
    return token(detail::context_set(key_, std::make_shared<const T>(std::move(value))), std::move(unused));
  }
  /// Throws std::runtime_error if the token was used before, std::invalid_argument if it is of another variable or
  /// context.
  void reset(const token& t) {
    if (*t.used_) throw std::runtime_error("context_var '" + name_ + "': the token was used before; each resets once");
    if (t.change_.key != key_)
      throw std::invalid_argument("context_var '" + name_ + "': the token is of another context_var");
    detail::context_undo(t.change_, name_);
    *t.used_ = true;
  }

 private:
  friend class context;
  std::string name_;
  T default_;
  std::uint64_t key_;
};

/// A context by itself. Copies are handles of the same one; copy_context() makes a new one.
class JAY_API context {
 public:
  /// An empty one.
  context() : slot_(std::make_shared<detail::context_slot>()) {}

  /// Calls f with this as the current context: what f sets stays in it. f is a plain function: it cannot await, but the
  /// tasks that it creates start from this context. Throws std::runtime_error if it is entered already.
  template <class F, class... A>
  decltype(auto) run(F&& f, A&&... args) const {
    detail::context_entered here(*slot_);
    return std::invoke(std::forward<F>(f), std::forward<A>(args)...);
  }
  /// The value in this context; nothing if the variable is not set in it.
  template <class T>
  std::optional<T> get(const context_var<T>& var) const {
    detail::context_value v = detail::context_get(*slot_, var.key_);
    return v ? std::optional<T>(*static_cast<const T*>(v.get())) : std::nullopt;
  }
  template <class T>
  bool contains(const context_var<T>& var) const {
    return detail::context_get(*slot_, var.key_) != nullptr;
  }
  context copy() const;

 private:
  friend context copy_context();
  friend void detail::keep_context(detail::task_state& ended, const context& in) noexcept;
  std::shared_ptr<detail::context_slot> slot_;
};

/// A copy of the current context.
JAY_API context copy_context();

}  // namespace jay
