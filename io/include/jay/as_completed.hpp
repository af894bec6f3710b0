// SPDX-License-Identifier: MIT
// as_completed: tasks or futures in the order in which they end. asyncio.as_completed.
//
//   auto it = jay::as_completed(handles, 5s);
//   while (auto h = co_await it.next()) use(co_await *h);
//
// next() gives each handle once (one that was given twice counts once), then nothing. When the limit has passed and
// none is ready it throws timeout_error. Errors come when the handle is awaited. Nothing is cancelled by it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <jay/detail/timers.hpp>
#include <jay/detail/wait_set.hpp>
#include <jay/future.hpp>
#include <jay/time.hpp>

namespace jay {

namespace detail {

/// What has ended and was not given yet, and who waits for the next.
class JAY_API completions final : public wait_set {
 public:
  completions(std::vector<state_ptr<shared_state>> targets, std::optional<time_point> until);

  const std::optional<time_point> until;

 private:
  friend class next_base;
  waiter* ended(std::size_t i) noexcept override;
  waiter* who_waits() const noexcept override { return waiters_.front(); }
  std::vector<std::size_t> ended_;  // in order; those before given_ were given
  std::size_t given_ = 0;
  waiter_list waiters_;
};

class JAY_API next_base : public suspends<next_base>, timer {
 public:
  static constexpr auto awaits = awaited::next_of_several;
  bool await_ready() noexcept;

 protected:
  explicit next_base(completions* c) noexcept : from_(*c) {}
  /// The index; nothing: all were given. Throws timeout_error.
  std::optional<std::size_t> resumed();

 private:
  friend suspends<next_base>;
  friend class completions;
  static void fire_limit(timer& t, ready_list& out) noexcept;
  bool look() noexcept;
  bool suspend();
  completions& from_;
  std::optional<std::size_t> got_;
  bool timed_ = false;
  bool expired_ = false;
};

template <class Handle>
class next_awaiter : public next_base {
 public:
  next_awaiter(completions* c, const std::vector<Handle>* handles) noexcept : next_base(c), handles_(*handles) {}
  std::optional<Handle> await_resume() {
    std::optional<std::size_t> i = resumed();
    if (!i) return std::nullopt;
    return handles_[*i];
  }

 private:
  const std::vector<Handle>& handles_;
};

}  // namespace detail

template <class Handle>
class as_completed_iterator {
 public:
  explicit as_completed_iterator(std::vector<Handle> handles, std::optional<time_point> until)
      : parts_(std::make_unique<parts>(std::move(handles), until)) {}

  /// To be awaited: std::optional<Handle>. The iterator outlives the await.
  auto next() {
    return op<detail::next_awaiter<Handle>, detail::completions*, const std::vector<Handle>*>(parts_->watch.get(),
                                                                                             &parts_->handles);
  }

 private:
  struct parts {
    parts(std::vector<Handle> h, std::optional<time_point> until)
        : handles(std::move(h)), watch(new detail::completions(detail::states_of(handles, "as_completed"), until)) {
      if (scheduler* s = detail::current_scheduler()) watch->begin(*s);  // else at the first next()
    }
    std::vector<Handle> handles;
    detail::wait_set_ptr<detail::completions> watch;
  };
  std::unique_ptr<parts> parts_;
};

template <class Handle>
  requires detail::is_unowned<Handle>
as_completed_iterator<Handle> as_completed(std::vector<Handle> handles, limit l = std::nullopt) {
  detail::drop_duplicates(handles);
  return as_completed_iterator<Handle>(std::move(handles), l.until());
}

}  // namespace jay
