// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config_source.hpp"

namespace jay::detail {
namespace {

[[noreturn]] void refuse(const std::string& path, std::string message) {
  config_error::place where;
  where.file = path;
  throw config_error(std::move(message), std::move(where));
}

[[noreturn]] void refuse_errno(const std::string& path, const char* what, int error) {
  std::string message = fmt::format("cannot {}: {} ({})", what, std::strerror(error), strerrorname_np(error));
  if (error == ENOENT) message += "; 'jay config init' writes a template";
  refuse(path, std::move(message));
}

struct file_descriptor {
  int fd;
  ~file_descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::string read_config_file(const std::string& path) {
  if (path.find('\0') != path.npos) refuse(path.substr(0, path.find('\0')), "a NUL byte in the path");
  // Non-blocking, so that opening a pipe which nobody writes to does not hang; it means nothing for files.
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0) refuse_errno(path, "open", errno);

  struct stat status;
  if (::fstat(file.fd, &status) != 0) refuse_errno(path, "look at", errno);
  if (S_ISDIR(status.st_mode)) refuse(path, "is a directory, not a file");
  // A character device is /dev/null, an empty configuration.
  if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) refuse(path, "is not a regular file");

  const std::string too_large = fmt::format("is larger than {} KiB, which no configuration is", max_config_bytes / 1024);
  if (static_cast<std::size_t>(status.st_size) > max_config_bytes) refuse(path, too_large);

  std::string text;
  while (true) {
    char buffer[16384];
    const ssize_t n = ::read(file.fd, buffer, sizeof buffer);
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse_errno(path, "read", errno);
    text.append(buffer, static_cast<std::size_t>(n));
    // The size that fstat told means nothing in /proc, and the file may have grown.
    if (text.size() > max_config_bytes) refuse(path, too_large);
  }
}

}  // namespace jay::detail
