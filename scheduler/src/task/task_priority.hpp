// SPDX-License-Identifier: MIT
#pragma once

#include <jay/detail/scope.hpp>
#include <jay/detail/task_state.hpp>

namespace jay::detail {

inline priority priority_of(const scope& s) noexcept { return s.task() ? s.task()->prio : priority::normal; }

}  // namespace jay::detail
