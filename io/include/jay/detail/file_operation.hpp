// SPDX-License-Identifier: MIT
// One operation on a file, and the coroutine that awaits it.
//
// First the call is tried in place, asked not to wait for the disk (RESOLVE_CACHED, RWF_NOWAIT): what is in the page cache
// costs what the system call costs. Otherwise the engine does it (file_engine.hpp: io_uring or the blocking pool).
//
// A file operation ends only when the kernel is done with the caller's buffer. A cancel is passed on to the kernel, which
// may or may not stop early; either way the task goes on when the operation has ended: with cancelled_error if that was
// what ended it, else with the result, and the cancel is due at the next suspension.
//
// A file that cannot seek (a pipe, a terminal) may wait for ever for whoever is at its other end. Its operations wait for
// the reactor's events, as a socket's do, with either engine (file_stream.hpp): so each can be cancelled, and none keeps a
// thread.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <jay/detail/waiter.hpp>
#include <jay/detail/worker.hpp>

namespace jay::detail {

class ready_list;
class reactor;
struct file_operation;

/// Who carries operations out: the engine (file_engine.hpp), a file that cannot seek (file_stream.hpp), or the simulated files
/// of jay::testing::run (simulated_files.hpp).
class JAY_API file_carrier {
 public:
  file_carrier() noexcept = default;
  file_carrier(const file_carrier&) = delete;
  virtual ~file_carrier();
  /// `op` stays until finished() was called, which this may do itself. Throws std::system_error if it cannot be begun.
  virtual void start(file_operation& op) = 0;
  /// Asks for an early end; may do nothing. `op` has not finished, or is kept from being resumed.
  virtual void cancel(file_operation& op) noexcept = 0;
};

/// An open file; closed when the file object and every operation on it have ended.
struct JAY_API open_file {
  open_file(int f, std::string p) noexcept;
  /// Without a descriptor: all that is done to it, `c` does.
  open_file(std::unique_ptr<file_carrier> c, std::string p) noexcept;
  open_file(const open_file&) = delete;
  ~open_file();
  /// Finds out whether it can seek. Throws std::system_error.
  void find_kind(reactor& r);
  /// Before the first call that may wait.
  void prepare_to_wait() noexcept;

  const int fd;  // -1: simulated
  const std::string path;
  // Opened with O_NONBLOCK in order not to wait there; io_uring would then refuse to wait for the disk.
  bool non_blocking = false;
  std::once_flag prepared;
  bool in_sequence = false;               // cannot seek: offsets mean nothing
  std::unique_ptr<file_carrier> carrier;  // who reads and writes it, where the engine does not
  // The file system cannot say whether it would wait: do not ask again. relaxed: hints
  atomic<bool> never_reads_at_once{false};
  atomic<bool> never_writes_at_once{false};
};
using open_file_ptr = std::shared_ptr<open_file>;

enum class file_call { open, read, write, sync };

/// What an engine carries out.
struct file_operation {
  file_call call;
  int fd = -1;
  const char* path = nullptr;  // open
  int flags = 0;
  std::uint32_t mode = 0;
  std::byte* data = nullptr;  // read, write: all of it, or up to the end of the file
  std::size_t size = 0;
  std::uint64_t offset = 0;
  file_carrier* carrier = nullptr;  // null: it may be tried at once, and then the engine carries it out

  std::size_t done = 0;     // bytes so far
  std::int64_t result = 0;  // 0 or the fd, or -errno
  std::unique_ptr<file_carrier>* opened = nullptr;  // open: where a carrier goes that stands for the file instead of an fd
  atomic<bool> cancel_wanted{false};  // relaxed: a hint, or ordered by the lock or the kernel that tells of the end
  file_operation* next = nullptr;  // of the engine's queue

  explicit file_operation(file_call c) noexcept : call(c) {}
  /// The offset of the next system call; -1: wherever the file is.
  std::uint64_t file_offset() const noexcept { return offset == next_in_sequence ? next_in_sequence : offset + done; }
  static constexpr std::uint64_t next_in_sequence = ~std::uint64_t{0};

  /// One more system call's result. True: the operation has ended.
  bool advance(std::int64_t n) noexcept;
  /// The operation has ended: resumes who waits, through `out` where an event told.
  virtual void finished(ready_list* out) noexcept = 0;

 protected:
  ~file_operation() = default;
};

class JAY_API file_awaiter : public relaying_waiter, protected file_operation {
 public:
  bool await_ready() noexcept {
    tried_ = this_worker->spend();
    return tried_ && try_at_once();
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> h) {
    prepare(h);
    what = awaited::file;
    return submit();
  }

 protected:
  explicit file_awaiter(file_call c) noexcept : file_operation(c) {}
  ~file_awaiter() = default;
  /// What is to be read or written, and of which file.
  void aim(const open_file_ptr& f, std::byte* bytes, std::size_t n, std::uint64_t where) noexcept;
  /// Throws cancelled_error; otherwise result and done are there.
  void complete();
  [[noreturn]] void fail(const std::string& what) const;
  virtual bool try_at_once() noexcept = 0;

 private:
  bool submit();
  static bool pass_on(relaying_waiter* l, cancel_walk&) noexcept;
  void finished(ready_list* out) noexcept final;

  bool tried_ = false;  // to do it at once
};

class JAY_API file_read_awaiter final : public file_awaiter {
 public:
  file_read_awaiter(open_file_ptr f, std::span<std::byte> buffer, std::uint64_t at) noexcept;
  std::size_t await_resume();

 private:
  bool try_at_once() noexcept override;
  open_file_ptr file_;
};

class JAY_API file_write_awaiter final : public file_awaiter {
 public:
  file_write_awaiter(open_file_ptr f, std::span<const std::byte> bytes, std::uint64_t at) noexcept;
  std::size_t await_resume();

 private:
  bool try_at_once() noexcept override;
  open_file_ptr file_;
};

class JAY_API sync_awaiter final : public file_awaiter {
 public:
  explicit sync_awaiter(open_file_ptr f) noexcept;
  void await_resume();

 private:
  bool try_at_once() noexcept override { return result != 0; }
  open_file_ptr file_;
};

}  // namespace jay::detail
