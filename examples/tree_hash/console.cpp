// SPDX-License-Identifier: MIT
#include "console.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tree_hash {

bool keep_standard_descriptors() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // Opened the wrong way round: who reads or writes is told.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return false;
  }
  return true;
}

int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

int close_output(int descriptor) {
  // Also after EINTR the descriptor is closed on Linux.
  return ::close(descriptor) == 0 || errno == EINTR ? 0 : errno;
}

void console::complain(std::string_view text) {
  std::lock_guard guard(mutex_);
  erase_locked();
  std::string line = "tree_hash: ";
  (line += text) += '\n';
  if (write_all(STDERR_FILENO, line) != 0) lost_ = true;
}

void console::tell(std::string_view line) {
  std::lock_guard guard(mutex_);
  erase_locked();
  (void)write_all(STDERR_FILENO, line);
}

void console::print(std::string_view text) {
  std::lock_guard guard(mutex_);
  if (print_error_ != 0) return;
  if (::isatty(STDOUT_FILENO)) erase_locked();
  print_error_ = write_all(STDOUT_FILENO, text);
}

void console::finish() {
  int error;
  {
    std::lock_guard guard(mutex_);
    erase_locked();
    if (finished_) return;
    finished_ = true;
    int at_close = close_output(STDOUT_FILENO);
    if (print_error_ == 0) print_error_ = at_close;
    error = print_error_;
  }
  if (error != 0) complain(std::string("standard output: write error: ") + std::strerror(error));
}

bool console::incomplete() const {
  std::lock_guard guard(mutex_);
  return lost_ || print_error_ != 0;
}

void console::draw(const std::string& line) {
  std::lock_guard guard(mutex_);
  drawn_ = true;
  (void)write_all(STDERR_FILENO, "\r" + line + "\033[K");
}

void console::erase() {
  std::lock_guard guard(mutex_);
  erase_locked();
}

void console::erase_locked() {
  if (drawn_) (void)write_all(STDERR_FILENO, "\r\033[K");
  drawn_ = false;
}

}  // namespace tree_hash
