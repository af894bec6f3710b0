// SPDX-License-Identifier: MIT
#include <jay/file.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <jay/create_task.hpp>
#include <jay/detail/reactor.hpp>
#include <jay/scheduler.hpp>

#include "errors.hpp"
#include "file_engine.hpp"
#include "file_stream.hpp"
#include "simulated_files.hpp"

namespace jay {
namespace detail {

file_carrier::~file_carrier() = default;

open_file::open_file(int f, std::string p) noexcept : fd(f), path(std::move(p)) {}
open_file::open_file(std::unique_ptr<file_carrier> c, std::string p) noexcept
    : fd(-1), path(std::move(p)), carrier(std::move(c)) {}
open_file::~open_file() {
  if (fd >= 0) ::close(fd);
}

void open_file::find_kind(reactor& r) {
  if (::lseek(fd, 0, SEEK_CUR) >= 0 || errno != ESPIPE) return;
  in_sequence = true;
  struct stat st;
  const bool is_fifo = ::fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
  const int flags = ::fcntl(fd, F_GETFL);
  unique_fd second(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!second) throw_errno("open " + path);
  try {
    if (!(flags & O_NONBLOCK)) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    carrier = std::make_unique<file_stream>(second.release(), is_fifo, r);
    non_blocking = false;  // it stays so: its operations never wait in a system call
  } catch (const std::system_error& e) {
    if (e.code().value() != EPERM) throw;
    non_blocking = true;  // a device that tells nothing: the engine waits for it
  }
}

void open_file::prepare_to_wait() noexcept {
  if (!non_blocking) return;
  std::call_once(prepared, [this] { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK); });
}

bool file_operation::advance(std::int64_t n) noexcept {
  // The kernel's internal "restart the call" codes (512 to 516): io_uring passes them on when an open is interrupted.
  if (n <= -512 && n >= -516) n = -EINTR;
  if (n == -EINTR && !cancel_wanted.load(std::memory_order_relaxed)) return false;
  if (n < 0) {
    result = n;
    return true;
  }
  if (call == file_call::open || call == file_call::sync) {
    result = n;
    return true;
  }
  done += static_cast<std::size_t>(n);
  if (done == size) return true;
  if (n != 0 && !cancel_wanted.load(std::memory_order_relaxed)) return false;
  if (n != 0) result = -ECANCELED;  // between two calls there is nothing that the kernel could cancel
  else if (call == file_call::write) result = -EIO;  // the kernel took nothing and did not say why
  return true;
}

// ---- the awaiter ----

bool file_awaiter::submit() {
  scheduler& s = owner->sched();
  if (refused()) return false;
  if (!tried_ && try_at_once()) return !go_on_at_once(*this);
  if (!carrier) carrier = &service_of<file_engine>(s);
  if (!arm(&pass_on)) return false;
  try {
    carrier->start(*this);
    return true;
  } catch (const std::system_error& e) {
    result = -e.code().value();
  } catch (...) {
    result = -EAGAIN;
  }
  return !claim();  // true: a canceller is at it and resumes the frame
}

bool file_awaiter::pass_on(relaying_waiter* l, cancel_walk&) noexcept {
  auto* self = static_cast<file_awaiter*>(l);
  self->carrier->cancel(*self);
  return false;  // it stays due: the operation may end with a result all the same
}

void file_awaiter::finished(ready_list* out) noexcept {
  if (!claim()) return;  // a canceller is at it and resumes the frame
  if (out && this_worker->sched == &owner->sched()) out->add(frame);  // else it waits for another runtime's file
  else wake();
}

void file_awaiter::aim(const open_file_ptr& f, std::byte* bytes, std::size_t n, std::uint64_t where) noexcept {
  data = bytes;
  size = n;
  if (!f) {
    result = -EBADF;
    return;
  }
  fd = f->fd;
  carrier = f->carrier.get();
  offset = f->in_sequence ? next_in_sequence : where;
}

void file_awaiter::complete() {
  leave();
  if (was_cancelled) owner->throw_cancelled();
  if (result != -ECANCELED && result != -EINTR) return;
  if (frame && (cancelled_since() || (forked && own_word.take_pending()))) owner->throw_cancelled();
}

void file_awaiter::fail(const std::string& what) const { throw_error(static_cast<int>(-result), what); }

// ---- open ----

open_awaiter::open_awaiter(std::string p, int f, std::uint32_t m) : file_awaiter(file_call::open), path_(std::move(p)) {
  reactor& r = reactor_of(require_scheduler("file::open"));
  if (r.simulated()) carrier = &files_of(r);
  opened = &opened_;
  path = path_.c_str();
  flags = f;
  mode = m;
}

bool open_awaiter::try_at_once() noexcept {
  static std::atomic<bool> unknown_call{false};  // relaxed: a hint
  if (carrier || (flags & (O_CREAT | O_TRUNC))) return false;
  // A FIFO does not wait for its other end here: what reads it does (file_stream.cpp).
  if ((flags & O_ACCMODE) == O_RDONLY) flags |= O_NONBLOCK;
  if (unknown_call.load(std::memory_order_relaxed)) return false;
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_NONBLOCK;
  how.resolve = RESOLVE_CACHED;
  long n = retry([&] { return ::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how); });
  if (n < 0) {
    if (errno == ENOSYS || errno == EINVAL || errno == EPERM) unknown_call.store(true, std::memory_order_relaxed);
    if (errno != ENOENT && errno != EACCES && errno != ENOTDIR && errno != EISDIR && errno != EMFILE) return false;
    result = -errno;
    return true;
  }
  result = n;
  at_once_ = true;
  return true;
}

