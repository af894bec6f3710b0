// SPDX-License-Identifier: MIT
// Stands in the models for moodycamel::ConcurrentQueue, which is not ours to check and is built on std::atomic. It
// promises as little as the real one does: what one thread has enqueued comes out in that order; a take sees what its
// put has released; an element whose put does not happen before the take may be overlooked.
#pragma once
#include <cstddef>

#include "atomic.hpp"
#include "var.hpp"

namespace moodycamel {

struct ConcurrentQueueDefaultTraits {};

/// Says whose turn it is; the model's queue gives them in any order that its promise allows.
struct ConsumerToken {
  template <class Queue>
  explicit ConsumerToken(Queue&) {}
};

template <class T, class Traits = ConcurrentQueueDefaultTraits>
class ConcurrentQueue {
 public:
  bool enqueue(T value) {
    cell& c = cells_[reserve(1)];
    c.value = value;
    c.state.store(full, std::memory_order_release);
    return true;
  }
  template <class Iterator>
  bool enqueue_bulk(Iterator first, std::size_t n) {
    std::size_t at = reserve(n);
    for (std::size_t i = 0; i < n; ++i, ++first) cells_[at + i].value = *first;
    for (std::size_t i = 0; i < n; ++i) cells_[at + i].state.store(full, std::memory_order_release);
    return true;
  }
  bool try_dequeue(ConsumerToken&, T& value) {
    for (std::size_t i = 0; i < used_; ++i) {
      cell& c = cells_[i];
      if (c.gone) continue;  // taken in the past of all threads: no choice left
      int expected = full;
      if (!c.state.compare_exchange_strong(expected, taken, std::memory_order_acquire, std::memory_order_relaxed))
        continue;
      c.gone = true;
      value = c.value;
      return true;
    }
    return false;
  }

 private:
  enum : int { empty, full, taken };
  static constexpr std::size_t capacity = 6;
  struct cell {
    model::atomic<int> state{empty};
    model::var<T> value{};
    bool gone = false;
  };
  cell cells_[capacity];
  std::size_t used_ = 0;  // the threads of a model are fibers: between two operations nobody else runs

  std::size_t reserve(std::size_t n) {
    if (used_ + n > capacity) model::fail("more elements than the model's queue has room for");
    return std::exchange(used_, used_ + n);
  }
};

}  // namespace moodycamel
