// SPDX-License-Identifier: MIT
// The library's assertions fail the execution instead of the process.
#include <jay/detail/assert.hpp>

#include <string>

#include "checker.hpp"

namespace jay::detail {

void assert_failed(const char* expression, const char* file, int line) noexcept {
  model::fail(std::string("assertion failed: ") + expression + " at " + file + ":" + std::to_string(line));
}
void fatal(const char* sentence) noexcept { model::fail(sentence); }

}  // namespace jay::detail