file open_awaiter::await_resume() {
  complete();
  if (result < 0) fail("open " + path_);
  if (opened_) return file(std::make_shared<open_file>(std::move(opened_), std::move(path_)));
  int f = static_cast<int>(result);
  unique_fd owner(f);
  auto opened = std::make_shared<open_file>(f, std::move(path_));
  owner.release();
  opened->non_blocking = at_once_ || (flags & O_NONBLOCK);
  opened->find_kind(reactor_of(*this_worker->sched));
  return file(std::move(opened));
}

// ---- read ----

file_read_awaiter::file_read_awaiter(open_file_ptr f, std::span<std::byte> buffer, std::uint64_t where) noexcept
    : file_awaiter(file_call::read), file_(std::move(f)) {
  aim(file_, buffer.data(), buffer.size(), where);
}

bool file_read_awaiter::try_at_once() noexcept {
  if (result != 0 || size == 0) return true;
  if (carrier) return false;
  while (done < size && !file_->never_reads_at_once.load(std::memory_order_relaxed)) {
    iovec part{data + done, size - done};
    ssize_t n = retry([&] { return ::preadv2(fd, &part, 1, static_cast<off_t>(file_offset()), RWF_NOWAIT); });
    if (n < 0) {
      if (errno == EAGAIN) break;
      if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) {
        file_->never_reads_at_once.store(true, std::memory_order_relaxed);
        break;
      }
      result = -errno;
      return true;
    }
    if (n == 0) return true;  // the end
    done += static_cast<std::size_t>(n);
  }
  if (done == size) return true;
  file_->prepare_to_wait();
  return false;
}

std::size_t file_read_awaiter::await_resume() {
  complete();
  if (result < 0) {
    if (result == -EBADF && !file_) throw_error(EBADF, "read: the file is closed");
    fail("read " + file_->path + (file_->in_sequence ? "" : " at " + std::to_string(offset + done)));
  }
  return done;
}

// ---- write ----

file_write_awaiter::file_write_awaiter(open_file_ptr f, std::span<const std::byte> bytes, std::uint64_t where) noexcept
    : file_awaiter(file_call::write), file_(std::move(f)) {
  aim(file_, const_cast<std::byte*>(bytes.data()), bytes.size(), where);
}

bool file_write_awaiter::try_at_once() noexcept {
  if (result != 0 || size == 0) return true;
  if (carrier) return false;
  while (!file_->never_writes_at_once.load(std::memory_order_relaxed)) {
    iovec part{data + done, size - done};
    ssize_t n = retry([&] { return ::pwritev2(fd, &part, 1, static_cast<off_t>(file_offset()), RWF_NOWAIT); });
    if (n < 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
        file_->never_writes_at_once.store(true, std::memory_order_relaxed);
      break;  // the engine finds what there is to find
    }
    done += static_cast<std::size_t>(n);
    if (done == size) return true;
    if (n == 0) break;
  }
  file_->prepare_to_wait();
  return false;
}

