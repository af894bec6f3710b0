// SPDX-License-Identifier: MIT
#include "list_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "console.hpp"
#include "list_line.hpp"

namespace tree_hash {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

// A signal handler reads it. Set and emptied by the only thread there is.
char unfinished[4096];
volatile std::sig_atomic_t is_unfinished = 0;

constexpr int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};

extern "C" void on_ending(int signal) {
  if (is_unfinished) ::unlink(unfinished);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

/// While it lives, the file does not outlive the process.
class unfinished_file {
 public:
  explicit unfinished_file(const std::string& path) {
    if (path.size() >= sizeof unfinished) fail(ENAMETOOLONG, shown(path));
    path.copy(unfinished, path.size());
    unfinished[path.size()] = '\0';
    for (int signal : ending) {
      struct sigaction old;
      if (::sigaction(signal, nullptr, &old) != 0 || old.sa_handler != SIG_DFL) continue;  // ignored, as by nohup
      struct sigaction action = {};
      action.sa_handler = &on_ending;
      action.sa_flags = SA_NODEFER;  // for raise
      ::sigaction(signal, &action, nullptr);
    }
    // The name below is made by this thread: a signal before the file is there finds nothing to remove.
    is_unfinished = 1;
    descriptor_ = ::mkostemp(unfinished, O_CLOEXEC);
    if (descriptor_ < 0) {
      int error = errno;
      end();
      fail(error, "cannot make the file beside it that takes its place");
    }
  }
  unfinished_file(const unfinished_file&) = delete;
  ~unfinished_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (is_unfinished) ::unlink(unfinished);
    end();
  }
  int descriptor() const { return descriptor_; }
  void close() {
    int descriptor = std::exchange(descriptor_, -1);
    if (int error = close_output(descriptor)) fail(error, "write error");
  }
  void become(const std::string& path) {
    if (std::rename(unfinished, path.c_str()) != 0) fail(errno, "cannot replace it");
    is_unfinished = 0;
  }

 private:
  static void end() {
    is_unfinished = 0;
    for (int signal : ending) {
      struct sigaction now;
      if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == &on_ending) ::signal(signal, SIG_DFL);
    }
  }
  int descriptor_ = -1;
};

mode_t file_mask() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

}  // namespace

std::string followed(std::string path) {
  for (int links = 0; fs::is_symlink(fs::symlink_status(path)); ++links) {
    if (links == 40) fail(ELOOP, shown(path));
    fs::path next = fs::read_symlink(path);
    path = next.is_absolute() ? next : fs::path(path).parent_path() / next;
  }
  return path;
}

std::pair<std::string, std::string> split(const std::string& path) {
  std::string parent = fs::path(path).parent_path();
  return {parent.empty() ? "." : parent, fs::path(path).filename()};
}

list_file::list_file(std::string path) : path_(std::move(path)) {
  struct stat s;
  if (::stat(path_.c_str(), &s) == 0) {
    if (S_ISDIR(s.st_mode)) fail(EISDIR, shown(path_));
    if (::faccessat(AT_FDCWD, path_.c_str(), W_OK, AT_EACCESS) != 0) fail(errno, shown(path_));
    is_output_ = regular_file(STDOUT_FILENO) == identity{s.st_dev, s.st_ino};
    if (is_output_ || !S_ISREG(s.st_mode)) return;
    old_ = s;
  } else if (errno != ENOENT) {
    fail(errno, shown(path_));
  }
  target_ = followed(path_);
  const auto [directory, name] = split(target_);
  if (name.empty()) fail(EISDIR, shown(path_));  // "x/", which is not there
  if (old_) {
    struct stat again;  // a link of /proc leads to a file that may have no name any more
    if (::stat(target_.c_str(), &again) != 0 || again.st_dev != s.st_dev || again.st_ino != s.st_ino) {
      target_.clear();
      return;
    }
  }
  if (::stat(directory.c_str(), &s) != 0) fail(errno, shown(directory));
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    fail(errno, shown(path_) + ": the list is made beside it, in a directory that is not writable");
  place_ = exclusion::place{{s.st_dev, s.st_ino}, name, "." + name + ".tree_hash-"};
}

void list_file::replace(std::string_view text) const {
  if (target_.empty()) return write_directly(text);
  try {
    unfinished_file file(split(target_).first + "/" + place_->beside + "XXXXXX");
    if (int error = write_all(file.descriptor(), text)) fail(error, "write error");
    // As root the old owner is kept. Where that is not allowed, the list is the user's who made it. And where the file
    // system has no permissions (EPERM for its owner), none can be kept.
    if (old_ && ::fchown(file.descriptor(), old_->st_uid, old_->st_gid) != 0)
      (void)!::fchown(file.descriptor(), static_cast<uid_t>(-1), old_->st_gid);
    if (::fchmod(file.descriptor(), old_ ? old_->st_mode & 0777 : 0666 & ~file_mask()) != 0 && errno != EPERM)
      fail(errno, "cannot keep its permissions");
    // Before the old list is given up, the new one is on the disk; EINVAL: there is no disk.
    if (::fsync(file.descriptor()) != 0 && errno != EINVAL) fail(errno, "write error");
    file.close();
    file.become(target_);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(shown(path_) + ": " + e.what());
  }
}

void list_file::write_directly(std::string_view text) const {
  // /dev/stdout, opened again, would begin at the start of the file behind it.
  int descriptor = is_output_ ? ::dup(STDOUT_FILENO) : ::open(path_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) fail(errno, shown(path_));
  int error = write_all(descriptor, text);
  int at_close = close_output(descriptor);
  if (error == 0) error = at_close;
  if (error != 0) fail(error, shown(path_) + ": write error");
}

}  // namespace tree_hash
