// SPDX-License-Identifier: MIT
// task_list<T>: tasks whose number is found out at run time, to be gathered, and afterwards their results. One block of
// the frame pool holds both: for trees with so many forks that the two vectors of the other form count.
//
//   jay::task_list<long> children;
//   children.reserve(n);
//   for (...) children.push_back(f(x));
//   auto parts = co_await jay::gather(children);
//   for (long part : parts) ...
//
// It is gathered once, and stays where it is meanwhile; nothing can be added then (std::runtime_error). The results
// belong to the list, which destroys them. Not thread-safe: it belongs to the coroutine that made it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include <jay/task.hpp>

namespace jay {

/// The results of a task_list, in the order of its tasks; valid as long as the list.
template <class T>
class task_results {
  using stored = detail::outcome<T>;

 public:
  using result = std::conditional_t<std::is_reference_v<T>, T, typename stored::stored&>;

  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::remove_cvref_t<result>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = result;

    iterator() noexcept = default;
    explicit iterator(stored* at) noexcept : at_(at) {}
    reference operator*() const noexcept { return value(*at_); }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    iterator operator++(int) noexcept { return iterator(at_++); }
    friend bool operator==(const iterator&, const iterator&) noexcept = default;

   private:
    stored* at_ = nullptr;
  };

  task_results(stored* first, std::size_t n) noexcept : first_(first), size_(n) {}
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  result operator[](std::size_t i) const noexcept { return value(first_[i]); }
  iterator begin() const noexcept { return iterator(first_); }
  iterator end() const noexcept { return iterator(first_ + size_); }

 private:
  static result value(stored& o) noexcept {
    if constexpr (std::is_reference_v<T>) return static_cast<T>(*o.value());
    else return o.value();
  }
  stored* first_;
  std::size_t size_;
};

template <class T>
class task_list {
  using outcome = detail::outcome<T>;

 public:
  using value_type = task<T>;

  task_list() noexcept = default;
  task_list(task_list&& o) noexcept
      : children_(std::exchange(o.children_, nullptr)),
        next_(std::exchange(o.next_, nullptr)),
        limit_(std::exchange(o.limit_, nullptr)),
        room_(std::exchange(o.room_, 0)),
        taken_(o.taken_) {}
  task_list& operator=(task_list&&) = delete;
  ~task_list() {
    if (!children_) return;
    if (taken_) [[likely]] std::destroy_n(outcomes(), size());
    else if (!empty()) drop();
    detail::frame_free(children_, bytes(room_));
  }

  /// Room for n tasks in all. Throws std::bad_alloc with nothing changed.
  void reserve(std::size_t n) {
    if (n <= room_) return;
    if (children_ || taken_) [[unlikely]] return grow(n);
    children_ = next_ = static_cast<detail::job**>(detail::frame_allocate(bytes(n)));
    limit_ = children_ + n;
    room_ = n;
  }
  /// Throws std::runtime_error for an empty task, std::bad_alloc; the task then stays the caller's.
  void push_back(task<T>&& t) {
    t.require();
    if (next_ == limit_) [[unlikely]] grow(room_ == 0 ? 4 : 2 * room_);
    *next_++ = t.release();
  }
  /// All tasks of a range. Throws as push_back; those before the empty one are then in the list.
  template <class Tasks>
  void append(Tasks& tasks) {
    reserve(size() + std::size(tasks));
    detail::job** next = next_;
    for (task<T>& t : tasks) {
      detail::job* child = t.release();
      if (!child) [[unlikely]] {
        next_ = next;
        t.require();
      }
      *next++ = child;
    }
    next_ = next;
  }
  std::size_t size() const noexcept { return static_cast<std::size_t>(next_ - children_); }
  bool empty() const noexcept { return next_ == children_; }

  /// For the library: what to run, and where the results go.
  detail::job* const* children() const noexcept { return children_; }
  outcome* outcomes() const noexcept {
    auto end = reinterpret_cast<std::uintptr_t>(children_ + room_);
    return reinterpret_cast<outcome*>((end + alignof(outcome) - 1) & ~std::uintptr_t{alignof(outcome) - 1});
  }
  /// For the library: the tasks have run, and in their stead there are outcomes.
  void take() noexcept {
    taken_ = true;
    limit_ = next_;
  }
  bool taken() const noexcept { return taken_; }

 private:
  static std::size_t bytes(std::size_t n) noexcept {
    return n * (sizeof(detail::job*) + sizeof(outcome)) + (alignof(outcome) > sizeof(detail::job*) ? alignof(outcome) : 0);
  }
  [[gnu::noinline]] void grow(std::size_t n) {
    if (taken_) throw std::runtime_error("task_list: it has been gathered; nothing can be added");
    auto** block = static_cast<detail::job**>(detail::frame_allocate(bytes(n)));
    next_ = std::copy(children_, next_, block);
    if (children_) detail::frame_free(children_, bytes(room_));
    children_ = block;
    limit_ = block + n;
    room_ = n;
  }
  [[gnu::noinline]] void drop() noexcept {
    for (detail::job** child = children_; child != next_; ++child) detail::drop_unawaited(*child);
  }

  detail::job** children_ = nullptr;
  detail::job** next_ = nullptr;
  detail::job** limit_ = nullptr;
  std::size_t room_ = 0;
  bool taken_ = false;
};

}  // namespace jay
