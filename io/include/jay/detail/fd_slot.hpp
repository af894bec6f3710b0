// SPDX-License-Identifier: MIT
// A slot with its file descriptor. Slots stand in a slab of the process that is never freed: an event, or a handle kept
// too long, may name one whose fd is gone (slot.hpp says why that is harmless).
//
// How a connection has broken is kept here. The kernel tells it once, to whoever asks first, a send or a receive; from
// then on a receive finds the end of the stream, as if the peer had said all that it wanted. So a receive that finds the
// end asks `broken_` first. A send that is under way on another thread may have been told and not have noted it yet:
// the receive waits until it has returned, which is as long as one system call that does not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <jay/address.hpp>
#include <jay/detail/export.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/detail/socket_stream.hpp>

namespace jay::detail {

enum class fd_kind { connected, connecting, listening, pipe };

class JAY_API fd_slot final : public socket_stream, public source {
 public:
  int fd() const noexcept override { return fd_; }

  /// send(2) without SIGPIPE.
  ssize_t send(const void* data, std::size_t size) noexcept override;
  /// recv(2). What has broken the connection is told each time, once all that came before has been read.
  ssize_t receive(void* buffer, std::size_t size) noexcept override;
  void end_sending() noexcept override;
  /// Errors of the connection that was about to be accepted are passed over.
  int accept(accepted_socket& into) noexcept override;
  bool listens() const noexcept override;
  address local() const noexcept override;
  address peer() const noexcept override;
  int shutdown(int how) noexcept override;
  int set_option(int level, int name, int value) noexcept override;
  std::chrono::steady_clock::duration idle_since(std::chrono::steady_clock::time_point now) noexcept override;
  void closes_when_sent() noexcept override { closing_.store(true, std::memory_order_relaxed); }  // relaxed: a hint, looked at again
  /// The peer's address (a listener's own), or "closed socket".
  std::string describe(std::uint32_t incarnation) override;

  void on_events(std::uint32_t events, ready_list& out) noexcept override;

  /// Takes the fd over (also if it throws) and registers it. Any thread.
  static std::pair<fd_slot*, std::uint32_t> adopt(int fd, const address& name, reactor& r, fd_kind kind);
  /// Whether this scheduler has an open fd.
  static bool any_open(const scheduler& s) noexcept;
  /// Closes every fd that belongs to this scheduler.
  static void shut_all(const scheduler& s) noexcept;
  /// Closes those whose owner waits for what is buffered to be sent, where the peer has taken nothing for so long. Gives
  /// how many. Asked again and again: a wait is counted from the first time.
  static std::size_t shut_stalled(const scheduler& s, std::chrono::steady_clock::duration limit) noexcept;

 private:
  friend struct slot_slab;
  void released() noexcept override;

  int fd_ = -1;
  address name_;
  // [B1] send_under_way_ by its release and acquire: who sees that no send is under way sees what that one has noted.
  atomic<bool> send_under_way_{false};
  atomic<int> broken_{0};                // relaxed: ordered by [B1], or by the one thread that reads
  atomic<std::uint64_t> sent_bytes_{0};  // relaxed: a measure; written by who is inside
  atomic<bool> closing_{false};          // relaxed: a hint, looked at again
  std::uint64_t taken_ = 0;              // guarded by the slot's lock, as is what follows
  std::chrono::steady_clock::time_point taken_at_{};
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
  operator stream_ref() const noexcept { return {slot, incarnation}; }
  operator socket_ref() const noexcept { return {slot, incarnation}; }
  std::string describe() const { return stream_ref(*this).describe(); }
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
  /// As a socket; this one has none afterwards.
  socket_handle to_socket() && noexcept { return socket_handle(std::exchange(ref_, {})); }

 private:
  slot_ref ref_;
};

/// The fd of a slot, kept open while this lives.
class pinned_fd : public pinned_stream {
 public:
  explicit pinned_fd(slot_ref r) noexcept : pinned_stream(r) {}
  int get() const noexcept { return (*this)->fd(); }
};

}  // namespace jay::detail
