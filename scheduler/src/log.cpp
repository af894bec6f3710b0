// SPDX-License-Identifier: MIT
#include <jay/detail/log.hpp>

#include <cstdarg>
#include <cstdio>

namespace jay::detail {

constinit atomic<log_level> log_threshold{log_level::warn};

void log(log_level level, const char* format, ...) noexcept {
  if (level > log_threshold.load(std::memory_order_relaxed)) return;  // relaxed: nothing else is known by it
  std::va_list arguments;
  va_start(arguments, format);
  ::flockfile(stderr);  // so that lines of several threads do not mix
  std::fputs("jay: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
  ::funlockfile(stderr);
  va_end(arguments);
}

}  // namespace jay::detail
