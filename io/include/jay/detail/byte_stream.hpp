// SPDX-License-Identifier: MIT
// Bytes both ways: what a connection sends to and a reader receives from. A socket is one, so is a pair in memory, so will
// be TLS.
//
// A byte stream is a slot (slot.hpp) with one call for each direction. The calls never wait: where nothing can be done
// now they say EAGAIN, and the operation suspends in the slot. Whoever makes a byte stream
//
//   * derives from it, and calls open() when bytes can flow;
//   * implements send, receive and end_sending;
//   * calls became_ready() whenever a call that said EAGAIN may succeed, or fail otherwise. It may be called too often.
//
// At the end: shut() closes the slot and ends what waits. When the last call has returned, released() is called; when
// nobody will ask for the stream again, disowned(). Its memory must last until both have been called.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <jay/detail/export.hpp>
#include <jay/detail/slot.hpp>

namespace jay::detail {

class ready_list;

/// What waits in a slot: a suspended coroutine (slot_awaiter.hpp), or a writer's flush (connection.hpp).
struct slot_operation {
  /// The call, on whichever thread; the slot keeps the stream open.
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

class JAY_API byte_stream : public basic_slot<slot_operation> {
 public:
  // ---- for who is inside in that direction ----

  /// As send(2) and recv(2) on a non-blocking socket: bytes; 0 at the end of the stream; -1 and errno.
  virtual ssize_t send(const void* data, std::size_t size) noexcept = 0;
  virtual ssize_t receive(void* buffer, std::size_t size) noexcept = 0;

  // ---- for who has pinned it ----

  /// The peer reads the end of the stream after what was sent.
  virtual void end_sending() noexcept = 0;
  /// For how long the peer has taken nothing, as far as was asked.
  virtual std::chrono::steady_clock::duration idle_since(std::chrono::steady_clock::time_point) noexcept { return {}; }
  /// -1: it has none.
  virtual int fd() const noexcept { return -1; }

  // ---- any thread ----

  /// Its owner wants it closed when what is buffered has been sent.
  virtual void closes_when_sent() noexcept {}
  /// What an error says: the peer's address, or "closed socket".
  virtual std::string describe(std::uint32_t incarnation) = 0;
  /// Its handle is gone: nobody asks for it again.
  virtual void disowned() noexcept {}
  /// Ends what waits, and resumes it.
  void shut(std::uint32_t incarnation) noexcept;

 protected:
  ~byte_stream() = default;
  /// Ends what waited for it, where that can be done now. `lasting`: the readiness is of the kind that stays, as an end.
  void became_ready(direction d, bool lasting, ready_list* out = nullptr) noexcept {
    if (slot_operation* op = on_ready(d, lasting)) op->ended(out);
  }
};

/// Names a stream for as long as it is open, without keeping it open.
struct stream_ref {
  byte_stream* stream = nullptr;
  std::uint32_t incarnation = 0;

  explicit operator bool() const noexcept { return stream; }
  std::string describe() const { return stream ? stream->describe(incarnation) : "closed socket"; }
};

/// Owns an open stream.
class stream_handle {
 public:
  stream_handle() noexcept = default;
  explicit stream_handle(stream_ref r) noexcept : ref_(r) {}
  stream_handle(stream_handle&& o) noexcept : ref_(std::exchange(o.ref_, {})) {}
  stream_handle& operator=(stream_handle&& o) noexcept {
    std::swap(ref_, o.ref_);
    return *this;
  }
  ~stream_handle() {
    if (!ref_) return;
    ref_.stream->shut(ref_.incarnation);
    ref_.stream->disowned();
  }
  stream_ref ref() const noexcept { return ref_; }

 private:
  stream_ref ref_;
};

/// A stream that is kept open while this lives; none if it was closed before.
class pinned_stream {
 public:
  explicit pinned_stream(stream_ref r) noexcept : stream_(r && r.stream->pin(r.incarnation) ? r.stream : nullptr) {}
  pinned_stream(const pinned_stream&) = delete;
  ~pinned_stream() {
    if (stream_) stream_->unpin();
  }
  explicit operator bool() const noexcept { return stream_; }
  byte_stream* operator->() const noexcept { return stream_; }

 private:
  byte_stream* stream_;
};

}  // namespace jay::detail
