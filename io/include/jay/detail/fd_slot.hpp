// SPDX-License-Identifier: MIT
// A slot with its file descriptor. Slots stand in a slab of the process that is never freed: an event, or a handle kept
// too long, may name one whose fd is gone (slot.hpp says why that is harmless).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <jay/address.hpp>
#include <jay/detail/export.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/detail/slot.hpp>

namespace jay::detail {

/// What waits in a slot: a suspended coroutine (slot_awaiter.hpp), or a writer's flush (connection.hpp).
struct slot_operation {
  /// The system call, on whichever thread; the slot keeps the fd open.
  virtual io_step attempt() noexcept = 0;
  virtual bool claim() noexcept = 0;
  virtual bool arm() noexcept = 0;
  virtual bool rearm() noexcept = 0;
  virtual void closed() noexcept = 0;
  /// It has its result and has left the slot: resumes who waits, through `out` where an event ended it.
  virtual void ended(ready_list* out) noexcept = 0;

 protected:
  ~slot_operation() = default;
};

enum class fd_kind { connected, connecting, listening };

class JAY_API fd_slot final : public basic_slot<slot_operation>, public source {
 public:
  int fd() const noexcept { return fd_; }  // for who is inside or has pinned it

  void on_events(std::uint32_t events, ready_list& out) noexcept override;
  /// Ends what waits, and resumes it.
  void shut(std::uint32_t incarnation) noexcept;
  /// The peer's address (a listener's own), or "closed socket".
  std::string describe(std::uint32_t incarnation) noexcept;

  /// Takes the fd over (also if it throws) and registers it. Any thread.
  static std::pair<fd_slot*, std::uint32_t> adopt(int fd, const address& name, reactor& r, fd_kind kind);
  /// Closes every fd that belongs to this scheduler.
  static void shut_all(const scheduler& s) noexcept;

 private:
  friend struct slot_slab;
  void released() noexcept override;

  int fd_ = -1;
  address name_;
  // guarded by the slab's lock:
  fd_slot* next_free_ = nullptr;
  const scheduler* home_ = nullptr;
  std::uint32_t current_ = 0;  // incarnation; 0: free
};

/// Names an fd for as long as it is open, without keeping it open.
struct slot_ref {
  fd_slot* slot = nullptr;
  std::uint32_t incarnation = 0;

  explicit operator bool() const noexcept { return slot; }
  std::string describe() const { return slot ? slot->describe(incarnation) : "closed socket"; }
};

/// Owns an open fd.
class JAY_API fd_handle {
 public:
  fd_handle() noexcept = default;
  /// Takes the fd over.
  fd_handle(int fd, const address& name, reactor& r, fd_kind kind = fd_kind::connected) {
    auto [slot, incarnation] = fd_slot::adopt(fd, name, r, kind);
    ref_ = slot_ref{slot, incarnation};
  }
  fd_handle(fd_handle&& o) noexcept : ref_(std::exchange(o.ref_, {})) {}
  fd_handle& operator=(fd_handle&& o) noexcept {
    std::swap(ref_, o.ref_);
    return *this;
  }
  ~fd_handle() { close(); }

  void close() noexcept {
    if (ref_) ref_.slot->shut(ref_.incarnation);
    ref_ = {};
  }
  slot_ref ref() const noexcept { return ref_; }

 private:
  slot_ref ref_;
};

/// The fd of a slot, kept open while this lives.
class pinned_fd {
 public:
  explicit pinned_fd(slot_ref r) noexcept : slot_(r && r.slot->pin(r.incarnation) ? r.slot : nullptr) {}
  pinned_fd(const pinned_fd&) = delete;
  ~pinned_fd() {
    if (slot_) slot_->unpin();
  }
  explicit operator bool() const noexcept { return slot_; }
  int get() const noexcept { return slot_->fd(); }

 private:
  fd_slot* slot_;
};

}  // namespace jay::detail
