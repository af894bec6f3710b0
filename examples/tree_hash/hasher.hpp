// SPDX-License-Identifier: MIT
// hasher: the digests of many files. Reading and hashing run at once: small files are read many to a call, the next piece
// of a large one is read while one is hashed, and hashing runs on all workers. A semaphore bounds what is in memory.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <jay/jay.hpp>

#include "progress.hpp"
#include "walk.hpp"

namespace tree_hash {

struct digest {
  std::string path;
  std::size_t index = 0;
  std::string hex;
  std::string error;     // why there is no digest
  bool missing = false;  // because no such file is there
};

enum class links : bool { refused, followed };

class hasher {
 public:
  /// Called once for each file, by any task.
  using sink = std::function<void(digest)>;
  /// `refused`: all files were found as regular ones, and one that is a symbolic link or something else by now fails.
  /// `followed`: the paths are whatever the user says, also "-" for standard input.
  hasher(progress& p, links l, sink to) : progress_(p), links_(l), sink_(std::move(to)) {}

  /// Hashes them in tasks of the group. Waits while too many are under way.
  jay::task<> take(jay::task_group& group, std::vector<found> files);

 private:
  jay::task<> hash_small(std::vector<found> files);
  jay::task<> hash_large(found f);
  jay::task<> hash_stream(found f);
  jay::task<> stream(found f);

  static constexpr std::size_t in_flight = 48;  // batches of small files, large files
  progress& progress_;
  links links_;
  sink sink_;
  jay::semaphore slots_{in_flight};
};

}  // namespace tree_hash
