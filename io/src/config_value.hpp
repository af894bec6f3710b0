// SPDX-License-Identifier: MIT
// One value of the configuration: from what was written to the number that a slot holds, or the sentence that says why not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <jay/config.hpp>

namespace jay::detail {

struct converted {
  double value = 0;
  std::string problem;  // empty: accepted
  std::string hint;     // what would be accepted

  explicit operator bool() const noexcept { return problem.empty(); }
};

/// A number that was written as `shown`, in the key's unit.
converted from_number(const config_key& key, double value, std::string_view shown);
/// "2ms", for a key that has a unit.
converted from_duration(const config_key& key, std::string_view text);
/// One of the words of a key.
converted from_word(const config_key& key, std::string_view word);
/// Any value, as an environment variable holds it: 4, on, depth, 2ms.
converted from_text(const config_key& key, std::string_view text);

/// "expected a whole number, found ..."
converted wrong_type(const config_key& key, std::string_view found);

/// The value as it is written in a file.
std::string value_text(const config_key& key, double value);

/// The allowed values: "0 to 1024".
std::string allowed_text(const config_key& key);

/// Text from a stranger, fit for a terminal and one line: control characters and broken UTF-8 escaped, the end cut off.
std::string printable(std::string_view text, std::size_t limit = 60);

}  // namespace jay::detail
