// SPDX-License-Identifier: MIT
// Files, without a worker that waits for a disk.
//
//   jay::file f = co_await jay::file::open("data.bin");
//   std::size_t n = co_await f.pread(buffer, 4096);        // fewer than asked for: the file ends there
//   std::string text = co_await jay::read_file("notes.txt");
//
// What is in the page cache is read at once; else by io_uring where the kernel allows it, or on the blocking pool
// (io.backend). Any number of operations may run on one file at a time. A cancelled operation throws only when the kernel
// is done with the buffer. What cannot seek (a pipe, a FIFO, a terminal, /dev/stdin where it is one) is read and written in
// sequence: the offset is not looked at, and a read gives what has come. Errors are std::system_error:
// "read data.bin at 4096: Input/output error". Inside jay::testing::run all files are simulated (testing_files.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <jay/buffer.hpp>
#include <jay/detail/file_operation.hpp>
#include <jay/detail/op.hpp>

namespace jay {

class file;

namespace detail {

class JAY_API open_awaiter final : public file_awaiter {
 public:
  open_awaiter(std::string path, int flags, std::uint32_t mode);
  open_awaiter(const open_awaiter&) = delete;
  file await_resume();

 private:
  bool try_at_once() noexcept override;
  std::string path_;
  std::unique_ptr<file_carrier> opened_;  // simulated
  bool at_once_ = false;
};

}  // namespace detail

class JAY_API file {
 public:
  /// None; every operation throws.
  file() noexcept = default;
  file(file&&) noexcept = default;
  file& operator=(file&& o) noexcept {
    std::swap(file_, o.file_);
    return *this;
  }

  /// Python's modes: "r" read; "w" write, emptied or created; "a" append; "x" create, must not exist; with "+" read and
  /// write. `permissions`: of a new file, less the umask. Throws std::invalid_argument for another mode, or a path with a
  /// NUL in it.
  static auto open(std::string path, std::string_view mode = "r", std::uint32_t permissions = 0666) {
    return op<detail::open_awaiter, std::string, int, std::uint32_t>(checked(std::move(path)), open_flags(mode), permissions);
  }

  /// Fills the buffer from this offset on; gives the number of bytes, less than its size only at the end of the file.
  /// Where the file cannot seek: what has come, at least one byte, or 0 at the end.
  auto pread(std::span<std::byte> buffer, std::uint64_t offset) const {
    return op<detail::file_read_awaiter, detail::open_file_ptr, std::span<std::byte>, std::uint64_t>(file_, buffer, offset);
  }
  /// Writes all of it; gives its size. One that fails may have written a part: the error says how much. A pipe that nobody
  /// reads any more gives EPIPE, never SIGPIPE. Writes to a file that cannot seek follow each other.
  auto pwrite(std::span<const std::byte> data, std::uint64_t offset) {
    return op<detail::file_write_awaiter, detail::open_file_ptr, std::span<const std::byte>, std::uint64_t>(file_, data, offset);
  }
  /// From the beginning to the end; where the file cannot seek, what is left.
  task<std::string> read_all() const;
  /// pwrite of text.
  auto write_all(std::string_view data, std::uint64_t offset = 0) { return pwrite(bytes_of(data), offset); }
  /// On the disk when this returns.
  auto fsync() { return op<detail::sync_awaiter, detail::open_file_ptr>(file_); }

  /// In bytes, as of now.
  std::uint64_t size() const;
  /// False: a pipe, a terminal and the like.
  bool seekable() const;
  const std::string& path() const;
  /// -1: none, or a simulated file.
  int native_handle() const noexcept { return file_ ? file_->fd : -1; }
  bool is_open() const noexcept { return file_ != nullptr; }
  /// When the operations that still run have ended.
  void close() noexcept { file_ = nullptr; }

  /// For the library.
  explicit file(detail::open_file_ptr f) noexcept : file_(std::move(f)) {}

 private:
  static int open_flags(std::string_view mode);
  static std::string checked(std::string path);
  detail::open_file_ptr file_;
};

/// The whole file.
JAY_API task<std::string> read_file(std::string path);
/// Replaces what the file has, or creates it.
JAY_API task<> write_file(std::string path, std::string data);

}  // namespace jay