std::size_t file_write_awaiter::await_resume() {
  complete();
  if (result < 0) {
    if (result == -EBADF && !file_) throw_error(EBADF, "write: the file is closed");
    fail("write " + file_->path + (file_->in_sequence ? "" : " at " + std::to_string(offset)) + ", " +
         std::to_string(done) + " of " + std::to_string(size) + " bytes written");
  }
  return done;
}

// ---- fsync ----

sync_awaiter::sync_awaiter(open_file_ptr f) noexcept : file_awaiter(file_call::sync), file_(std::move(f)) {
  if (!file_) {
    result = -EBADF;
    return;
  }
  fd = file_->fd;
  if (fd < 0) carrier = file_->carrier.get();  // else the engine does it, also to what cannot seek
}
void sync_awaiter::await_resume() {
  complete();
  if (result < 0) fail("fsync " + (file_ ? file_->path : std::string("a closed file")));
}

}  // namespace detail

int file::open_flags(std::string_view mode) {
  int flags = 0, kinds = 0;
  bool both = false, bad = false;
  for (char c : mode) {
    switch (c) {
      case 'r': ++kinds; break;
      case 'w': ++kinds, flags |= O_CREAT | O_TRUNC; break;
      case 'a': ++kinds, flags |= O_CREAT | O_APPEND; break;
      case 'x': ++kinds, flags |= O_CREAT | O_EXCL; break;
      case '+': both = true; break;
      case 'b': break;
      default: bad = true;
    }
  }
  if (bad || kinds != 1)
    throw std::invalid_argument("file::open: mode '" + std::string(mode) +
                                "': one of \"r\", \"w\", \"a\", \"x\", and \"+\" for reading and writing");
  flags |= both ? O_RDWR : mode.find('r') != mode.npos ? O_RDONLY : O_WRONLY;
  return flags | O_CLOEXEC;
}

std::string file::checked(std::string path) {
  if (path.find('\0') != path.npos)
    throw std::invalid_argument("file::open: the path has a NUL inside: '" + path.substr(0, path.find('\0')) + "'");
  return path;
}

std::uint64_t file::size() const {
  struct stat st;
  if (!file_) detail::throw_error(EBADF, "size: the file is closed");
  if (file_->fd < 0) return static_cast<const detail::simulated_file&>(*file_->carrier).size();
  if (::fstat(file_->fd, &st) != 0) detail::throw_errno("size of " + file_->path);
  return static_cast<std::uint64_t>(st.st_size);
}

bool file::seekable() const {
  if (!file_) detail::throw_error(EBADF, "seekable: the file is closed");
  return !file_->in_sequence;
}

const std::string& file::path() const {
  if (!file_) detail::throw_error(EBADF, "path: the file is closed");
  return file_->path;
}

namespace {

task<std::string> read_to_end(file f) {
  std::string text;
  std::size_t have = 0;
  const bool seekable = f.seekable();
  // One byte more than there should be, to find the end with the same call. A file of /proc says that its size is 0; some
  // give all in one read or nothing.
  constexpr std::size_t unknown = 65536;
  const std::uint64_t size = seekable ? f.size() : 0;
  const bool known = size != 0;
  std::size_t room = known ? static_cast<std::size_t>(size) + 1 : unknown;
  for (;;) {
    text.resize(have + room);
    std::size_t n = co_await f.pread(writable_bytes_of(text).subspan(have), have);
    have += n;
    if (known ? n < room : n == 0) break;
    room = std::max<std::size_t>(have, known ? 4096 : unknown);
  }
  text.resize(have);
  co_return text;
}

}  // namespace

task<std::string> file::read_all() const { return read_to_end(file(file_)); }

task<std::string> read_file(std::string path) {
  file f = co_await file::open(std::move(path));
  std::string text = co_await read_to_end(std::move(f));
  co_return text;
}

task<> write_file(std::string path, std::string data) {
  file f = co_await file::open(std::move(path), "w");
  co_await f.write_all(data);
}

}  // namespace jay
