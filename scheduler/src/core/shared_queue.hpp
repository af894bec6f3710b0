// SPDX-License-Identifier: MIT
// A queue that any thread may put jobs into and any worker takes them from. moodycamel's queue holds the jobs; `size_`
// beside it answers "is there anything?" in one load and takes part in the sleep protocol (idle.hpp): a put counts with
// a seq_cst read-modify-write after the job is in, so a worker that goes to sleep sees it, or the putter sees the
// sleeper. FIFO per putting thread; asyncio's order, which needs more, uses the single worker's own deque.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <jay/detail/assert.hpp>
#include <jay/detail/job.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

class shared_queue {
 public:
  void put(job* j) noexcept {
    if (!queue_.enqueue(j)) [[unlikely]] put_spare(&j, 1);
    size_.fetch_add(1, std::memory_order_seq_cst);  // [P1] seq_cst: before the read of word, with [S3]
  }
  void put(job* const* jobs, std::size_t n) noexcept {
    if (!queue_.enqueue_bulk(jobs, n)) [[unlikely]] put_spare(jobs, n);
    size_.fetch_add(static_cast<std::int64_t>(n), std::memory_order_seq_cst);  // [P1]
  }
  /// Null: nothing there, or others are taking it.
  job* take() noexcept {
    if (empty()) return nullptr;
    // One taker at a time: in libconcurrentqueue 1.0.3 the last reader of a block gives it back without having acquired
    // what the other readers did. The lock orders them.
    if (!taking_.try_lock()) return nullptr;
    job* j = nullptr;
    bool taken = take_spare(j) || queue_.try_dequeue(taker_, j);
    if (taken) taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // under the lock
    taking_.unlock();
    if (!taken) return nullptr;
    size_.fetch_sub(1, std::memory_order_seq_cst);  // in one order with put
    return j;
  }
  /// [S3] seq_cst: with [P1] in put
  bool empty() const noexcept { return size_.load(std::memory_order_seq_cst) <= 0; }
  std::size_t size() const noexcept {
    auto n = size_.load(std::memory_order_relaxed);  // relaxed: a hint
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  /// How many have been taken so far. relaxed: for display, and for ages (ticker.hpp).
  std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  struct traits : moodycamel::ConcurrentQueueDefaultTraits {
    static constexpr std::uint32_t EXPLICIT_CONSUMER_CONSUMPTION_QUOTA_BEFORE_ROTATE = 16;  // in_a_row
  };
  // Without memory for another block of the queue: a job that was woken must not be lost.
  [[gnu::noinline]] void put_spare(job* const* jobs, std::size_t n) noexcept {
    for (unsigned tries = 0; n > 0;) {
      taking_.lock();
      while (n > 0 && spares_ < spare_room) spare_[spares_++] = jobs[--n];
      taking_.unlock();
      if (n == 0) return;
      if (queue_.enqueue(jobs[n - 1])) --n;
      else if (++tries == 1'000'000) fatal("out of memory: there is no room to queue a task that can go on");
      else thread_yield();  // others take from it
    }
  }
  bool take_spare(job*& j) noexcept {
    JAY_DEBUG_ASSERT(taking_.is_locked());
    if (spares_ == 0) return false;
    j = spare_[--spares_];
    return true;
  }

  static constexpr std::size_t spare_room = 256;
  moodycamel::ConcurrentQueue<job*, traits> queue_;
  alignas(64) spin_mutex taking_;
  moodycamel::ConsumerToken taker_{queue_};  // where the round is; guarded by taking_
  atomic<std::uint64_t> taken_{0};           // relaxed: written under taking_, read for display
  std::size_t spares_ = 0;  // this and spare_: guarded by taking_
  job* spare_[spare_room];
  alignas(64) atomic<std::int64_t> size_{0};
};

}  // namespace jay::detail
