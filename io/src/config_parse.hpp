// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "config_slots.hpp"
#include "config_source.hpp"

namespace jay::detail {

/// What a text sets: for each slot a value, its origin and its place, or nothing.
struct parsed_config {
  std::vector<std::optional<config_origins::entry>> entries;
  std::vector<config_problem> problems;  ///< in order of lines; empty: the text is accepted
};

/// Reads TOML. Throws config_error for text that cannot be read on; mistakes in tables, keys and values are all collected.
parsed_config parse_config(const config_source& source);

/// The environment in the same form. Throws config_error for the first mistake.
std::vector<std::optional<config_origins::entry>> read_environment(const char* const* environment);

}  // namespace jay::detail
