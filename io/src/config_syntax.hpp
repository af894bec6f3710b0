// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "config_source.hpp"

namespace jay::detail {

/// A problem in our own words from what the TOML parser says about a syntax error at this place. It finds a key that is
/// set twice only at the value of the second one, and does not tell where the first one stands.
config_problem syntax_problem(const config_source& source, std::uint32_t line, std::uint32_t column,
                              std::string_view description);

}  // namespace jay::detail
