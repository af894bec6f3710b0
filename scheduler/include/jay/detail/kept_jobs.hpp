// SPDX-License-Identifier: MIT
// What an I/O thread keeps for itself: what becomes ready by what it runs (made, woken, given way). It takes them in order
// when that has let go. No worker looks here, nor is one called: others take them only from a thread that is kept long by
// what it runs. That they come is seen to without looking all the time:
//
//   the I/O thread                          a worker that is about to wait for events
//   [K1]  size := size + 1                  [W1]  says that it waits (poll_seat.hpp)
//   [K2]  does a worker wait? ring soon     [W2]  size > 0? ring soon
//
// All four are seq_cst, so [K2] sees [W1], or [W2] sees [K1]. Workers that do not sleep look in their turns, and one that watches
// the I/O threads looks all the time.
#pragma once

#include <cstddef>
#include <utility>

#include <jay/detail/job.hpp>
#include <jay/detail/spin_mutex.hpp>
#include <jay/detail/sync.hpp>

namespace jay::detail {

template <std::size_t Room>
class basic_kept_jobs {
 public:
  static constexpr std::size_t room = Room;

  /// By the I/O thread. False: there is no room.
  bool put(job* j) noexcept {
    spin_guard g(mutex_);
    const std::size_t n = size_.load(std::memory_order_relaxed);  // relaxed: under the lock
    if (n == room) {
      ++refused_;
      return false;
    }
    jobs_[(first_ + n) % room] = j;
    size_.store(n + 1, std::memory_order_seq_cst);  // [K1] with empty()
    return true;
  }
  /// By the I/O thread: how many have found no room since the last time.
  std::size_t refused() noexcept { return std::exchange(refused_, 0); }
  /// The oldest, or null.
  job* take() noexcept {
    if (empty()) return nullptr;
    job* j;
    return take_locked(&j, 1) == 1 ? j : nullptr;
  }
  /// All of them, in order; out has `room`.
  std::size_t take_all(job** out) noexcept { return empty() ? 0 : take_locked(out, room); }

  /// seq_cst: [W2]; with [K1].
  bool empty() const noexcept { return size_.load(std::memory_order_seq_cst) == 0; }

 private:
  std::size_t take_locked(job** out, std::size_t most) noexcept {
    spin_guard g(mutex_);
    const std::size_t n = size_.load(std::memory_order_relaxed);  // relaxed: under the lock
    if (most > n) most = n;
    for (std::size_t i = 0; i < most; ++i) out[i] = jobs_[(first_ + i) % room];
    first_ = (first_ + most) % room;
    size_.store(n - most, std::memory_order_relaxed);  // relaxed: who sees it too late only looks in vain
    return most;
  }

  spin_mutex mutex_;
  std::size_t refused_ = 0;
  plain<std::size_t> first_ = 0;
  plain<job*> jobs_[room];
  atomic<std::size_t> size_{0};
};

class kept_jobs : public basic_kept_jobs<256> {};

}  // namespace jay::detail
