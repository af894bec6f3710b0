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
// its size). So does a put that has waited, and whose item was taken in, if it is cancelled before its task goes on: the
// item leaves the queue again, unless somebody has got it meanwhile. Then the put has succeeded, and the cancel waits for
// the next suspension.
// With order = "asyncio" whoever is woken looks when it runs, as in asyncio: who comes first gets the item, or the room.
// Any thread may use put_nowait, get_nowait, task_done and shutdown; a queue may be made outside a runtime.
//
// What put takes is made ready to be handed on before it waits. So nothing is moved or destroyed while the queue's lock is
// held, and no user code runs there but Compare, in a get. Compare must not use the queue; if it throws, so does that
// get, and nothing is lost.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <jay/detail/in_turns.hpp>
#include <jay/detail/queue_items.hpp>
#include <jay/error.hpp>
#include <jay/lock.hpp>

namespace jay {
namespace detail {

/// How an item becomes a cell, and the cell an item: as it is.
template <class T>
struct direct_cell {
  using bytes = std::array<std::byte, sizeof(T)>;

  static queue_cell make(T&& v) noexcept {
    std::array<std::byte, sizeof(queue_cell)> all{};
    bytes used = std::bit_cast<bytes>(v);
    std::copy(used.begin(), used.end(), all.begin());
    return std::bit_cast<queue_cell>(all);
  }
  static T take(queue_cell c) noexcept {
    auto all = std::bit_cast<std::array<std::byte, sizeof(queue_cell)>>(c);
    bytes used;
    std::copy_n(all.begin(), used.size(), used.begin());
    return std::bit_cast<T>(used);
  }
  static void drop(queue_cell) noexcept {}
};

struct no_head {};
/// As the address of a block of its own, which begins with `Head`.
template <class T, class Head = no_head>
struct block_cell : Head, pooled {
  explicit block_cell(T&& v) : value(std::move(v)) {}
  [[no_unique_address]] T value;

  static queue_cell make(T&& v) { return reinterpret_cast<queue_cell>(static_cast<Head*>(new block_cell(std::move(v)))); }
  static T take(queue_cell c) {
    std::unique_ptr<block_cell> b(block(c));
    return std::move(b->value);
  }
  static void drop(queue_cell c) noexcept { delete block(c); }

 private:
  static block_cell* block(queue_cell c) noexcept { return static_cast<block_cell*>(reinterpret_cast<Head*>(c)); }
};

template <class T>
consteval bool fits_a_cell() {
  if constexpr (!std::is_object_v<T>) return false;
  else return std::is_trivially_copyable_v<T> && std::is_move_constructible_v<T> && sizeof(T) <= sizeof(queue_cell);
}
template <class T>
using list_cell = std::conditional_t<fits_a_cell<T>(), direct_cell<T>, block_cell<T>>;
template <class T>
using heap_cell = block_cell<T, heap_item>;

/// An item that is nowhere else.
template <class Cell>
class held_cell {
 public:
  explicit held_cell(queue_cell c) noexcept : cell_(c) {}
  held_cell(held_cell&& o) noexcept : cell_(std::exchange(o.cell_, 0)) {}
  held_cell& operator=(held_cell&&) = delete;
  ~held_cell() { Cell::drop(cell_); }
  queue_cell get() const noexcept { return cell_; }
  queue_cell release() noexcept { return std::exchange(cell_, 0); }

 private:
  queue_cell cell_;
};

/// All of a queue but the type of its items.
class put_awaiter_base;

class JAY_API queue_core {
 public:
  enum class order { first_in, last_in, smallest };

  queue_core(order o, std::size_t maxsize, precedes p) noexcept : maxsize_(maxsize), precedes_(p), order_(o) {}
  queue_core(const queue_core&) = delete;

  /// Items of which all are dropped.
  struct items {
    cell_list list;  // first_in, last_in
    cell_heap heap;  // smallest
    bool empty() const noexcept { return list.size() + heap.size() == 0; }
    queue_cell pop_any() noexcept { return list.size() != 0 ? list.pop_front() : heap.pop_any(); }
  };

