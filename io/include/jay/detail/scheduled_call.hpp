// SPDX-License-Identifier: MIT
// A function that an event loop is to call: a job, and a timer while it waits for its time.
//
// Who calls it, cancels it or drops it at the end of the loop decides that by one compare-and-swap, and the winner alone uses
// the function. The loop keeps it while it stands in a queue or among the timers; each handle keeps it too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>

#include <jay/detail/job.hpp>
#include <jay/detail/shared_state.hpp>
#include <jay/detail/timers.hpp>

namespace jay::detail {

class loop_core;

class JAY_API scheduled_call : job, timer {
 public:
  scheduled_call(const scheduled_call&) = delete;

  void cancel();
  bool cancelled() const noexcept { return state_.load(std::memory_order_acquire) == was_cancelled; }  // [SC1] acquire
  std::optional<time_point> when() const noexcept { return timed_ ? std::optional<time_point>(deadline) : std::nullopt; }

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // acq_rel: each holder's accesses come before the destruction; with each other release
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 protected:
  explicit scheduled_call(std::shared_ptr<loop_core> of) noexcept;
  virtual ~scheduled_call();
  virtual void call() = 0;
  /// Destroys the function and its arguments.
  virtual void drop() noexcept = 0;

 private:
  friend class loop_core;
  static void run(job* j);
  static void leave_queue(job* j);
  static void fire_call(timer& t, ready_list& out) noexcept;
  bool win(std::uint8_t state) noexcept;
  /// On a worker: calls it, unless it was cancelled, and gives up the queue's reference.
  void invoke() noexcept;

  static constexpr std::uint8_t waits = 0, was_called = 1, was_cancelled = 2, was_dropped = 3;
  atomic<std::uint32_t> references_{1};  // relaxed: who takes another has one
  atomic<std::uint8_t> state_{waits};
  bool timed_ = false;                  // constant once others know it
  std::shared_ptr<loop_core> of_;
  context_map* context_;                // the winner's
  scheduled_call* next_due_ = nullptr;  // these three: guarded by the core's lock
  scheduled_call* next_ = nullptr;      // of all that wait
  scheduled_call** link_ = nullptr;
};

template <class F, class... A>
class call_of final : public scheduled_call {
 public:
  template <class G, class... B>
  call_of(std::shared_ptr<loop_core> of, G&& f, B&&... args) : scheduled_call(std::move(of)) {
    what_.emplace(std::forward<G>(f), std::forward<B>(args)...);
  }

 private:
  void call() override {
    std::apply([](F& f, A&... args) { std::invoke(std::move(f), std::move(args)...); }, *what_);
  }
  void drop() noexcept override { what_.reset(); }
  std::optional<std::tuple<F, A...>> what_;
};

}  // namespace jay::detail
