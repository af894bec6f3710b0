// SPDX-License-Identifier: MIT
// The text of a configuration file, and errors that point into it. A part of the text is a view: it is its own place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <jay/config.hpp>

namespace jay::detail {

class config_text {
 public:
  /// Drops a byte order mark. Throws config_error where the text is not UTF-8 or has control characters: what reads it next
  /// meets neither.
  config_text(std::string name, std::string_view text);

  const std::string& name() const noexcept { return name_; }
  std::string_view all() const noexcept { return text_; }
  /// The line in which a part of the text begins, counted from 1.
  std::size_t line_of(std::string_view part) const noexcept;
  /// An error with carets below a part of the text, and the hint behind them.
  config_error error(std::string_view part, std::string message, const std::string& hint = {}) const;

 private:
  std::string name_;
  std::string text_;
};

/// An error without a line.
[[noreturn]] void refuse(std::string file, std::string message);

/// Bytes of the character with which the text begins; 0 where it is not UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

/// Text from a stranger, fit for a terminal and one line: control characters and broken UTF-8 escaped, the end cut off.
std::string printable(std::string_view text, std::size_t limit = 60);

}  // namespace jay::detail