  enum class outcome { done, would_wait, shut_down };
  outcome try_put(queue_cell i);
  outcome try_get(queue_cell& i);
  void task_done();
  /// Gives the items that were in it if `immediate`.
  [[nodiscard]] items shutdown(bool immediate) noexcept;
  /// For the destructor.
  items& all() noexcept { return items_; }
  /// Of a get that was cancelled. unwanted: the caller drops it; no_room: there was no memory.
  enum class returned { taken, unwanted, no_room };
  returned give_back(queue_cell i) noexcept;
  /// Of a put that was cancelled, after its item was taken in. False: the item is not there any more.
  bool undo(const put_awaiter_base& p) noexcept;

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
  std::size_t size() const noexcept { return order_ == order::smallest ? items_.heap.size() : items_.list.size(); }
  bool has_room() const noexcept { return maxsize_ == 0 || size() < maxsize_; }
  outcome place(queue_cell i, waiter*& woken);
  outcome take(queue_cell& i, woken_list& woken);
  void admit_putters(woken_list& woken);
  bool hand_to_getter(queue_cell i, waiter*& woken) noexcept;
  void pass_turn_on(waiter_list queue_core::*list) noexcept;
  void put_in(queue_cell i);
  void put_in_front(queue_cell i);
  queue_cell take_out();
  void finish(std::size_t n, woken_list& woken) noexcept;

  mutable spin_mutex mutex_;  // guards what follows, up to maxsize_
  bool shut_down_ = false;
  bool discard_ = false;  // shut down at once: an item that comes back is not wanted
  items items_;
  std::size_t unfinished_ = 0;
  waiter_list getters_;  // only while the queue is empty and not shut down
  waiter_list putters_;  // only while it is full and not shut down
  waiter_list joiners_;
  // How often an item was put in, taken out, given back: a put whose item was taken in knows by these where it is.
  std::uint64_t put_in_ = 0;
  std::uint32_t taken_out_ = 0;
  std::uint32_t given_back_ = 0;
  std::uint64_t undone_ = 0;  // the number of the last item that a cancelled put took out again
  const std::size_t maxsize_;
  const precedes precedes_;
  const order order_;
};

/// What the three kinds of waiting have in common.
class JAY_API queue_awaiter : public waiter {
 public:
  explicit queue_awaiter(queue_core* q) noexcept : queue_(q) {}
  ~queue_awaiter() {}

 protected:
  friend class queue_core;
  struct place;
  /// A wait in this list, until there may be something to do.
  task<> called(waiter_list queue_core::*list);
  bool wait_in_turns(task<> loop);  // always true

  /// done: at once; handed: after a suspension; in_turns: order = "asyncio", it waits in a loop
  enum class state { fresh, done, waiting, handed, shut_down, in_turns };

  /// await_ready for what has been tried.
  bool ready(queue_core::outcome o) noexcept;
  void forget(waiter_list queue_core::*list) noexcept;

  queue_core* queue_;
  queue_cell item_ = 0;
  state state_ = state::fresh;
  union {
    outcome<void> ended_;  // of the loop in which it waited
  };
};

class JAY_API get_awaiter_base : public suspends<get_awaiter_base, queue_awaiter> {
 public:
  static constexpr auto awaits = awaited::queue_get;
  using suspends::suspends;
  bool await_ready() { return this_worker->spend() && ready(queue_->try_get(item_)); }

 protected:
  friend suspends<get_awaiter_base, queue_awaiter>;
  bool suspend();
  task<> in_turns_loop();
  /// Leaves the item in item_. Throws if there is none, or if it is given back, and then leaves it there if it is to be
  /// destroyed.
  void resumed();
};

template <class T, class Cell>
class get_awaiter : public get_awaiter_base {
 public:
  using get_awaiter_base::get_awaiter_base;
  ~get_awaiter() { Cell::drop(item_); }
  T await_resume() {
    resumed();
    return Cell::take(std::exchange(item_, 0));
  }
};

class JAY_API put_awaiter_base : public suspends<put_awaiter_base, queue_awaiter> {
 public:
  static constexpr auto awaits = awaited::queue_put;
  using suspends::suspends;
  bool await_ready() { return this_worker->spend() && ready(queue_->try_put(item_)); }
  void await_resume() {
    leave();
    if (state_ != state::done) [[unlikely]] resumed();
  }

 protected:
  friend suspends<put_awaiter_base, queue_awaiter>;
  bool suspend();
  task<> in_turns_loop();

 private:
  friend class queue_core;
  void resumed();

