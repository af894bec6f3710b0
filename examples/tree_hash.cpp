// SPDX-License-Identifier: MIT
// tree_hash: SHA-256 of every regular file under a directory, in the format of sha256sum.
//
//   tree_hash DIR [-o SHA256SUMS] [--check FILE] [--progress]
//
// Three kinds of task run at once: walkers list directories (a blocking call each, on the pool), readers bring files in
// (small ones many to a call, large ones in pieces that are read ahead), and hashing runs on all workers. A semaphore
// bounds what is in memory.
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <jay/jay.hpp>

namespace {

constexpr std::size_t piece = 1 << 20;         // large files are read in pieces of this size
constexpr std::size_t small = 256 << 10;       // up to here a file is read at once, with others
constexpr std::size_t batch_bytes = 1 << 20;   // small files per call: so many bytes,
constexpr std::size_t batch_files = 64;        // or so many files
constexpr std::size_t in_flight = 48;          // batches and large files at a time

struct found {
  std::string path;
  std::size_t size;
};

struct line {
  std::string path;
  std::string digest;  // hexadecimal; empty if it could not be read
  std::string error;
};

struct listing {
  std::vector<found> files;
  std::vector<std::string> directories;
  std::string error;
};

class sha256 {
 public:
  sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, algorithm(), nullptr); }
  sha256(const sha256&) = delete;
  ~sha256() { EVP_MD_CTX_free(context_); }
  void update(const void* data, std::size_t n) { EVP_DigestUpdate(context_, data, n); }
  std::string hex() {
    std::array<unsigned char, 32> digest;
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    static const char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(64);
    for (unsigned char b : digest) (text += digits[b >> 4]) += digits[b & 15];
    return text;
  }

 private:
  static const EVP_MD* algorithm() {
    static EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // once: a fetch costs more than a small file
    return fetched;
  }
  EVP_MD_CTX* context_;
};

std::string reason(int error) { return std::strerror(error); }

