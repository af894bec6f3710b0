// SPDX-License-Identifier: MIT
// What the runtime says about itself, on standard error. One threshold for the process: that of the runtime made last.
#pragma once

#include <jay/detail/export.hpp>
#include <jay/detail/sync.hpp>
#include <jay/log_level.hpp>

namespace jay::detail {

JAY_API extern atomic<log_level> log_threshold;

/// One line, "jay: <text>", unless the threshold keeps it back. Format as printf's. Any thread.
[[gnu::format(printf, 2, 3)]] JAY_API void log(log_level level, const char* format, ...) noexcept;

}  // namespace jay::detail
