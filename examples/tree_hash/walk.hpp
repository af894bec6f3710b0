// SPDX-License-Identifier: MIT
// walker: finds the regular files below a directory. Symbolic links and special files are left out and counted; whatever
// cannot be looked at is a failure with a message, because a list without it would not be the whole tree.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <jay/jay.hpp>

#include "console.hpp"
#include "progress.hpp"

namespace tree_hash {

struct found {
  std::string path;
  std::uint64_t size = 0;  // as it was when it was found
  bool regular = true;
  std::size_t index = 0;  // for whoever hands it over
};

struct identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const identity&) const = default;
};
/// Nothing if it is no open regular file.
std::optional<identity> regular_file(int descriptor);

/// What does not belong to the tree although it is there: the list that is being written or read.
struct exclusion {
  struct place {
    identity directory;
    std::string name;
    std::string beside;  // how the name of the file begins that becomes the list; six characters follow
  };
  std::optional<place> list;    // by name: the file that has it now will be replaced
  std::vector<identity> files;  // under any name

  bool covers(const identity& directory, const std::string& name, const identity& file) const;
};

enum class left_out : std::uint8_t { symbolic_link, pipe, socket, device, other };
inline constexpr std::size_t left_out_kinds = 5;

class walker {
 public:
  /// Takes the files of one directory. A task of the group awaits it.
  using sink = std::function<jay::task<>(std::vector<found>)>;
  /// `name_left_out`: say which files are left out.
  walker(console& out, progress& p, exclusion without, sink to, bool name_left_out)
      : console_(out),
        progress_(p),
        without_(std::make_shared<const exclusion>(std::move(without))),
        sink_(std::move(to)),
        name_left_out_(name_left_out) {}

  /// Walks from `directory`, which may be a symbolic link, in tasks of the group.
  void start(jay::task_group& group, std::string directory);

  /// Messages given about what could not be looked at.
  std::size_t failures() const noexcept;
  /// A directory that was given to start() could not be listed.
  bool start_failed() const noexcept;
  /// "3 symbolic links, 1 pipe", or nothing.
  std::string left_out_text() const;

 private:
  jay::task<> walk(jay::task_group& group, std::string directory, bool first);

  console& console_;
  progress& progress_;
  std::shared_ptr<const exclusion> without_;  // a listing that was cancelled still looks at it
  sink sink_;
  bool name_left_out_;
  std::atomic<std::size_t> failures_{0};
  std::atomic<bool> start_failed_{false};
  std::array<std::atomic<std::size_t>, left_out_kinds> left_out_{};
};

}  // namespace tree_hash
