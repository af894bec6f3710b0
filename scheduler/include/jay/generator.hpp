// SPDX-License-Identifier: MIT
// generator<T>: values one by one, without awaiting. Python's generator, and C++23's std::generator.
//
//   jay::generator<int> count(int n) {
//     for (int i = 0; i < n; ++i) co_yield i;
//   }
//   for (int v : count(3)) ...
//
// An input range: iterated once, by one thread at a time, also outside a runtime. *it gives T&&, or T itself where that is a
// reference. co_yield jay::elements_of(g) yields what another one, or a range, does; an element costs the same at any depth.
// What the body throws comes out of begin() or ++. One that is left is destroyed where it stands. It cannot co_await;
// async_generator can.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

#include <jay/detail/worker.hpp>
#include <jay/elements_of.hpp>

namespace jay {

template <class T>
class [[nodiscard("a generator does nothing until it is iterated")]] generator {
 public:
  using value_type = std::remove_cvref_t<T>;
  using reference = T&&;
  class promise_type;
  class iterator;

  generator(generator&& o) noexcept : promise_(std::exchange(o.promise_, nullptr)) {}
  generator& operator=(generator&& o) noexcept {
    std::swap(promise_, o.promise_);
    return *this;
  }
  ~generator() {
    if (promise_) promise_->handle().destroy();
  }

  /// Once. Runs the body up to its first value.
  iterator begin() {
    promise_->advance();
    return iterator(*promise_);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  explicit generator(promise_type& p) noexcept : promise_(&p) {}
  promise_type* promise_;
};

template <class T>
class generator<T>::promise_type {
 public:
  generator get_return_object() noexcept { return generator(*this); }
  std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() noexcept {
    struct back_to_parent {
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        promise_type& p = h.promise();
        if (p.parent_) p.root_->leaf_ = p.parent_;
      }
      void await_resume() noexcept {}
    };
    return back_to_parent();
  }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  void return_void() noexcept {}
  void await_transform() = delete;

  std::suspend_always yield_value(reference v) noexcept {
    root_->value_ = std::addressof(v);
    return {};
  }
  /// Gives a copy, which is the caller's to change.
  auto yield_value(const value_type& v)
    requires(!std::is_reference_v<T> && std::is_copy_constructible_v<value_type>)
  {
    class copied {
     public:
      copied(promise_type& r, const value_type& from) : root_(r), copy_(from) {}
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<>) noexcept { root_.value_ = std::addressof(copy_); }
      void await_resume() noexcept {}

     private:
      promise_type& root_;
      value_type copy_;
    };
    return copied(*root_, v);
  }
  template <class G>
  auto yield_value(elements_of<G> all) {
    if constexpr (std::is_same_v<std::remove_cvref_t<G>, generator>) {
      return inner_elements<generator&>(*this, all.from);
    } else {
      static_assert(detail::iterable<G>, "elements_of: a generator of the same type, or a range");
      return inner_elements<generator>(*this, each(std::forward<G>(all.from)));
    }
  }

  static void* operator new(std::size_t n) { return detail::frame_allocate(n, JAY_FRAME_ALIGNMENT); }
  static void operator delete(void* p, std::size_t n) noexcept { detail::frame_free(p, n, JAY_FRAME_ALIGNMENT); }

 private:
  friend generator;
  friend iterator;

  template <class G>
  class inner_elements {
   public:
    inner_elements(promise_type& outer, G&& g) noexcept : outer_(outer), inner_(std::forward<G>(g)) {}
    bool await_ready() noexcept { return inner_.promise_->handle().done(); }
    void await_suspend(std::coroutine_handle<>) noexcept {
      promise_type& inner = *inner_.promise_;
      promise_type& root = *outer_.root_;
      inner.parent_ = &outer_;
      for (promise_type* p = inner.leaf_; p != &outer_; p = p->parent_) p->root_ = &root;
      root.leaf_ = inner.leaf_;
    }
    void await_resume() {
      if (inner_.promise_->error_) std::rethrow_exception(std::exchange(inner_.promise_->error_, nullptr));
    }

   private:
    promise_type& outer_;
    G inner_;
  };

  template <class R>
  static generator each(R&& range) {
    for (auto&& element : range) co_yield static_cast<decltype(element)&&>(element);
  }

  std::coroutine_handle<promise_type> handle() noexcept { return std::coroutine_handle<promise_type>::from_promise(*this); }
  /// To the next value or the end, through those that end and begin on the way: in a loop, so it takes no stack.
  void advance() {
    value_ = nullptr;
    while (!value_ && !handle().done()) leaf_->handle().resume();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  promise_type* root_ = this;
  promise_type* leaf_ = this;  // of a root: which goes on
  promise_type* parent_ = nullptr;
  std::add_pointer_t<T> value_ = nullptr;  // of a root
  std::exception_ptr error_;
};

template <class T>
class generator<T>::iterator {
 public:
  using value_type = generator::value_type;
  using difference_type = std::ptrdiff_t;

  explicit iterator(promise_type& p) noexcept : promise_(&p) {}
  iterator(iterator&&) noexcept = default;
  iterator& operator=(iterator&&) noexcept = default;

  reference operator*() const noexcept { return static_cast<reference>(*promise_->value_); }
  iterator& operator++() {
    promise_->advance();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return i.ended(); }

 private:
  bool ended() const noexcept { return promise_->handle().done(); }
  promise_type* promise_;
};

}  // namespace jay
