// SPDX-License-Identifier: MIT
// What a watch and a broadcast are made of: numbered news, those who wait for a number that is not there yet, and the end.
// Values are the channel's own affair; they change under this lock too.
#pragma once

#include <cstdint>

#include <jay/detail/op.hpp>
#include <jay/detail/wait_list.hpp>

namespace jay::detail {

class JAY_API news {
 public:
  news() noexcept = default;
  news(const news&) = delete;

  spin_mutex mutex;  // guards what follows
  std::uint64_t count = 0;
  bool closed = false;
  waiter_list waiters;

  /// One more, if `put`, which is called with the lock held, says true.
  template <class F>
  void publish(F&& put) {
    woken_list woken;
    {
      spin_guard g(mutex);
      if (!put()) return;
      ++count;
      waiters.claim_all(woken);
    }
    woken.wake_all();
  }
  void close() noexcept;
};

/// Waits until there are more than so many, or no more come.
class JAY_API news_awaiter : public suspends<news_awaiter> {
 public:
  static constexpr auto awaits = awaited::news;
  news_awaiter(news* n, std::uint64_t seen) noexcept : news_(*n), seen_(seen) {}
  bool await_ready() const noexcept { return false; }
  void await_resume();

 private:
  friend suspends<news_awaiter>;
  bool suspend();
  news& news_;
  std::uint64_t seen_;
};

}  // namespace jay::detail
