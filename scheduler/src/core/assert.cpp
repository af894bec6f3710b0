// SPDX-License-Identifier: MIT
#include <jay/detail/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace jay::detail {

void assert_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "jay: broken invariant: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

void fatal(const char* sentence) noexcept {
  std::fprintf(stderr, "jay: %s\n", sentence);
  std::abort();
}

}  // namespace jay::detail
