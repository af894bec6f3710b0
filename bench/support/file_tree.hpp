// SPDX-License-Identifier: MIT
// The files of the question "files": a tree beside the programs, made when a program first wants it and then kept. Many
// small ones (0 to 8,191 bytes, a hundred to a directory), or a few large ones (48 MiB). Each directory tree holds
// `expected`, written last: all files' checksums taken together, which every program has to come to.
#pragma once

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "report.hpp"
#include "xorshift64.hpp"

namespace bench {

/// SHA-256 by OpenSSL, of which the question keeps the first eight bytes.
class sha256 {
 public:
  sha256() : context_(EVP_MD_CTX_new()) {
    static EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // once: it costs more than a small file
    if (context_ == nullptr || EVP_DigestInit_ex2(context_, algorithm, nullptr) != 1) std::abort();
  }
  sha256(const sha256&) = delete;
  ~sha256() { EVP_MD_CTX_free(context_); }
  void update(std::span<const std::byte> data) { EVP_DigestUpdate(context_, data.data(), data.size()); }
  std::uint64_t finish() {
    std::array<unsigned char, 32> digest;
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    std::uint64_t first;
    std::memcpy(&first, digest.data(), sizeof first);
    return first;
  }

 private:
  EVP_MD_CTX* context_;
};

inline constexpr std::size_t file_piece = std::size_t{1} << 20;  // of a large file
inline constexpr std::size_t small_buffer = 16384;               // holds any small file

class file_tree {
 public:
  /// `kind`: small or large. Ends the program where the tree cannot be made or read.
  file_tree(const std::string& kind, long files) : large_(kind == "large") {
    if (!large_ && kind != "small") fail("the mode is small or large, not " + kind);
    namespace fs = std::filesystem;
    fs::path beside = fs::read_symlink("/proc/self/exe").parent_path();
    if (beside.parent_path().filename() == "peers") beside = beside.parent_path().parent_path();
    root_ = beside / ("files-" + kind + "-" + std::to_string(files));
    if (!fs::exists(root_ / "expected")) make(files);
    std::ifstream(root_ / "expected") >> expected_;
  }

  /// The files, as a walk finds them.
  std::vector<std::string> walk() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ / "files"))
      if (entry.is_regular_file()) found.push_back(entry.path());
    return found;
  }
  bool large() const { return large_; }
  std::uint64_t expected() const { return expected_; }

  [[noreturn]] static void fail(const std::string& why) {
    std::fprintf(stderr, "files: %s\n", why.c_str());
    std::_Exit(1);
  }

 private:
  void make(long files) {
    namespace fs = std::filesystem;
    fs::remove_all(root_);
    std::uint64_t all = 0;
    xorshift64 random;
    for (long i = 0; i < files; ++i) {
      const fs::path directory = root_ / "files" / std::to_string(i / 100);
      fs::create_directories(directory);
      std::vector<std::uint64_t> words(large_ ? 48 * file_piece / 8 : 1024);
      for (std::uint64_t& word : words) word = random.next();
      const auto bytes = std::as_bytes(std::span(words)).first(large_ ? words.size() * 8 : random.next() % 8192);
      std::ofstream out(directory / std::to_string(i), std::ios::binary);
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      if (!out.flush()) fail("cannot write " + (directory / std::to_string(i)).string());
      sha256 hash;
      hash.update(bytes);
      all += hash.finish();
    }
    std::ofstream(root_ / "expected") << all << '\n';
  }

  std::filesystem::path root_;
  bool large_;
  std::uint64_t expected_ = 0;
};

/// What every program of the question begins and ends with.
struct files_run {
  files_run(int argc, char** argv, const char* runtime)
      : given(argc, argv, 20'000),
        tree(given.mode(0, "small"), given.size),
        report("files_" + given.mode(0, "small"), runtime, given.workers) {}
  void print(const stopwatch& watch, std::uint64_t all) const {
    const double wall = watch.wall(), cpu = watch.cpu();
    require(all == tree.expected(), "checksum of the files");
    report.per_item("ns_per_file", static_cast<double>(given.size), wall, cpu);
  }

  const arguments given;
  const file_tree tree;
  const reporter report;
};

}  // namespace bench
