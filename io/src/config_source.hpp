// SPDX-License-Identifier: MIT
// The text of a configuration file, and errors that point into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <jay/config.hpp>

namespace jay::detail {

/// A mistake in the text, before it is made a config_error.
struct config_problem {
  std::uint32_t line = 0;    ///< both from 1; columns count characters, not bytes
  std::uint32_t column = 0;
  std::size_t width = 1;     ///< how many characters the caret line underlines
  std::string message;
  std::string hint;          ///< stands behind the carets
};

class config_source {
 public:
  /// A byte order mark at the beginning is dropped.
  config_source(std::string name, std::string_view text);

  const std::string& name() const noexcept { return name_; }
  std::string_view text() const noexcept { return text_; }
  /// A line without its end, counted from 1; empty if there is no such line.
  std::string_view line(std::size_t number) const noexcept;
  /// The text from its beginning to the end of this line.
  std::string_view text_through(std::size_t number) const noexcept;
  std::size_t lines() const noexcept { return line_starts_.size(); }

  config_error error(const config_problem& problem) const;

 private:
  std::string snippet(const config_problem& problem) const;

  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

/// The largest file that is accepted, in bytes: far above any sensible configuration, far below what would hurt.
inline constexpr std::size_t max_config_bytes = 1024 * 1024;

/// The whole file. Throws config_error.
std::string read_config_file(const std::string& path);

/// Refuses what the TOML parser must not get: text that is not UTF-8, NUL bytes, and nesting so deep that the recursive
/// destruction of the parsed tables would overflow the stack. Throws config_error.
void guard_config_text(const config_source& source);

}  // namespace jay::detail
