// SPDX-License-Identifier: MIT
// A broken invariant of the library itself ends the process with the expression and the place.
#pragma once

#include <jay/detail/export.hpp>

namespace jay::detail {
[[noreturn]] JAY_API void assert_failed(const char* expression, const char* file, int line) noexcept;
/// For misuse that no exception can report any more: prints the sentence and aborts.
[[noreturn]] JAY_API void fatal(const char* sentence) noexcept;
}  // namespace jay::detail

#define JAY_ASSERT(x) ((x) ? void(0) : ::jay::detail::assert_failed(#x, __FILE__, __LINE__))
#ifdef NDEBUG
#define JAY_DEBUG_ASSERT(x) void(0)
#else
#define JAY_DEBUG_ASSERT(x) JAY_ASSERT(x)
#endif
