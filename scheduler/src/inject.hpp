// SPDX-License-Identifier: MIT
// A queue that any thread may put jobs into and any worker takes them from. moodycamel's queue holds the jobs; `size_`
// beside it answers "is there anything?" in one load and takes part in the sleep protocol (idle.hpp): a put counts with
// a seq_cst read-modify-write after the job is in, so a worker that goes to sleep sees it, or the putter sees the
// sleeper. FIFO per putting thread; asyncio's order, which needs more, uses the single worker's own deque.
#pragma once

#include <new>

#include <concurrentqueue/concurrentqueue.h>

#include <jay/detail/job.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

class inject {
 public:
  /// Throws std::bad_alloc.
  void put(job* j) {
    if (!queue_.enqueue(j)) throw std::bad_alloc();
    size_.fetch_add(1, std::memory_order_seq_cst);
  }
  void put(job* const* jobs, std::size_t n) {
    if (!queue_.enqueue_bulk(jobs, n)) throw std::bad_alloc();
    size_.fetch_add(static_cast<std::int64_t>(n), std::memory_order_seq_cst);
  }
  /// Null: nothing there, or others are taking it.
  job* take() noexcept {
    if (empty()) return nullptr;
    // One taker at a time: in libconcurrentqueue 1.0.3 the last reader of a block gives it back without having acquired
    // what the other readers did. The lock orders them.
    if (!taking_.try_lock()) return nullptr;
    job* j = nullptr;
    bool taken = queue_.try_dequeue(j);
    taking_.unlock();
    if (!taken) return nullptr;
    size_.fetch_sub(1, std::memory_order_seq_cst);
    return j;
  }
  bool empty() const noexcept { return size_.load(std::memory_order_seq_cst) <= 0; }
  std::size_t size() const noexcept {
    auto n = size_.load(std::memory_order_relaxed);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

 private:
  moodycamel::ConcurrentQueue<job*> queue_;
  alignas(64) spin_mutex taking_;
  alignas(64) atomic<std::int64_t> size_{0};
};

}  // namespace jay::detail
