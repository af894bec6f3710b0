// SPDX-License-Identifier: MIT
#pragma once

#include <sys/prctl.h>

#include <cstddef>
#include <cstdio>

namespace jay::detail {

/// "kind-number", for ps and debuggers. By the thread itself: one that names another has to open a file.
inline void name_this_thread(const char* kind, std::size_t number) noexcept {
  char name[48];  // the kernel keeps 15 characters
  std::snprintf(name, sizeof name, "%s-%zu", kind, number);
  ::prctl(PR_SET_NAME, name);
}

}  // namespace jay::detail
