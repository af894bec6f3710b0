// SPDX-License-Identifier: MIT
// The simulated files of jay::testing::run: what is there at first, and what goes wrong, is said before the run by
// file_options. docs/testing.md. It comes with <jay/testing.hpp>.
//
//   jay::testing::run(main(), seed, jay::testing::options().files(jay::testing::file_options().capacity(100'000)));
//
// jay::file, read_file and write_file are used as ever. No descriptor is opened, and nothing is read from the disk or written
// to it. Each machine (jay::testing::host) has files of its own, in the same state at first; they go with the run.
//
// There are files and directories, and no links, pipes or devices. A relative path begins at the root. The directories are /, /tmp
// and those that file_options make.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <jay/detail/export.hpp>

namespace jay {

namespace detail {

struct file_settings {
  /// What is there at first.
  struct entry {
    std::string path, contents;
    std::uint32_t permissions;
    bool is_directory;
  };

  std::chrono::nanoseconds lowest{std::chrono::microseconds(20)}, highest{std::chrono::microseconds(500)};
  double short_reads = 0.25, short_writes = 0.25, errors = 0;
  std::uint64_t capacity = ~std::uint64_t{0};
  std::vector<entry> entries;
};

}  // namespace detail

namespace testing {

/// Each throws std::invalid_argument for a value that cannot be, and run does for entries that cannot be beside each other.
/// Probabilities are from 0 to 1, and drawn by the seed.
class JAY_API file_options {
 public:
  /// How long each call to the system takes: drawn for each between the two. An operation makes one, and one more after each
  /// that read or wrote only a part. Default: 20 us to 500 us.
  file_options& latency(std::chrono::nanoseconds lowest, std::chrono::nanoseconds highest);
  /// That a call reads less than there is, often a single byte. pread then reads on, so its caller sees only that what others
  /// write meanwhile comes between. Default: 0.25.
  file_options& short_reads(double probability);
  /// That a call writes less than was asked. pwrite then writes on. Default: 0.25.
  file_options& short_writes(double probability);
  /// That a call that reads, writes or syncs fails with EIO. Default: 0.
  file_options& errors(double probability);
  /// The bytes that the files of a machine have room for together. A write that goes beyond first writes what there is room
  /// for, and then fails with ENOSPC. Default: no limit; but a single file has at most 1 GiB (EFBIG).
  file_options& capacity(std::uint64_t bytes);
  /// A file, and the directories above it. `permissions`: those of its owner count (EACCES).
  file_options& file(std::string path, std::string contents, std::uint32_t permissions = 0666);
  /// A directory, and those above it.
  file_options& directory(std::string path);

  /// For the library.
  const detail::file_settings& settings() const noexcept { return settings_; }

 private:
  detail::file_settings settings_;
};

/// As if the power had failed on the machine that the caller is on. What was written to a file since its last fsync, at most the
/// latest 1,000 writes or 16 MiB: each write is kept, lost, or kept in part, as the seed draws. So is the emptying by "w". The
/// name of a file that was created is kept or lost, until its directory has been opened and fsync'd. Files that are open stay
/// open, and every operation on them gives EIO, also those that are under way.
///
/// Tasks go on: end those first that the failure would have ended. In a task of jay::testing::run; std::runtime_error elsewhere.
JAY_API void lose_unsynced();

}  // namespace testing
}  // namespace jay
