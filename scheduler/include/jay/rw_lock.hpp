// SPDX-License-Identifier: MIT
// rw_lock: many readers, or one writer. std::shared_mutex for tasks; tokio's RwLock.
//
//   auto g = co_await data.read_scoped();     // others may read meanwhile
//   auto g = co_await data.write_scoped();    // nobody else; released when g goes
//
// Fair: first come, first served, without barging. A reader that comes while a writer waits stands behind it, so nobody
// starves; a task that reads must therefore not ask to read once more before it has released. Readers that stand side by side
// are let in together. One that was cancelled before it could run passes on what it was handed. Any thread may release; may
// be made anywhere, also outside a runtime. Waiting never blocks a worker.
#pragma once

#include <cstddef>
#include <utility>

#include <jay/detail/op.hpp>
#include <jay/detail/wait_list.hpp>

namespace jay {

class rw_lock;

namespace detail {

enum class rw_access { read, write };

class JAY_API rw_awaiter : public suspends<rw_awaiter> {
 public:
  static constexpr auto awaits = awaited::rw_lock;
  rw_awaiter(rw_lock* l, rw_access a) noexcept : lock_(*l), access_(a) {}
  bool await_ready() const noexcept { return false; }
  void await_resume();
  const rw_lock* awaited_lock() const noexcept { return &lock_; }

 protected:
  rw_lock& lock_;

 private:
  friend suspends<rw_awaiter>;
  friend class jay::rw_lock;
  bool suspend();
  rw_access access_;
  bool handed_ = false;  // by who has released
};

template <rw_access Access>
class rw_scoped_awaiter;

}  // namespace detail

/// Holds an rw_lock; releases it when it goes. What read_scoped and write_scoped give.
template <detail::rw_access Access>
class [[nodiscard("it is released when the guard goes: bind it to a name")]] rw_held {
 public:
  explicit rw_held(rw_lock& l) noexcept : owner_(&l) {}
  rw_held(rw_held&& o) noexcept : owner_(std::exchange(o.owner_, nullptr)) {}
  rw_held& operator=(rw_held&& o) noexcept {
    std::swap(owner_, o.owner_);
    return *this;
  }
  /// Ends the process if somebody else has released the lock meanwhile.
  ~rw_held();
  /// Releases it now.
  void release();
  /// Of a writer: goes on as a reader, and nobody writes in between. The guard is empty afterwards.
  rw_held<detail::rw_access::read> downgrade() &&
    requires(Access == detail::rw_access::write);
  explicit operator bool() const noexcept { return owner_ != nullptr; }

 private:
  rw_lock* owner_;
};

class JAY_API rw_lock {
  using access = detail::rw_access;

 public:
  rw_lock() noexcept = default;
  rw_lock(const rw_lock&) = delete;

  auto acquire_read() noexcept { return op<detail::rw_awaiter, rw_lock*, access>(this, access::read); }
  auto acquire_write() noexcept { return op<detail::rw_awaiter, rw_lock*, access>(this, access::write); }
  /// Acquires, and gives a guard that releases.
  auto read_scoped() noexcept { return op<detail::rw_scoped_awaiter<access::read>, rw_lock*>(this); }
  auto write_scoped() noexcept { return op<detail::rw_scoped_awaiter<access::write>, rw_lock*>(this); }

  /// Throw std::runtime_error if it is not held so.
  void release_read();
  void release_write();
  /// The writer goes on as a reader, with the readers that wait first in line. Throws std::runtime_error if nobody writes.
  void downgrade();

  /// How many read; whether somebody writes.
  std::size_t readers() const noexcept;
  bool write_locked() const noexcept;

 private:
  friend class detail::rw_awaiter;
  // With the lock held.
  bool is_free_for(access a) const noexcept { return !writing_ && (a == access::read || readers_ == 0); }
  void take(access a) noexcept;
  void hand_over(detail::woken_list& woken) noexcept;

  mutable detail::spin_mutex mutex_;  // guards what follows
  std::size_t readers_ = 0;
  bool writing_ = false;
  detail::waiter_list waiters_;
};

template <detail::rw_access Access>
rw_held<Access>::~rw_held() {
  if (owner_) release();
}
template <detail::rw_access Access>
void rw_held<Access>::release() {
  rw_lock* l = std::exchange(owner_, nullptr);
  if constexpr (Access == detail::rw_access::read) l->release_read();
  else l->release_write();
}
template <detail::rw_access Access>
rw_held<detail::rw_access::read> rw_held<Access>::downgrade() &&
  requires(Access == detail::rw_access::write)
{
  owner_->downgrade();
  return rw_held<detail::rw_access::read>(*std::exchange(owner_, nullptr));
}

template <detail::rw_access Access>
class detail::rw_scoped_awaiter : public rw_awaiter {
 public:
  explicit rw_scoped_awaiter(rw_lock* l) noexcept : rw_awaiter(l, Access) {}
  rw_held<Access> await_resume() {
    rw_awaiter::await_resume();
    return rw_held<Access>(lock_);
  }
};

}  // namespace jay