  // As the queue's counts were when it took the item in.
  std::uint64_t number_ = 0;
  std::uint32_t taken_out_ = 0;
  std::uint32_t given_back_ = 0;
};

template <class Cell>
class put_awaiter : public put_awaiter_base {
 public:
  put_awaiter(queue_core* q, held_cell<Cell> i) noexcept : put_awaiter_base(q) { item_ = i.release(); }
  /// The queue has the item if the put is done.
  ~put_awaiter() {
    if (state_ != state::done && state_ != state::handed) Cell::drop(item_);
  }
};

class JAY_API queue_join_awaiter : public suspends<queue_join_awaiter, queue_awaiter> {
 public:
  static constexpr auto awaits = awaited::queue_join;
  using suspends::suspends;
  bool await_ready() const noexcept { return false; }
  void await_resume();

 private:
  friend suspends<queue_join_awaiter, queue_awaiter>;
  bool suspend() noexcept;
};

template <class T, class Cell>
class basic_queue : protected queue_core {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T> && !std::is_const_v<T>,
                "a queue's items are values that can be moved; queue pointers or std::unique_ptr instead");

 public:
  using value_type = T;
  /// Nobody may be waiting any more.
  ~basic_queue() { drop(all()); }

  /// Waits until there is room. Throws queue_shut_down, or std::bad_alloc. Join counts the item from when it is in the
  /// queue.
  auto put(T item) {
    return op<put_awaiter<Cell>, queue_core*, held_cell<Cell>>(this, held_cell<Cell>(Cell::make(std::move(item))));
  }
  /// Throws queue_full or queue_shut_down.
  void put_nowait(T item) {
    held_cell<Cell> i(Cell::make(std::move(item)));
    switch (try_put(i.get())) {
      case outcome::done: return void(i.release());
      case outcome::would_wait: throw queue_full();
      case outcome::shut_down: throw queue_shut_down();
    }
  }
  /// Waits until there is an item. Throws queue_shut_down when there is none and never will be; std::bad_alloc, with
  /// nothing taken, where a put waits and there is no memory to take its item in.
  auto get() { return op<get_awaiter<T, Cell>, queue_core*>(this); }
  /// Throws queue_empty or queue_shut_down.
  T get_nowait() {
    queue_cell i = 0;
    switch (try_get(i)) {
      case outcome::done: break;
      case outcome::would_wait: throw queue_empty();
      case outcome::shut_down: throw queue_shut_down();
    }
    return Cell::take(i);
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
  void shutdown(bool immediate = false) {
    items dropped = queue_core::shutdown(immediate);
    drop(dropped);
  }

 protected:
  basic_queue(order o, std::size_t maxsize, precedes p = nullptr) noexcept : queue_core(o, maxsize, p) {}

  using queue_core::order;
  using core = queue_core;

 private:
  static void drop(items& i) noexcept {
    while (!i.empty()) Cell::drop(i.pop_any());
  }
};

}  // namespace detail

/// First in, first out.
template <class T>
class queue : public detail::basic_queue<T, detail::list_cell<T>> {
  using base = detail::basic_queue<T, detail::list_cell<T>>;

 public:
  explicit queue(std::size_t maxsize = 0) noexcept : base(base::order::first_in, maxsize) {}
};

/// Last in, first out.
template <class T>
class lifo_queue : public detail::basic_queue<T, detail::list_cell<T>> {
  using base = detail::basic_queue<T, detail::list_cell<T>>;

 public:
  explicit lifo_queue(std::size_t maxsize = 0) noexcept : base(base::order::last_in, maxsize) {}
};

/// The smallest first: that for which compare(it, other) holds.
template <class T, class Compare = std::less<T>>
class priority_queue : public detail::basic_queue<T, detail::heap_cell<T>> {
  using base = detail::basic_queue<T, detail::heap_cell<T>>;

 public:
  explicit priority_queue(std::size_t maxsize = 0, Compare compare = {})
      : base(base::order::smallest, maxsize, &goes_first), compare_(std::move(compare)) {}

 private:
  static bool goes_first(const void* q, const detail::heap_item& a, const detail::heap_item& b) {
    using cell = detail::heap_cell<T>;
    auto& self = static_cast<const priority_queue&>(static_cast<const base&>(*static_cast<const typename base::core*>(q)));
    return static_cast<bool>(self.compare_(static_cast<const cell&>(a).value, static_cast<const cell&>(b).value));
  }

  [[no_unique_address]] Compare compare_;
};

}  // namespace jay
