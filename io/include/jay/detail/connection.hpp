// SPDX-License-Identifier: MIT
// What a stream_reader and a stream_writer share: the byte stream, what is still to be sent, and how it ends.
//
// Writing. write() sends at once as much as the kernel takes; the rest is copied and sent when the kernel has room, by
// whichever thread gets that event: no task, no thread waits for it. `flushing_` is the right to send; whoever has it owns
// `sending_`. Others only append to `pending_`, which the owner takes over when `sending_` is done. Who has the right gives
// it up under the lock when both are empty; then it carries out what was asked for meanwhile (end of stream, close).
//
//   write        not flushing: take the right, send;  all sent: finish_flush;  else the rest -> sending_, park in the slot
//   an event     attempt: send on; at the end ended -> finish_flush
//   close        not flushing: the stream is closed now; else by finish_flush
//   abort        the stream is closed now; a flush that waits ends with "closed", one that sends finds it
//
// An error while sending drops what is left, and is what drain and wait_closed throw. Reading may go on: what the peer
// has sent before is still there. If the error says that nothing more can come (a reset), the reader gets it after that:
// the slot keeps it (fd_slot.hpp). An error that the reader met first is the connection's too (`broke`).
//
// Lock order: connection -> slot. A reference is held by the reader, the writer and the flush; not by the server, whose
// list a connection leaves when its stream closes or it is destroyed.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <jay/address.hpp>
#include <jay/detail/byte_stream.hpp>
#include <jay/detail/shared_state.hpp>
#include <jay/detail/wait_list.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

class connection;

/// Whom a connection tells that it has been closed: the server.
struct connection_owner {
  virtual void lost(connection& c) noexcept = 0;

 protected:
  ~connection_owner() = default;
};

class JAY_API connection final : slot_operation {
 public:
  connection(stream_handle s, address local, address peer) noexcept;
  connection(const connection&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;  // with each other release
  }
  stream_ref ref() const noexcept { return ref_; }
  const address& local() const noexcept { return local_; }
  const address& peer() const noexcept { return peer_; }

  // ---- any thread ----

  /// Dropped when the connection is closing or broken: drain tells.
  void write(std::string_view data);
  void write_eof();
  /// Sends what is buffered, then closes.
  void close() noexcept;
  void abort() noexcept;
  /// The reader has found it broken.
  void broke(int e) noexcept;
  /// errno of what has broken it, or 0.
  int error() const noexcept;
  /// Also when it is broken: nothing more will be sent.
  bool is_closing() const noexcept;
  /// Closing, with something left to send, and its peer has taken nothing for so long.
  bool is_stalled(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::duration limit) const noexcept;
  std::size_t buffered() const noexcept;
  void set_limits(std::size_t high, std::size_t low);
  /// It is told once; before the connection is used by others.
  void set_owner(std::shared_ptr<connection_owner> o) noexcept { owner_ = std::move(o); }

  connection* next = nullptr;  // of the server's list; guarded by its lock
  connection* prev = nullptr;

 private:
  friend class drain_awaiter;
  friend class closed_awaiter;
  ~connection();

  io_step attempt() noexcept override;
  bool claim() noexcept override { return true; }
  bool arm() noexcept override { return true; }
  bool rearm() noexcept override { return true; }
  void closed() noexcept override;  // while the flush waited
  void ended(ready_list* out) noexcept override;

  io_step send_direct() noexcept;
  io_step send_buffered() noexcept;
  io_step not_sent() noexcept;
  void flush_on() noexcept;
  void flush() noexcept;
  bool wait_for_room() noexcept;
  bool finish_flush() noexcept;
  bool is_shut() const noexcept;
  bool took(std::size_t n) noexcept;
  ssize_t send_piece(std::string_view data) noexcept;
  void grew(std::size_t n) noexcept;
  void fail(int e) noexcept;
  void shut() noexcept;

  mutable spin_mutex mutex_;
  bool flushing_ = false;
  bool paused_ = false;   // more than high_ was buffered, and not yet down to low_
  bool closing_ = false;
  bool shut_ = false;     // the stream is closed
  bool eof_wanted_ = false;
  bool eof_sent_ = false;
  int error_ = 0;         // errno of what failed first
  std::size_t buffered_ = 0;
  std::size_t high_ = 64 * 1024, low_ = 16 * 1024;
  std::string pending_;
  waiter_list drainers_;
  waiter_list closers_;

  std::string_view direct_;  // of who flushes, as what follows
  std::string sending_;
  std::size_t sent_ = 0;

  std::atomic<std::uint32_t> references_{1};  // relaxed: who takes another has one
  stream_handle stream_;  // closed by shut() only
  const stream_ref ref_;
  const address local_, peer_;
  std::shared_ptr<connection_owner> owner_;
};

using connection_ptr = state_ptr<connection>;

/// Waits until little enough is buffered.
class JAY_API drain_awaiter final : public suspends<drain_awaiter> {
 public:
  static constexpr auto awaits = awaited::drain;
  explicit drain_awaiter(connection_ptr c) noexcept : connection_(std::move(c)) {}
  bool await_ready() const noexcept;
  void await_resume();

 private:
  friend suspends<drain_awaiter>;
  bool suspend();
  connection_ptr connection_;
};

/// Waits until the connection is closed.
class JAY_API closed_awaiter final : public suspends<closed_awaiter> {
 public:
  static constexpr auto awaits = awaited::close;
  explicit closed_awaiter(connection_ptr c) noexcept : connection_(std::move(c)) {}
  bool await_ready() const noexcept { return false; }
  void await_resume();

 private:
  friend suspends<closed_awaiter>;
  bool suspend();
  connection_ptr connection_;
};

}  // namespace jay::detail
