// SPDX-License-Identifier: MIT
// list_file: what -o names. The new list is written beside the old one and takes its place at once, when it is whole: a
// run that fails, or is ended by a signal, leaves the old list as it was and nothing beside it.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "walk.hpp"

namespace tree_hash {

/// Where the symbolic links of the last component lead, also if nothing is there yet. Throws std::exception.
std::string followed(std::string path);
/// The directory and the name of a path.
std::pair<std::string, std::string> split(const std::string& path);

class list_file {
 public:
  /// Throws std::runtime_error if it could not be written: better now than after all the work. Changes nothing. What is no
  /// regular file (a pipe, a device) is written to as it is.
  explicit list_file(std::string path);

  /// The name that the list will have; nothing if no file is to be replaced.
  const std::optional<exclusion::place>& place() const { return place_; }

  /// The new list; throws std::runtime_error, and the old one is then kept. Its permissions are kept too, and its owner where
  /// that is allowed. Catches SIGINT, SIGTERM and the like meanwhile: for one thread that has no runtime.
  void replace(std::string_view text) const;

 private:
  void write_directly(std::string_view text) const;

  std::string path_;        // as it was given
  bool is_output_ = false;  // the same file as the standard output
  std::string target_;      // where symbolic links lead; empty: write to path_ directly
  std::optional<struct stat> old_;
  std::optional<exclusion::place> place_;
};

}  // namespace tree_hash
