// SPDX-License-Identifier: MIT
#include "hasher.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "sha256.hpp"

namespace tree_hash {
namespace {

constexpr std::size_t piece = 1 << 20;        // large files are read in pieces of this size
constexpr std::size_t small = 256 << 10;      // up to here a file is read at once, with others
constexpr std::size_t batch_bytes = 1 << 20;  // small files per call: so many bytes,
constexpr std::size_t batch_files = 64;       // or so many files
// Files of the kernel say that they are empty, and some give what they have to the first read only, cut to its size.
constexpr std::size_t first_read = 64 << 10;

struct failure {
  std::string error;
  bool missing = false;
};

std::string reason(int error, links l) {
  if (l == links::followed) return std::strerror(error);
  if (error == ENOENT) return "vanished while the tree was read";
  if (error == ELOOP) return "was replaced by a symbolic link while the tree was read";
  return std::strerror(error);
}

/// A descriptor that is closed at the end, unless it is the standard input.
class input {
 public:
  input(const std::string& path, links l) {
    if (l == links::followed && path == "-") {
      fd_ = STDIN_FILENO;
      return;
    }
    // A pipe must not block where a regular file was found.
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | (l == links::refused ? O_NOFOLLOW | O_NONBLOCK : 0));
    if (fd_ < 0) {
      failed_ = {reason(errno, l), errno == ENOENT};
    } else if (l == links::refused && !regular_file(fd_)) {
      failed_ = {"is no regular file any more", false};
    }
  }
  input(const input&) = delete;
  ~input() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  const failure& failed() const { return failed_; }
  /// 0 at the end of the file, negative where it failed.
  ssize_t read(char* to, std::size_t n) {
    ssize_t got;
    do got = ::read(fd_, to, n);
    while (got < 0 && errno == EINTR);
    if (got < 0) failed_ = {std::strerror(errno), false};
    return got;
  }

 private:
  int fd_ = -1;
  failure failed_;
};

struct content {
  std::vector<char> data;
  failure failed;
  bool longer = false;  // than a small file: `data` is a part
};

/// Many small files in one blocking call: a hop to the pool costs as much as a small file.
std::vector<content> read_small(const std::vector<found>& files, links l) {
  std::vector<content> all(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    content& c = all[i];
    input in(files[i].path, l);
    std::size_t have = 0;
    if (in.failed().error.empty()) {
      const std::size_t size = static_cast<std::size_t>(files[i].size);
      c.data.resize(size == 0 ? first_read : size + 1);  // one more: a file that has grown is noticed
      for (;;) {
        ssize_t n = in.read(c.data.data() + have, c.data.size() - have);
        if (n <= 0) break;
        have += static_cast<std::size_t>(n);
        c.longer = have > small;
        if (c.longer) break;
        if (have == c.data.size()) c.data.resize(2 * have);
      }
    }
    c.data.resize(have);
    c.failed = in.failed();
  }
  return all;
}

struct streamed {
  std::string hex;
  std::uint64_t size = 0;
  failure failed;
};

/// Reads and hashes on one thread: what is no regular file, or grows while it is read.
streamed read_stream(const std::string& path, links l) {
  streamed s;
  sha256 h;
  std::vector<char> buffer(piece);
  input in(path, l);
  while (in.failed().error.empty()) {
    ssize_t n = in.read(buffer.data(), buffer.size());
    if (n < 0) break;
    if (n == 0) {
      s.hex = h.hex();
      break;
    }
    h.update(buffer.data(), static_cast<std::size_t>(n));
    s.size += static_cast<std::uint64_t>(n);
  }
  s.failed = in.failed();
  return s;
}

/// Regular as it was found, also by its name: no symbolic link leads to it.
bool is_regular(const std::string& path, int descriptor) {
  struct stat s;
  return regular_file(descriptor) && ::lstat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode);
}

jay::task<std::string> hash_one(const content& c) {
  sha256 h;
  h.update(c.data.data(), c.data.size());
  co_return h.hex();
}

jay::task<> update(sha256& h, const std::byte* data, std::size_t n) {
  h.update(data, n);
  co_return;
}

}  // namespace

jay::task<> hasher::take(jay::task_group& group, std::vector<found> files) {
  std::vector<found> batch;
  std::size_t size = 0;
  for (found& f : files) {
    if (!f.regular || f.size > small) {
      co_await slots_.acquire();
      if (f.regular) group.create_task(hash_large(std::move(f)));
      else group.create_task(hash_stream(std::move(f)));
      continue;
    }
    size += static_cast<std::size_t>(f.size);
    batch.push_back(std::move(f));
    if (batch.size() == batch_files || size >= batch_bytes) {
      co_await slots_.acquire();
      group.create_task(hash_small(std::move(batch)));
      batch.clear();
      size = 0;
    }
  }
  if (!batch.empty()) {
    co_await slots_.acquire();
    group.create_task(hash_small(std::move(batch)));
  }
}

jay::task<> hasher::hash_small(std::vector<found> files) {
  std::vector<content> contents = co_await jay::to_thread(read_small, files, links_);
  std::vector<jay::task<std::string>> hashing;
  for (const content& c : contents) hashing.push_back(hash_one(c));
  std::vector<std::string> hexes = co_await jay::gather(std::move(hashing));
  for (std::size_t i = 0; i < files.size(); ++i) {
    content& c = contents[i];
    if (c.longer) {
      jay::task<> streaming = stream(std::move(files[i]));  // in the slot of this batch
      co_await std::move(streaming);
      continue;
    }
    progress::file counted(progress_, files[i].size);
    counted.read(c.data.size());
    digest d{std::move(files[i].path), files[i].index, {}, std::move(c.failed.error), c.failed.missing};
    if (d.error.empty()) d.hex = std::move(hexes[i]);
    sink_(std::move(d));
  }
  slots_.release();
}

jay::task<> hasher::hash_large(found f) {
  progress::file counted(progress_, f.size);
  digest d{f.path, f.index, {}, {}, false};
  try {
    jay::file file = co_await jay::file::open(f.path);
    if (links_ == links::refused && !is_regular(f.path, file.native_handle())) {
      d.error = "was replaced or removed while the tree was read";
    } else {
      sha256 h;
      std::vector<std::byte> now(piece), next(piece);
      std::size_t n = co_await file.pread(now, 0);
      std::uint64_t at = n;
      while (n > 0) {  // while a piece is hashed, the next one is read
        auto [hashed, read] = co_await jay::gather(update(h, now.data(), n), file.pread(next, at));
        (void)hashed;
        counted.read(n);
        n = read;
        at += n;
        std::swap(now, next);
      }
      d.hex = h.hex();
    }
  } catch (const std::system_error& e) {
    d.error = reason(e.code().value(), links_);
    d.missing = e.code().value() == ENOENT;
  }
  sink_(std::move(d));
  slots_.release();
}

jay::task<> hasher::hash_stream(found f) {
  jay::task<> streaming = stream(std::move(f));
  co_await std::move(streaming);
  slots_.release();
}

jay::task<> hasher::stream(found f) {
  progress::file counted(progress_, f.size);
  streamed s = co_await jay::to_thread(read_stream, f.path, links_);
  counted.read(s.size);
  digest d{std::move(f.path), f.index, std::move(s.hex), std::move(s.failed.error), s.failed.missing};
  sink_(std::move(d));
}

}  // namespace tree_hash
