// SPDX-License-Identifier: MIT
// What a program and its library have to agree on beyond the language's rules: each file that includes jay refers to
// symbols whose names are the sentence that the linker prints where they differ. Under ThreadSanitizer the fences of
// sync.hpp are other ones; _GLIBCXX_DEBUG changes the containers. Standard, optimisation, _GLIBCXX_ASSERTIONS,
// AddressSanitizer and the choice between g++ and clang may differ (tests/package/mixed).
#pragma once

#include <jay/detail/export.hpp>

#if defined(__SANITIZE_THREAD__)
#define JAY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JAY_TSAN 1
#endif
#endif

#if JAY_TSAN
#define JAY_SAME_SANITIZER jay_program_and_library_must_both_be_built_with_thread_sanitizer
#else
#define JAY_SAME_SANITIZER jay_program_and_library_must_both_be_built_without_thread_sanitizer
#endif
#if defined(_GLIBCXX_DEBUG)
#define JAY_SAME_CONTAINERS jay_program_and_library_must_both_be_built_with_GLIBCXX_DEBUG
#else
#define JAY_SAME_CONTAINERS jay_program_and_library_must_both_be_built_without_GLIBCXX_DEBUG
#endif

extern "C" {
JAY_API extern const char JAY_SAME_SANITIZER;
JAY_API extern const char JAY_SAME_CONTAINERS;
}

namespace jay::detail {
[[gnu::used]] inline const char* const same_sanitizer = &JAY_SAME_SANITIZER;
[[gnu::used]] inline const char* const same_containers = &JAY_SAME_CONTAINERS;
}  // namespace jay::detail
