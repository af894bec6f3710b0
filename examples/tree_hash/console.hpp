// SPDX-License-Identifier: MIT
// What the user is told: messages on standard error, one line of progress below them, results on standard output. A
// message or a result that could not be written is remembered: the program must not end with 0 then.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

namespace tree_hash {

/// Opens a closed standard descriptor so that its use fails with "Bad file descriptor". Otherwise the next file that is
/// opened would get its number, and results would be written into that file.
bool keep_standard_descriptors();

/// Writes all of it. Gives 0, or errno.
int write_all(int descriptor, std::string_view text);

/// The standard output is a regular file, a pipe, a terminal or closed; an error may come as late as at its close.
/// Gives 0, or errno.
int close_output(int descriptor);

/// Its functions may be called by any thread.
class console {
 public:
  /// "tree_hash: <text>" on standard error.
  void complain(std::string_view text);
  /// As it is, on standard error. It is not missed if it cannot be written.
  void tell(std::string_view line);
  /// On standard output.
  void print(std::string_view text);
  /// Nothing more is printed. Complains of what could not be.
  void finish();
  /// A message or a result is lost.
  bool incomplete() const;

  /// Shows this line in place of the one before. Only for a terminal.
  void draw(const std::string& line);
  void erase();

 private:
  void erase_locked();
  mutable std::mutex mutex_;
  bool drawn_ = false;
  bool lost_ = false;
  bool finished_ = false;
  int print_error_ = 0;
};

}  // namespace tree_hash
