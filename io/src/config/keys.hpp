// SPDX-License-Identifier: MIT
// The keys of the configuration with their types erased, for all who walk them, and what a file or the environment sets. Every
// value is a double here, which holds all of them exactly: a flag as 0 or 1, an enum as its number.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <jay/config.hpp>

#include "text.hpp"

namespace jay::detail {

struct key : config_key {
  std::function<double(const config&)> get;
  std::function<void(config&, double)> set;
};

/// All keys, in the order of their declaration.
const std::vector<key>& config_keys();
/// The index of the first key that `is` accepts, or no_key.
std::size_t find_key(const std::function<bool(const key&)>& is);
inline constexpr std::size_t no_key = static_cast<std::size_t>(-1);
std::vector<std::string> table_names();

/// A value, and who set it.
struct setting {
  double value = 0;
  config_origin origin = config_origin::default_value;
  std::string where = "default";
};
/// What one source sets: for each key a setting or nothing.
using settings = std::vector<std::optional<setting>>;

/// The whole file. Throws config_error.
std::string read_config_file(const std::string& path);
/// The largest file that is accepted, in bytes: far above any sensible configuration, far below what would hurt.
inline constexpr std::size_t max_config_bytes = 1024 * 1024;
/// What the text of a file sets. Its mistakes, in order of lines, are added to `problems`.
settings read_settings(const config_text& text, std::vector<config_error>& problems);
/// What JAY_<TABLE>_<KEY>=value, and JAY_DEBUG for debug.enabled, set. Throws config_error for the first mistake.
settings read_environment(const char* const* environment);

}  // namespace jay::detail
