// SPDX-License-Identifier: MIT
// The keys of the configuration with their types erased, for all who walk them. Made from the tables' fields(). Every value is
// a double here, which holds all of them exactly: a flag as 0 or 1, an enum as its number.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <jay/config.hpp>

namespace jay::detail {

struct key : config_key {
  std::function<double(const config&)> get;
  std::function<void(config&, double)> set;
};

/// A value, and who set it.
struct setting {
  double value = 0;
  config_origin origin = config_origin::default_value;
  std::string where = "default";
};

/// What one source sets: for each key, in the order of their declaration, a setting or nothing.
using settings = std::vector<std::optional<setting>>;

/// All keys, in the order of their declaration.
const std::vector<key>& config_keys();
inline constexpr std::size_t no_key = static_cast<std::size_t>(-1);

/// The index of the first key that `is` accepts, or no_key.
template <class Is>
std::size_t find_key(Is is) {
  for (std::size_t i = 0; i < config_keys().size(); ++i) {
    if (is(config_keys()[i])) return i;
  }
  return no_key;
}

/// The names of all tables.
std::vector<std::string> table_names();

}  // namespace jay::detail
