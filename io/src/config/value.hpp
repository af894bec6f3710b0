// SPDX-License-Identifier: MIT
// One value of the configuration: from what was written to the number that a key holds, or the sentence that says why not.
#pragma once

#include <string>
#include <string_view>

#include <jay/config.hpp>

namespace jay::detail {

/// Why a value is not accepted, and what would be. Thrown, and caught by whoever knows the place.
struct refusal {
  std::string message;
  std::string hint;
};

/// A value as it stands in a file.
struct literal {
  enum class form { text, whole, real, flag, array, braces, table, table_array };
  form kind = form::table;
  std::string_view written;  ///< the place of the value
  std::string text;          ///< of kind text, without its quotes
  double number = 0;         ///< of whole, real and flag
};

/// "the whole number 3"
std::string found_text(const literal& value);

/// These throw refusal.
double from_literal(const config_key& key, const literal& value);
/// Any value, as an environment variable holds it: 4, on, depth, 2ms.
double from_text(const config_key& key, std::string_view text);
/// A number as code has set it.
void check_number(const config_key& key, double value);

/// The value as it is written in a file.
std::string value_text(const config_key& key, double value);

}  // namespace jay::detail
