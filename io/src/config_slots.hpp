// SPDX-License-Identifier: MIT
// The keys of the configuration with their types erased: what parser, environment and origins walk. Made from the
// tables' fields(); every value is a double here, which holds all of them exactly: a flag as 0 or 1, an enum as its number.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <jay/config.hpp>

namespace jay::detail {

struct config_slot {
  config_key key;
  std::function<double(const config&)> get;
  std::function<void(config&, double)> set;
};

/// All keys, in the order of their declaration.
const std::vector<config_slot>& config_slots();

/// The names of all tables.
const std::vector<std::string>& config_table_names();

/// The slot's index, or npos.
std::size_t find_slot(std::string_view table, std::string_view name);
inline constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

/// Where a value came from, for each slot.
struct config_origins {
  struct entry {
    double value = 0;
    config_origin origin = config_origin::default_value;
    std::string where = "default";
  };
  std::vector<entry> entries;
};

}  // namespace jay::detail
