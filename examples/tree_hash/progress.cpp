// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <cstdio>

namespace tree_hash {

double progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

jay::task<> progress::show(console& out) {
  for (;;) {
    out.draw(line());
    co_await jay::sleep(std::chrono::milliseconds(200));
  }
}

std::string progress::line() const {
  // acquire, with end_listing's release: at zero all that was found is seen.
  const bool all_found = listing_.load(std::memory_order_acquire) == 0;
  const double read = static_cast<double>(value(read_bytes_)) * 1e-6, time = std::max(seconds(), 1e-3);
  char text[160];
  if (!all_found) {
    std::snprintf(text, sizeof text, "%llu files found, %llu read, %.1f MB, %.1f MB/s",
                  static_cast<unsigned long long>(value(found_files_)),
                  static_cast<unsigned long long>(value(done_files_)), read, read / time);
    return text;
  }
  // A file weighs its bytes and one more, so that empty ones count too.
  const double all = static_cast<double>(value(found_bytes_) + value(found_files_));
  const double done = static_cast<double>(value(done_bytes_) + value(done_files_));
  const double part = all > 0 ? std::min(1.0, done / all) : 1.0;
  std::string bar(static_cast<std::size_t>(part * 24), '#');
  bar.resize(24, '.');  // the line is shorter than 80 characters
  std::snprintf(text, sizeof text, "[%s] %3d%%  %.1f MB  %.1f MB/s  %.0f s left", bar.c_str(),
                static_cast<int>(part * 100), read, read / time, time * (1 - part) / std::max(part, 1e-3));
  return text;
}

std::string progress::summary() const {
  char text[160];
  std::snprintf(text, sizeof text, "%llu files, %llu bytes, %.3f s", static_cast<unsigned long long>(value(done_files_)),
                static_cast<unsigned long long>(value(read_bytes_)), seconds());
  return text;
}

}  // namespace tree_hash
