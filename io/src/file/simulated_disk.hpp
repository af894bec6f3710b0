// SPDX-License-Identifier: MIT
// The disk of one machine in jay::testing::run: directories and files in memory, with the errors that Linux gives. Its owner's
// lock guards it, and who is out of memory in it ends.
//
// Of each file it has two states: what is read, and what is sure to be there after the power has failed (`synced`). What
// stands between the two is a list of changes. fsync carries them out on `synced`; a failure of the power draws which of
// them were. As Linux does, the disk carries out the oldest by itself when there are many, so the list stays short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <jay/testing_files.hpp>

#include "event/draws.hpp"

namespace jay::detail {

/// A file or a directory.
struct disk_node {
  struct change {
    bool empties;  // else: writes
    std::uint64_t offset = 0;
    std::string bytes;
  };

  bool is_directory = false;
  std::uint32_t permissions = 0;
  // A file's.
  std::string bytes;
  std::string synced;
  std::deque<change> unsynced;
  std::size_t unsynced_bytes = 0;
  bool name_is_synced = true;
  // A directory's.
  std::weak_ptr<disk_node> parent;  // the root's: none
  std::map<std::string, std::shared_ptr<disk_node>, std::less<>> names;
};
using disk_node_ptr = std::shared_ptr<disk_node>;

class simulated_disk {
 public:
  static constexpr std::uint64_t largest_file = std::uint64_t{1} << 30;

  /// Throws std::invalid_argument for entries that cannot be.
  explicit simulated_disk(const file_settings& s);

  /// open(2): errno, or 0 and the node.
  int open(std::string_view path, int flags, std::uint32_t permissions, disk_node_ptr& into);
  /// write(2) of data that is not empty: how much was written, or -errno.
  std::int64_t write(disk_node& f, std::string_view data, std::uint64_t offset);
  /// fsync(2); of a directory: the names in it.
  void sync(disk_node& n);
  void lose_unsynced(draws& d);
  /// How often that was. What was opened before is lost too.
  std::uint32_t losses() const noexcept { return losses_; }

 private:
  void put(const file_settings::entry& e);
  void empty(disk_node& f);
  void note(disk_node& f, disk_node::change c);
  void lose_in(disk_node& directory, draws& d);
  void lose_changes(disk_node& f, draws& d);

  const std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  std::uint32_t losses_ = 0;
  const disk_node_ptr root_;
};

}  // namespace jay::detail
