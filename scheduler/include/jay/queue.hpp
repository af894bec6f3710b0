// SPDX-License-Identifier: MIT
// queue, lifo_queue, priority_queue: items handed from tasks to tasks. asyncio.Queue and its kin.
//
//   jay::queue<job> q(100);              // at most 100 items; 0, the default: any number
//   co_await q.put(std::move(j));        // waits while it is full
//   job j = co_await q.get();            // waits while it is empty
//
// T is anything that can be moved. priority_queue gives the smallest item first, as Python's does (it is a heap with
// Compare(a, b) meaning "a goes first"; std::priority_queue has it the other way round); equal items come in any order.
//
// First come, first served, without barging: an item put while somebody waits goes to the task that has waited longest,
// and a place that becomes free to the put that has waited longest. A get that was cancelled before its task could take
// the item gives it back, to the next that waits or to the front (of a bounded queue that is full again, one more than
// its size). A put whose item has found its place has succeeded; a cancel then waits for the next suspension.
// Any thread may use put_nowait, get_nowait, task_done and shutdown; a queue may be made outside a runtime.
//
// Each item lies in a node of its own, made by put before it waits. So nothing is moved, allocated or destroyed while
// the queue's lock is held, and no user code runs there but Compare, in a get. Compare must not use the queue; if it
// throws, so does that get, and nothing is lost.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>

#include <jay/error.hpp>
#include <jay/lock.hpp>

namespace jay {
namespace detail {

struct queue_item {
  queue_item* next = nullptr;
  queue_item* child = nullptr;  // priority: the item's heap
};

template <class T>
struct queue_item_of : queue_item {
  explicit queue_item_of(T&& v) : value(std::move(v)) {}
  T value;

  static void* operator new(std::size_t n) { return frame_allocate(n); }
  static void operator delete(void* p, std::size_t n) noexcept { frame_free(p, n); }
  static void* operator new(std::size_t n, std::align_val_t a) { return ::operator new(n, a); }
  static void operator delete(void* p, std::size_t, std::align_val_t a) noexcept { ::operator delete(p, a); }
};
template <class T>
using queue_item_ptr = std::unique_ptr<queue_item_of<T>>;

/// All of a queue but the type of its items.
class JAY_API queue_core {
 public:
  enum class order : std::uint8_t { first_in, last_in, smallest };
  using precedes = bool (*)(const queue_core&, const queue_item&, const queue_item&);

  queue_core(order o, std::size_t maxsize, precedes p) noexcept : maxsize_(maxsize), precedes_(p), order_(o) {}
  queue_core(const queue_core&) = delete;

  enum class outcome : std::uint8_t { done, would_wait, shut_down };
  outcome try_put(queue_item* i) noexcept;
  outcome try_get(queue_item*& i);
  void task_done();
  /// Gives the items that were in it if `immediate`.
  [[nodiscard]] queue_item* shutdown(bool immediate) noexcept;
  /// All items, chained by `next`.
  queue_item* take_all() noexcept;
  /// Of a get that was cancelled. False: they are not wanted any more; the caller destroys it.
  bool give_back(queue_item* i) noexcept;

  std::size_t qsize() const noexcept;
  bool empty() const noexcept { return qsize() == 0; }
  bool full() const noexcept { return maxsize_ != 0 && qsize() >= maxsize_; }
  std::size_t maxsize() const noexcept { return maxsize_; }

 private:
  friend class queue_awaiter;
  friend class get_awaiter_base;
  friend class put_awaiter_base;
  friend class queue_join_awaiter;

  // all with mutex_ held
  bool has_room() const noexcept { return maxsize_ == 0 || size_ < maxsize_; }
  outcome place(queue_item* i, leaf*& woken) noexcept;
  outcome take(queue_item*& i, claimed_list& claimed);
  bool hand_to_getter(queue_item* i, leaf*& woken) noexcept;
  void push_back(queue_item* i) noexcept;
  void push_front(queue_item* i) noexcept;
  queue_item* pop();
  queue_item* pop_smallest();
  void finish(std::size_t n, claimed_list& claimed) noexcept;

  const std::size_t maxsize_;
  const precedes precedes_;
  const order order_;
  mutable spin_mutex mutex_;  // guards what follows
  bool shut_down_ = false;
  bool discard_ = false;  // shut down at once: an item that comes back is not wanted
  std::size_t size_ = 0;
  std::size_t unfinished_ = 0;
  queue_item* head_ = nullptr;  // smallest: the heaps, in any order; every item in one
  queue_item* tail_ = nullptr;  // first_in only
  leaf_list getters_;  // only while the queue is empty and not shut down
  leaf_list putters_;  // only while it is full and not shut down
  leaf_list joiners_;
};

/// What the three kinds of waiting have in common.
class JAY_API queue_awaiter : public leaf {
 public:
  explicit queue_awaiter(queue_core* q) noexcept : queue_(q) {}

 protected:
  friend class queue_core;
  /// done: at once; handed: after a suspension
  enum class state : std::uint8_t { fresh, done, waiting, handed, shut_down };

  /// await_ready for what has been tried.
  bool ready(queue_core::outcome o) noexcept;
  bool yield() noexcept;
  void forget(leaf_list queue_core::*list) noexcept;

  queue_core* queue_;
  queue_item* item_ = nullptr;
  state state_ = state::fresh;
};

class JAY_API get_awaiter_base : public queue_awaiter {
 public:
  using queue_awaiter::queue_awaiter;
  bool await_ready() { return ready(queue_->try_get(item_)); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    prepare(h);
    return suspend();
  }