listing list_directory(std::string path) {
  listing l;
  DIR* d = ::opendir(path.c_str());
  if (!d) {
    l.error = "cannot open directory " + path + ": " + reason(errno);
    return l;
  }
  std::string prefix = path.back() == '/' ? path : path + "/";
  while (dirent* e = ::readdir(d)) {
    std::string name = e->d_name;
    if (name == "." || name == "..") continue;
    struct stat s;
    if (::fstatat(::dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    if (S_ISDIR(s.st_mode)) l.directories.push_back(prefix + name);
    else if (S_ISREG(s.st_mode)) l.files.push_back({prefix + name, static_cast<std::size_t>(s.st_size)});
  }
  ::closedir(d);
  return l;
}

struct content {
  std::vector<char> data;
  int error = 0;
};

/// Many small files in one blocking call: a hop to the pool costs as much as a small file.
std::vector<content> read_small(const std::vector<found>& files) {
  std::vector<content> all(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    content& c = all[i];
    int fd = ::open(files[i].path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
      c.error = errno;
      continue;
    }
    c.data.resize(files[i].size + 1);  // one more: a file that has grown is noticed
    std::size_t have = 0;
    for (;;) {
      ssize_t n = ::read(fd, c.data.data() + have, c.data.size() - have);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) c.error = errno;
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
      if (have == c.data.size()) c.data.resize(2 * have);
    }
    c.data.resize(have);
    ::close(fd);
  }
  return all;
}

class tree_hash {
 public:
  explicit tree_hash(bool progress) : progress_(progress) {}

  jay::task<std::vector<line>> run(std::string root) {
    auto reporter = progress_ ? jay::create_task(show_progress()) : jay::task_handle<>();
    auto begin = [&](jay::task_group& group) -> jay::task<> {
      group_ = &group;
      group.create_task(walk(root));
      co_return;
    };
    co_await jay::with_task_group(begin);
    if (reporter) {
      reporter.cancel();
      draw(true);
    }
    std::sort(lines_.begin(), lines_.end(), [](const line& a, const line& b) { return a.path < b.path; });
    co_return std::move(lines_);
  }
  std::size_t files() const { return files_; }
  std::size_t bytes() const { return bytes_; }

 private:
  jay::task<> walk(std::string directory) {
    listing l = co_await jay::to_thread(list_directory, directory);
    if (!l.error.empty()) note({directory, {}, l.error});
    for (std::string& d : l.directories) group_->create_task(walk(std::move(d)));
    std::vector<found> batch;
    std::size_t size = 0;
    for (found& f : l.files) {
      known_ += f.size;
      if (f.size > small) {
        co_await slots_.acquire();
        group_->create_task(hash_large(std::move(f)));
        continue;
      }
      size += f.size;
      batch.push_back(std::move(f));
      if (batch.size() == batch_files || size >= batch_bytes) {
        co_await slots_.acquire();
        group_->create_task(hash_small(std::move(batch)));
        batch.clear();
        size = 0;
      }
    }
    if (!batch.empty()) {
      co_await slots_.acquire();
      group_->create_task(hash_small(std::move(batch)));
    }
  }

  jay::task<> hash_small(std::vector<found> files) {
    std::vector<content> contents = co_await jay::to_thread(read_small, files);
    std::vector<jay::task<line>> hashing;
    for (std::size_t i = 0; i < files.size(); ++i) hashing.push_back(hash_one(files[i].path, contents[i]));
    std::vector<line> lines = co_await jay::gather(std::move(hashing));
    for (line& l : lines) note(std::move(l));
    slots_.release();
  }

  jay::task<line> hash_one(const std::string& path, const content& c) {
    if (c.error) co_return line{path, {}, "cannot read " + path + ": " + reason(c.error)};
    sha256 h;
    h.update(c.data.data(), c.data.size());
    done_ += c.data.size();
    co_return line{path, h.hex(), {}};
  }

  /// While a piece is hashed, the next one is read.
  jay::task<> hash_large(found f) {
    line result{f.path, {}, {}};
    try {
      jay::file file = co_await jay::file::open(f.path);
      sha256 h;
      std::vector<std::byte> now(piece), next(piece);
      std::size_t n = co_await file.pread(now, 0);
      std::uint64_t at = n;
      while (n > 0) {
        auto [hashed, read] = co_await jay::gather(update(h, now.data(), n), file.pread(next, at));
        (void)hashed;
        done_ += n;
        n = read;
        at += n;
        std::swap(now, next);
      }
      result.digest = h.hex();
    } catch (const std::system_error& e) {
      result.error = e.what();
    }
    note(std::move(result));
    slots_.release();
  }
  static jay::task<> update(sha256& h, const std::byte* data, std::size_t n) {
    h.update(data, n);
    co_return;
  }

  void note(line l) {
    std::lock_guard g(mutex_);
    if (l.error.empty()) ++files_;
    lines_.push_back(std::move(l));
    bytes_ = done_;
  }

  jay::task<> show_progress() {
    for (;;) {
      draw(false);
      co_await jay::sleep(std::chrono::milliseconds(200));
    }
  }
  void draw(bool last) {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    double done = static_cast<double>(done_), known = std::max(1.0, static_cast<double>(known_));
    double part = last ? 1.0 : std::min(1.0, done / known);
    std::string bar(static_cast<std::size_t>(part * 40), '#');
    bar.resize(40, '.');
    std::fprintf(stderr, "\r[%s] %3.0f%%  %7.1f MB  %7.1f MB/s  ETA %3.0f s%s", bar.c_str(), part * 100, done * 1e-6,
                 done * 1e-6 / std::max(seconds, 1e-3), last ? 0.0 : seconds * (1 - part) / std::max(part, 1e-3),
                 last ? "\n" : "");
    std::fflush(stderr);
  }

  bool progress_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  jay::task_group* group_ = nullptr;
  jay::semaphore slots_{in_flight};
  std::atomic<std::size_t> done_{0}, known_{0};
  std::mutex mutex_;  // held for a moment, never across an await
  std::vector<line> lines_;
  std::size_t files_ = 0, bytes_ = 0;
};

/// sha256sum's form: a name with a backslash, newline or carriage return is escaped, and the line begins with one.
std::string format(const line& l) {
  std::string name;
  bool escaped = false;
  for (char c : l.path) {
    if (c == '\\' || c == '\n' || c == '\r') {
      escaped = true;
      name += c == '\\' ? "\\\\" : c == '\n' ? "\\n" : "\\r";
    } else {
      name += c;
    }
  }
  return (escaped ? "\\" : "") + l.digest + "  " + name + "\n";
}

int usage(std::FILE* to, int status) {
  std::fputs(
      "usage: tree_hash DIR [-o FILE] [--check FILE] [--progress]\n"
      "\n"
      "SHA-256 of every regular file under DIR, one line each as sha256sum writes it.\n"
      "\n"
      "  -o FILE       write the lines there (default: standard output)\n"
      "  --check FILE  compare with the lines in FILE instead; prints what differs\n"
      "  --progress    a progress bar on standard error\n"
      "  --help        this text\n"
      "\n"
      "example: tree_hash /usr/share -o SHA256SUMS && sha256sum --quiet -c SHA256SUMS\n"
      "exit status: 0 all read (and equal), 1 a file could not be read or differs, 2 wrong use\n",
      to);
  return status;
}

jay::task<int> async_main(int argc, char** argv) {
  std::string directory, output, expected;
  bool progress = false;
  for (int i = 1; i < argc; ++i) {
    std::string a = argv[i];
    if (a == "--help" || a == "-h") co_return usage(stdout, 0);
    if (a == "--progress") {
      progress = true;
    } else if (a == "-o" || a == "--check") {
      if (++i == argc) {
        std::fprintf(stderr, "tree_hash: %s needs a file\n", a.c_str());
        co_return usage(stderr, 2);
      }
      (a == "-o" ? output : expected) = argv[i];
    } else if (a.size() > 1 && a[0] == '-') {
      std::fprintf(stderr, "tree_hash: unknown option %s\n", a.c_str());
      co_return usage(stderr, 2);
    } else if (!directory.empty()) {
      std::fprintf(stderr, "tree_hash: one directory, please: %s is the second\n", a.c_str());
      co_return usage(stderr, 2);
    } else {
      directory = a;
    }
  }
  if (directory.empty()) co_return usage(stderr, 2);
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();

  auto begin = std::chrono::steady_clock::now();
  tree_hash tree(progress);
  std::vector<line> lines = co_await tree.run(directory);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  int status = 0;
  std::string text;
  for (const line& l : lines) {
    if (l.error.empty()) {
      text += format(l);
    } else {
      std::fprintf(stderr, "tree_hash: %s\n", l.error.c_str());
      status = 1;
    }
  }
  if (!expected.empty()) {
    std::ifstream in(expected);
    if (!in) {
      std::fprintf(stderr, "tree_hash: cannot read %s: %s\n", expected.c_str(), std::strerror(errno));
      co_return 2;
    }
    std::vector<std::string> want, have;
    for (std::string s; std::getline(in, s);) want.push_back(s);
    for (const line& l : lines)
      if (l.error.empty()) {
        std::string s = format(l);
        s.pop_back();
        have.push_back(s);
      }
    std::sort(want.begin(), want.end());
    std::sort(have.begin(), have.end());
    std::vector<std::string> missing, more;
    std::set_difference(want.begin(), want.end(), have.begin(), have.end(), std::back_inserter(missing));
    std::set_difference(have.begin(), have.end(), want.begin(), want.end(), std::back_inserter(more));
    for (const auto& s : missing) std::printf("expected: %s\n", s.c_str());
    for (const auto& s : more) std::printf("found:    %s\n", s.c_str());
    if (!missing.empty() || !more.empty()) status = 1;
  } else if (output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    jay::file out = co_await jay::file::open(output, "w");
    co_await out.write_all(text);
  }
  std::fprintf(stderr, "%zu files, %zu bytes, %.3f s\n", tree.files(), tree.bytes(), seconds);
  co_return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return jay::run(async_main(argc, argv));
  } catch (const jay::keyboard_interrupt&) {
    return 130;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tree_hash: %s\n", e.what());
    return 2;
  }
}
