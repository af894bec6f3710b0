// SPDX-License-Identifier: MIT
#include "config_syntax.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config_value.hpp"
#include "utf8.hpp"

namespace jay::detail {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
  const std::size_t end = text.find_last_not_of(blanks);
  return end == text.npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += std::max<std::size_t>(utf8_length(text, i), 1);
  return count;
}

std::size_t byte_of_character(std::string_view text, std::size_t count) {
  std::size_t i = 0;
  while (count-- > 0 && i < text.size()) i += std::max<std::size_t>(utf8_length(text, i), 1);
  return std::min(i, text.size());
}

// `[name]` of a line that is a table's header, else "".
std::string_view header_of(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.front() != '[') return {};
  const std::size_t end = line.find(']');
  return end == line.npos ? std::string_view() : line.substr(0, end + 1);
}

// The key of a line `key = value`, else "".
std::string_view key_of(std::string_view line) {
  const std::size_t equals = line.find('=');
  return equals == line.npos ? std::string_view() : trimmed(line.substr(0, equals));
}

// The column is where the second value begins.
config_problem duplicate_key(const config_source& source, std::uint32_t line, std::uint32_t column) {
  const std::string_view text = source.line(line);
  const std::string_view before = text.substr(0, byte_of_character(text, column - 1));
  const std::size_t end = before.find_last_not_of(" \t=");
  const std::size_t stop = end == before.npos ? before.npos : before.find_last_of(" \t,{", end);
  const std::size_t begin = stop == before.npos ? 0 : stop + 1;
  const std::string_view key = end == before.npos ? before : before.substr(begin, end + 1 - begin);

  config_problem out{line, static_cast<std::uint32_t>(characters(text.substr(0, begin)) + 1), characters(key),
                     fmt::format("duplicate key '{}'", printable(key)), {}};
  for (std::uint32_t n = line - 1; n > 0; --n) {
    if (const std::string_view header = header_of(source.line(n)); !header.empty()) {
      out.message += fmt::format(" in {}", printable(header));
      break;
    }
    if (out.hint.empty() && key_of(source.line(n)) == key) out.hint = fmt::format("already set in line {}", n);
  }
  return out;
}

config_problem duplicate_table(const config_source& source, std::uint32_t line) {
  const std::string_view text = source.line(line);
  const std::string_view header = header_of(text);
  const std::size_t begin = std::min(text.find('['), text.size());
  config_problem out{line, static_cast<std::uint32_t>(characters(text.substr(0, begin)) + 1), characters(header),
                     fmt::format("duplicate table {}", printable(header)), {}};
  for (std::uint32_t n = line - 1; n > 0; --n) {
    if (header_of(source.line(n)) == header) out.hint = fmt::format("it began in line {}; put its keys there", n);
  }
  return out;
}

}  // namespace

config_problem syntax_problem(const config_source& source, std::uint32_t line, std::uint32_t column,
                              std::string_view description) {
  constexpr std::string_view duplicate = "cannot redefine existing ";
  // "Error while parsing key-value pair: expected '=', saw 'x'": the place says the first half better.
  constexpr std::string_view prefix = "Error while parsing ";
  if (description.substr(0, prefix.size()) == prefix) {
    const std::size_t colon = description.find(": ");
    if (colon != description.npos) description.remove_prefix(colon + 2);
  }
  if (description.substr(0, duplicate.size()) == duplicate) {
    const bool header = !header_of(source.line(line)).empty();
    if (header && description.substr(duplicate.size(), 5) == "table") return duplicate_table(source, line);
    if (!header && description.find(" as ") == description.npos) return duplicate_key(source, line, column);
  }
  return {line, column, 1, printable(description, 200), {}};
}

}  // namespace jay::detail
