// SPDX-License-Identifier: MIT
#include "file/simulated_disk.hpp"

#include <fcntl.h>
#include <limits.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <vector>

namespace jay::detail {
namespace {

/// More than this stands on the disk without an fsync.
constexpr std::size_t most_changes = 1000, most_unsynced_bytes = 16 << 20;

/// "." and ".." among them.
std::vector<std::string_view> names_in(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

disk_node_ptr make_node(const disk_node_ptr& parent, bool is_directory, std::uint32_t permissions) {
  auto n = std::make_shared<disk_node>();
  n->parent = parent;
  n->is_directory = is_directory;
  n->permissions = permissions;
  return n;
}

void carry_out(std::string& file, const disk_node::change& c, std::size_t bytes) {
  if (c.empties) return file.clear();
  if (file.size() < c.offset + bytes) file.resize(c.offset + bytes);
  file.replace(c.offset, bytes, c.bytes, 0, bytes);
}

}  // namespace

simulated_disk::simulated_disk(const file_settings& s) : capacity_(s.capacity), root_(make_node(nullptr, true, 0755)) {
  put({"/tmp", {}, 0755, true});
  for (const file_settings::entry& e : s.entries) put(e);
  if (used_ > capacity_)
    throw std::invalid_argument("file_options: the files have " + std::to_string(used_) + " bytes, and capacity() is " +
                                std::to_string(capacity_));
}

// ---- names ----

void simulated_disk::put(const file_settings::entry& e) {
  auto refuse = [&e](const std::string& why) {
    throw std::invalid_argument("file_options: " + std::string(e.is_directory ? "directory" : "file") + "(\"" + e.path +
                                "\"): " + why);
  };
  std::vector<std::string_view> names = names_in(e.path);
  const bool names_directory = names.empty() || names.back() == "." || e.path.ends_with('/');
  std::erase(names, ".");
  if (e.path.size() >= PATH_MAX || e.path.find('\0') != e.path.npos) refuse("that is no path");
  if (!e.is_directory && names_directory) refuse("that is the path of a directory");
  disk_node_ptr at = root_;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string_view name = names[i];
    if (name == ".." || name.size() > NAME_MAX) refuse("'" + std::string(name) + "' cannot be in it");
    const bool directory = e.is_directory || i + 1 < names.size();
    auto found = at->names.find(name);
    if (found == at->names.end())
      found = at->names.emplace(name, make_node(at, directory, directory ? 0755 : e.permissions)).first;
    else if (found->second->is_directory != directory || !directory)
      refuse("'" + std::string(name) + "' is there already, as a " + (found->second->is_directory ? "directory" : "file"));
    at = found->second;
  }
  at->bytes = at->synced = e.contents;
  used_ += e.contents.size();
}

int simulated_disk::open(std::string_view path, int flags, std::uint32_t permissions, disk_node_ptr& into) {
  if (path.empty()) return ENOENT;
  if (path.size() >= PATH_MAX) return ENAMETOOLONG;
  const std::vector<std::string_view> names = names_in(path);
  const bool creates = (flags & O_CREAT) != 0, reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;
  disk_node_ptr at = root_;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!at->is_directory) return ENOTDIR;
    const std::string_view name = names[i];
    if (name == ".") continue;
    if (name == "..") {
      if (disk_node_ptr above = at->parent.lock()) at = std::move(above);
      continue;
    }
    if (name.size() > NAME_MAX) return ENAMETOOLONG;
    const bool last = i + 1 == names.size();
    if (last && creates && path.ends_with('/')) return EISDIR;
    if (auto found = at->names.find(name); found != at->names.end()) {
      at = found->second;
      continue;
    }
    if (!last || !creates) return ENOENT;
    into = make_node(at, false, permissions & ~022u);
    into->name_is_synced = false;
    at->names.emplace(name, into);
    return 0;
  }
  if (creates && (flags & O_EXCL)) return EEXIST;
  if (at->is_directory && (creates || writes)) return EISDIR;
  if (!at->is_directory && path.ends_with('/')) return ENOTDIR;
  if ((reads && !(at->permissions & 0400)) || (writes && !(at->permissions & 0200))) return EACCES;
  if (flags & O_TRUNC) empty(*at);
  into = std::move(at);
  return 0;
}

// ---- bytes ----

void simulated_disk::empty(disk_node& f) {
  if (f.bytes.empty()) return;
  note(f, {true, 0, {}});
  used_ -= f.bytes.size();
  f.bytes.clear();
}

std::int64_t simulated_disk::write(disk_node& f, std::string_view data, std::uint64_t offset) {
  if (offset >= largest_file) return -EFBIG;
  const std::uint64_t room = capacity_ - std::min(used_, capacity_), before = f.bytes.size();
  const std::uint64_t end = std::min({offset + data.size(), largest_file, room < largest_file ? before + room : largest_file});
  if (end <= offset) return -ENOSPC;
  data = data.substr(0, end - offset);
  note(f, {false, offset, std::string(data)});
  carry_out(f.bytes, f.unsynced.back(), data.size());
  used_ += f.bytes.size() - before;
  return static_cast<std::int64_t>(data.size());
}

// ---- what a failure of the power leaves ----

void simulated_disk::note(disk_node& f, disk_node::change c) {
  f.unsynced_bytes += c.bytes.size();
  f.unsynced.push_back(std::move(c));
  while (f.unsynced.size() > 1 && (f.unsynced.size() > most_changes || f.unsynced_bytes > most_unsynced_bytes)) {
    const disk_node::change& oldest = f.unsynced.front();
    carry_out(f.synced, oldest, oldest.bytes.size());
    f.unsynced_bytes -= oldest.bytes.size();
    f.unsynced.pop_front();
  }
}

void simulated_disk::sync(disk_node& n) {
  for (auto& [name, child] : n.names) child->name_is_synced = true;
  for (const disk_node::change& c : n.unsynced) carry_out(n.synced, c, c.bytes.size());
  n.unsynced.clear();
  n.unsynced_bytes = 0;
}

void simulated_disk::lose_unsynced(draws& d) {
  ++losses_;
  lose_in(*root_, d);
}

void simulated_disk::lose_in(disk_node& directory, draws& d) {
  for (auto at = directory.names.begin(); at != directory.names.end();) {
    disk_node& n = *at->second;
    if (n.is_directory) {
      lose_in(n, d);
    } else if (!n.name_is_synced && d.chance(0.5)) {
      used_ -= n.bytes.size();
      at = directory.names.erase(at);
      continue;
    } else {
      n.name_is_synced = true;
      lose_changes(n, d);
    }
    ++at;
  }
}

void simulated_disk::lose_changes(disk_node& f, draws& d) {
  for (const disk_node::change& c : f.unsynced) {
    const std::uint64_t kind = d.below(3);
    if (kind == 0) continue;  // lost
    carry_out(f.synced, c, kind == 1 ? c.bytes.size() : d.below(c.bytes.size() + 1));
  }
  f.unsynced.clear();
  f.unsynced_bytes = 0;
  used_ = used_ - f.bytes.size() + f.synced.size();
  f.bytes = f.synced;
}

}  // namespace jay::detail
