// SPDX-License-Identifier: MIT
// files: SHA-256 of a tree, of many small files (MODE small, default) or of a few large ones (large).
#include <atomic>
#include <utility>

#include "support/file_tree.hpp"
#include "support/jay_main.hpp"

namespace {

jay::task<std::uint64_t> hash_small(const std::string& path, std::span<std::byte> buffer) {
  jay::file file = co_await jay::file::open(path);
  const std::size_t n = co_await file.pread(buffer, 0);
  bench::sha256 hash;
  hash.update(buffer.first(n));
  co_return hash.finish();
}

jay::task<> update(bench::sha256& hash, std::span<const std::byte> data) {
  hash.update(data);
  co_return;
}

/// While a piece is hashed, the next one is read.
jay::task<std::uint64_t> hash_large(const std::string& path, std::span<std::byte> buffer) {
  jay::file file = co_await jay::file::open(path);
  bench::sha256 hash;
  std::span now = buffer.first(bench::file_piece), later = buffer.last(bench::file_piece);
  std::size_t n = co_await file.pread(now, 0);
  for (std::uint64_t at = n; n > 0; at += n) {
    auto [hashed, read] = co_await jay::gather(update(hash, now.first(n)), file.pread(later, at));
    std::ignore = hashed;
    n = read;
    std::swap(now, later);
  }
  co_return hash.finish();
}

/// Takes the next file until there is none.
jay::task<std::uint64_t> hash_some(bool large, const std::vector<std::string>& paths, std::atomic<std::size_t>& next) {
  std::vector<std::byte> buffer(large ? 2 * bench::file_piece : bench::small_buffer);
  std::uint64_t sum = 0;
  for (std::size_t at; (at = next++) < paths.size();) {
    auto hashing = large ? hash_large(paths[at], buffer) : hash_small(paths[at], buffer);
    sum += co_await std::move(hashing);
  }
  co_return sum;
}

jay::task<> hash_all(const bench::files_run& run) {
  const bench::stopwatch watch;
  const std::vector<std::string> paths = co_await jay::to_thread([&run] { return run.tree.walk(); });
  std::atomic<std::size_t> next{0};
  std::vector<jay::task<std::uint64_t>> parts;
  for (unsigned i = 0; i < 2 * run.given.workers; ++i) parts.push_back(hash_some(run.tree.large(), paths, next));
  std::uint64_t all = 0;
  const std::vector<std::uint64_t> sums = co_await jay::gather(std::move(parts));
  for (const std::uint64_t sum : sums) all += sum;
  run.print(watch, all);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::files_run run(argc, argv, "jay");
  jay::run(hash_all(run), bench::with_workers(run.given.workers));
}
