// SPDX-License-Identifier: MIT
#pragma once

#include "keys.hpp"

namespace jay::detail {

/// What JAY_<TABLE>_<KEY>=value, and JAY_DEBUG for debug.enabled, set. Throws config_error for the first mistake.
settings read_environment(const char* const* environment);

}  // namespace jay::detail
