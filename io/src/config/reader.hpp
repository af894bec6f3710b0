// SPDX-License-Identifier: MIT
// A small reader of the part of TOML that a configuration needs: [tables] and keys, also dotted and in quotes, with one value
// each: text on one line, whole and other numbers, true and false. It keeps no tree, only a list of what is set and where, so
// there is nothing whose depth could hurt.
//
// A library would be better if it told where each key and each mistake stands. Those of Debian 12 do not: toml++ 3.3 has no
// bound on [a.a.a...] and assertions that wrong input makes false, toml11 3.7 tells no place of a key and overflows the stack
// on deep arrays. To guard them takes a second scanner, longer than this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text.hpp"
#include "value.hpp"

namespace jay::detail {

/// A table's header, or a key and its value.
struct entry {
  std::vector<std::string> path;  ///< of [scheduler] {"scheduler"}, of its workers {"scheduler", "workers"}
  std::string_view written;       ///< the place of the name
  literal value;
};

/// No more mistakes than these are told of one file.
inline constexpr std::size_t enough_problems = 100;

/// Gives the entries in order of the text and adds what is no TOML to `problems`. Reading goes on behind a line that is wrong.
std::vector<entry> read_toml(const config_text& text, std::vector<config_error>& problems);

}  // namespace jay::detail
