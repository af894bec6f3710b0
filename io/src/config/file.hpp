// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "keys.hpp"
#include "text.hpp"

namespace jay::detail {

/// The largest file that is accepted, in bytes: far above any sensible configuration, far below what would hurt.
inline constexpr std::size_t max_config_bytes = 1024 * 1024;

/// The whole file. Throws config_error.
std::string read_config_file(const std::string& path);

/// What the text of a file sets. Its mistakes, in order of lines, are added to `problems`.
settings read_settings(const config_text& text, std::vector<config_error>& problems);

}  // namespace jay::detail
