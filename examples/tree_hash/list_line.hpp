// SPDX-License-Identifier: MIT
// One line of a list of checksums, written and read as sha256sum (coreutils 9.1) does it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tree_hash {

struct line_form {
  bool tag = false;     // BSD's: SHA256 (name) = digest
  bool binary = false;  // an asterisk before the name
  bool zero = false;    // ends with NUL, and the name is as it is
};

/// With its end. A name with a backslash, a newline or a carriage return is escaped, and a backslash then begins the line.
std::string format_line(const std::string& name, const std::string& hex, line_form form);

/// The name with \\ for a backslash, \n and \r.
std::string escaped(std::string_view name);
/// For messages: no byte of a name may steer the terminal or begin a line of its own.
std::string shown(std::string_view name);

struct checksum {
  std::string name;
  std::string hex;  // 64 digits, lower case
};

/// Reads lines of one run. It remembers which of two forms came first (one or two characters between digest and name): a
/// name that begins with a space must not be taken for another one.
class line_parser {
 public:
  /// `line` is without its newline. Nothing if it is improperly formatted.
  std::optional<checksum> parse(std::string_view line);

 private:
  enum class form : std::uint8_t { unknown, usual, one_space };
  form form_ = form::unknown;
};

}  // namespace tree_hash
