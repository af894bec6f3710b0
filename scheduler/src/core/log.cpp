// SPDX-License-Identifier: MIT
#include <jay/detail/log.hpp>

#include <cstdarg>
#include <cstdio>

namespace jay::detail {

constinit atomic<log_level> log_threshold{log_level::warn};

void log(log_level level, const char* format, ...) noexcept {
  if (level > log_threshold.load(std::memory_order_relaxed)) return;  // relaxed: nothing else is known by it
  char line[256];  // one call, so that lines of several threads do not mix
  int length = std::snprintf(line, sizeof line, "jay: %s\n", format);
  if (length < 0 || static_cast<std::size_t>(length) >= sizeof line) return;  // no such format stands in the sources
  std::va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, line, arguments);
  va_end(arguments);
}

}  // namespace jay::detail
