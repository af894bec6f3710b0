// SPDX-License-Identifier: MIT
#include "walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "list_line.hpp"

namespace tree_hash {
namespace {

struct listing {
  identity directory;
  std::vector<found> files;
  std::vector<std::string> directories;
  std::vector<std::pair<std::string, left_out>> others;
  std::vector<std::string> errors;
};

std::string reason(int error) {
  return error == ENOENT ? "vanished while the tree was read" : std::strerror(error);
}

left_out kind_of(mode_t mode) {
  if (S_ISLNK(mode)) return left_out::symbolic_link;
  if (S_ISFIFO(mode)) return left_out::pipe;
  if (S_ISSOCK(mode)) return left_out::socket;
  if (S_ISCHR(mode) || S_ISBLK(mode)) return left_out::device;
  return left_out::other;
}

const char* name_of(left_out kind) {
  switch (kind) {
    case left_out::symbolic_link: return "symbolic link";
    case left_out::pipe: return "pipe";
    case left_out::socket: return "socket";
    case left_out::device: return "device";
    case left_out::other: break;
  }
  return "special file";
}

/// Blocks. `first`: a symbolic link is followed.
listing list_directory(std::string path, bool first, std::shared_ptr<const exclusion> without) {
  listing l;
  int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (first ? 0 : O_NOFOLLOW));
  struct stat s;
  DIR* directory = nullptr;
  if (fd < 0 || ::fstat(fd, &s) != 0 || (directory = ::fdopendir(fd)) == nullptr) {
    l.errors.push_back(shown(path) + ": cannot open this directory: " + reason(errno));
    if (fd >= 0) ::close(fd);
    return l;
  }
  l.directory = {s.st_dev, s.st_ino};
  const std::string prefix = path.back() == '/' ? path : path + "/";
  for (;;) {
    errno = 0;  // readdir gives null at the end and on an error
    const dirent* e = ::readdir(directory);
    if (e == nullptr) {
      if (errno != 0) l.errors.push_back(shown(path) + ": cannot read this directory to its end: " + reason(errno));
      break;
    }
    const std::string name = e->d_name;
    if (name == "." || name == "..") continue;
    if (::fstatat(fd, e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) {
      const int error = errno;
      if (error == EACCES && ::faccessat(fd, ".", X_OK, AT_EACCESS) != 0) {  // it would be so for every name in it
        l.errors.push_back(shown(path) + ": this directory can be listed but not entered: " + reason(error));
        break;
      }
      l.errors.push_back(shown(prefix + name) + ": " + reason(error));
    } else if (S_ISDIR(s.st_mode)) {
      l.directories.push_back(prefix + name);
    } else if (!S_ISREG(s.st_mode)) {
      l.others.emplace_back(prefix + name, kind_of(s.st_mode));
    } else if (!without->covers(l.directory, name, {s.st_dev, s.st_ino})) {
      l.files.push_back({prefix + name, static_cast<std::uint64_t>(s.st_size), true, 0});
    }
  }
  ::closedir(directory);
  return l;
}

// The counters below order nothing: what they count is read from the tasks' results, which a join hands over.
constexpr auto counted = std::memory_order_relaxed;

}  // namespace

std::optional<identity> regular_file(int descriptor) {
  struct stat s;
  if (::fstat(descriptor, &s) != 0 || !S_ISREG(s.st_mode)) return std::nullopt;
  return identity{s.st_dev, s.st_ino};
}

bool exclusion::covers(const identity& directory, const std::string& name, const identity& file) const {
  if (list && list->directory == directory) {
    if (name == list->name) return true;
    if (name.starts_with(list->beside) && name.size() == list->beside.size() + 6) return true;  // another run's
  }
  return std::find(files.begin(), files.end(), file) != files.end();
}

void walker::start(jay::task_group& group, std::string directory) {
  progress_.begin_listing(1);
  group.create_task(walk(group, std::move(directory), true));
}

jay::task<> walker::walk(jay::task_group& group, std::string directory, bool first) {
  listing l = co_await jay::to_thread(list_directory, std::move(directory), first, without_);
  for (const std::string& error : l.errors) console_.complain(error);
  failures_.fetch_add(l.errors.size(), counted);
  if (first && !l.errors.empty()) start_failed_.store(true, counted);
  for (const auto& [path, kind] : l.others) {
    left_out_[static_cast<std::size_t>(kind)].fetch_add(1, counted);
    if (name_left_out_) console_.complain(shown(path) + ": left out, it is a " + name_of(kind));
  }
  for (const found& f : l.files) progress_.found(f.size);
  // The directories below are counted before this one is done: the count does not come to zero in between.
  progress_.begin_listing(l.directories.size());
  progress_.end_listing();
  for (std::string& below : l.directories) group.create_task(walk(group, std::move(below), false));
  jay::task<> handing_over = sink_(std::move(l.files));
  co_await std::move(handing_over);
}

std::size_t walker::failures() const noexcept { return failures_.load(counted); }
bool walker::start_failed() const noexcept { return start_failed_.load(counted); }

std::string walker::left_out_text() const {
  std::string text;
  for (std::size_t i = 0; i < left_out_kinds; ++i) {
    std::size_t n = left_out_[i].load(counted);
    if (n == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(n) + " " + name_of(static_cast<left_out>(i)) + (n == 1 ? "" : "s");
  }
  return text;
}

}  // namespace tree_hash
