// SPDX-License-Identifier: MIT
// files on plain threads: each takes the next file, reads and hashes it, in blocking calls. What there is to reach.
#include <atomic>
#include <thread>

#include "support/file_tree.hpp"

namespace {

std::uint64_t hash_file(const std::string& path, std::vector<std::byte>& buffer) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) bench::file_tree::fail(path + ": " + std::strerror(errno));
  bench::sha256 hash;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0) bench::file_tree::fail(path + ": " + std::strerror(errno));
    if (n == 0) break;
    hash.update(std::span(buffer).first(static_cast<std::size_t>(n)));
  }
  ::close(fd);
  return hash.finish();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::files_run run(argc, argv, "threads");
  const bench::stopwatch watch;
  const std::vector<std::string> paths = run.tree.walk();
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> all{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < run.given.workers; ++i) {
    threads.emplace_back([&] {
      std::vector<std::byte> buffer(run.tree.large() ? bench::file_piece : bench::small_buffer);
      for (std::size_t at; (at = next++) < paths.size();) all += hash_file(paths[at], buffer);
    });
  }
  threads.clear();
  run.print(watch, all);
}