 protected:
  bool suspend();
  /// Leaves the item in item_. Throws if there is none, or if it is given back, and then leaves it there if it is to be
  /// destroyed.
  void resumed();
};

template <class T>
class get_awaiter : public get_awaiter_base {
 public:
  using get_awaiter_base::get_awaiter_base;
  ~get_awaiter() { delete static_cast<queue_item_of<T>*>(item_); }
  T await_resume() {
    resumed();
    queue_item_ptr<T> i(static_cast<queue_item_of<T>*>(std::exchange(item_, nullptr)));
    return std::move(i->value);
  }
};

class JAY_API put_awaiter_base : public queue_awaiter {
 public:
  using queue_awaiter::queue_awaiter;
  bool await_ready() noexcept { return ready(queue_->try_put(item_)); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    prepare(h);
    return suspend();
  }
  void await_resume();

 protected:
  bool suspend() noexcept;
};

template <class T>
class put_awaiter : public put_awaiter_base {
 public:
  put_awaiter(queue_core* q, queue_item_ptr<T> i) noexcept : put_awaiter_base(q) { item_ = i.release(); }
  /// The queue has the item if the put is done.
  ~put_awaiter() {
    if (state_ != state::done && state_ != state::handed) delete static_cast<queue_item_of<T>*>(item_);
  }
};

class JAY_API queue_join_awaiter : public queue_awaiter {
 public:
  using queue_awaiter::queue_awaiter;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
    prepare(h);
    return suspend();
  }
  void await_resume();

 private:
  bool suspend() noexcept;
};

template <class T>
class basic_queue : protected queue_core {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T> && !std::is_const_v<T>,
                "a queue's items are values that can be moved; queue pointers or std::unique_ptr instead");

 public:
  using value_type = T;
  /// Nobody may be waiting any more.
  ~basic_queue() { destroy(take_all()); }

  /// Waits until there is room. Throws queue_shut_down. Join counts the item from when it is in the queue.
  auto put(T item) {
    return op<put_awaiter<T>, queue_core*, queue_item_ptr<T>>(this, std::make_unique<queue_item_of<T>>(std::move(item)));
  }
  /// Throws queue_full or queue_shut_down.
  void put_nowait(T item) {
    auto i = std::make_unique<queue_item_of<T>>(std::move(item));
    switch (try_put(i.get())) {
      case outcome::done: return void(i.release());
      case outcome::would_wait: throw queue_full();
      case outcome::shut_down: throw queue_shut_down();
    }
  }
  /// Waits until there is an item. Throws queue_shut_down when there is none and never will be.
  auto get() { return op<get_awaiter<T>, queue_core*>(this); }
  /// Throws queue_empty or queue_shut_down.
  T get_nowait() {
    queue_item* i = nullptr;
    switch (try_get(i)) {
      case outcome::done: break;
      case outcome::would_wait: throw queue_empty();
      case outcome::shut_down: throw queue_shut_down();
    }
    queue_item_ptr<T> taken(static_cast<queue_item_of<T>*>(i));
    return std::move(taken->value);
  }

  using queue_core::empty;
  using queue_core::full;
  using queue_core::maxsize;
  using queue_core::qsize;

  /// An item that was got has been dealt with. Throws std::invalid_argument if called more often than items were put.
  using queue_core::task_done;
  /// Waits until task_done was called for every item.
  auto join() { return op<queue_join_awaiter, queue_core*>(this); }
  /// No more puts; gets go on until the queue is empty. `immediate` drops what is in it, too.
  void shutdown(bool immediate = false) { destroy(queue_core::shutdown(immediate)); }

 protected:
  basic_queue(order o, std::size_t maxsize, precedes p = nullptr) noexcept : queue_core(o, maxsize, p) {}

  using queue_core::order;
  using core = queue_core;
  static const T& value_of(const queue_item& i) noexcept { return static_cast<const queue_item_of<T>&>(i).value; }

 private:
  static void destroy(queue_item* i) noexcept {
    while (i) delete static_cast<queue_item_of<T>*>(std::exchange(i, i->next));
  }
};

}  // namespace detail

/// First in, first out.
template <class T>
class queue : public detail::basic_queue<T> {
  using base = detail::basic_queue<T>;

 public:
  explicit queue(std::size_t maxsize = 0) noexcept : base(base::order::first_in, maxsize) {}
};

/// Last in, first out.
template <class T>
class lifo_queue : public detail::basic_queue<T> {
  using base = detail::basic_queue<T>;

 public:
  explicit lifo_queue(std::size_t maxsize = 0) noexcept : base(base::order::last_in, maxsize) {}
};

/// The smallest first: that for which compare(it, other) holds.
template <class T, class Compare = std::less<T>>
class priority_queue : public detail::basic_queue<T> {
  using base = detail::basic_queue<T>;

 public:
  explicit priority_queue(std::size_t maxsize = 0, Compare compare = {})
      : base(base::order::smallest, maxsize, &goes_first), compare_(std::move(compare)) {}

 private:
  static bool goes_first(const typename base::core& q, const detail::queue_item& a, const detail::queue_item& b) {
    auto& self = static_cast<const priority_queue&>(static_cast<const base&>(q));
    return static_cast<bool>(self.compare_(base::value_of(a), base::value_of(b)));
  }

  [[no_unique_address]] Compare compare_;
};

}  // namespace jay
