// SPDX-License-Identifier: MIT
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace jay {
namespace {

std::string whole_text(const std::string& message, const config_error::place& where, bool column) {
  std::string out = where.file;
  if (where.line > 0) out += fmt::format(":{}", where.line);
  if (where.line > 0 && column) out += fmt::format(":{}", where.column);
  out += ": " + message;
  if (!where.snippet.empty()) out += '\n' + where.snippet;
  return out;
}

}  // namespace

config_error::config_error(std::string message, place where)
    : std::runtime_error(whole_text(message, where, false)),
      detail_(std::make_shared<const text>(text{std::move(message), std::move(where)})) {}

std::string config_error::report() const { return whole_text(detail_->message, detail_->where, true); }

namespace detail {
namespace {

// Takes the first character off the text. What is not UTF-8 counts as one character a byte.
std::string_view next_character(std::string_view& text) {
  const std::string_view out = text.substr(0, std::max<std::size_t>(utf8_length(text), 1));
  text.remove_prefix(out.size());
  return out;
}

// Also the C1 control characters, 0xc2 0x80 to 0xc2 0x9f, which terminals obey too.
bool is_shown(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  const bool c1 = byte == 0xc2 && character.size() == 2 && static_cast<unsigned char>(character[1]) < 0xa0;
  return utf8_length(character) == character.size() && byte >= 0x20 && byte != 0x7f && !c1;
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) next_character(text);
  return count;
}

//   4 | wrkers = 3
//     | ^~~~~~  did you mean 'workers'?
std::string snippet(std::string_view line, std::size_t number, std::size_t at, std::size_t width, const std::string& hint) {
  constexpr std::size_t window = 100;  // characters of a long line that are shown
  constexpr std::size_t before = 40;   // of them before the mistake
  const std::size_t length = characters(line);
  const std::size_t begin = length > window && at > before ? at - before : 0;
  const std::size_t end = std::min(length, begin + window);

  std::string shown = begin > 0 ? "..." : "";
  const std::size_t indent = shown.size() + at - begin;
  for (std::size_t i = 0; i < end; ++i) {
    // One column for each character: a tab becomes a blank, what cannot be shown a question mark.
    const std::string_view character = next_character(line);
    if (i >= begin) shown += character == "\t" ? " " : is_shown(character) ? character : "?";
  }
  if (end < length) shown += "...";
  const std::size_t carets = std::clamp<std::size_t>(width, 1, std::max<std::size_t>(end - at, 1));
  return fmt::format("{:>3} | {}\n    | {:{}}^{:~<{}}{}{}", number, shown, "", indent, "", carets - 1,
                     hint.empty() ? "" : "  ", hint);
}

}  // namespace

config_text::config_text(std::string name, std::string_view text) : name_(std::move(name)) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.substr(0, 3) == byte_order_mark) text.remove_prefix(3);
  text_ = text;
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view from = rest;
    const std::string_view c = next_character(rest);
    if (utf8_length(c) == 0) {
      const bool utf16 = from.size() == text_.size() && (c == "\xff" || c == "\xfe");
      throw error(c, fmt::format("not UTF-8: byte 0x{:02x}", static_cast<unsigned char>(c[0])),
                  utf16 ? "this looks like UTF-16; save the file as UTF-8" : "save the file as UTF-8");
    }
    if (c[0] == '\0') throw error(c, "a NUL byte", "a configuration file is text");
    const bool line_end = c == "\n" || from.substr(0, 2) == "\r\n";
    if (!line_end && c != "\t" && (static_cast<unsigned char>(c[0]) < 0x20 || c[0] == '\x7f')) {
      throw error(c, fmt::format("a control character ({})", printable(c)), "in text it is written \\u00XX");
    }
  }
}

std::size_t config_text::line_of(std::string_view part) const noexcept {
  return static_cast<std::size_t>(std::count(text_.data(), part.data(), '\n')) + 1;
}

config_error config_text::error(std::string_view part, std::string message, const std::string& hint) const {
  const auto at = static_cast<std::size_t>(part.data() - text_.data());
  const std::size_t begin = at == 0 ? 0 : text_.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  std::string_view line = std::string_view(text_).substr(begin, std::min(text_.find('\n', at), text_.size()) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t column = characters(line.substr(0, at - begin));
  const std::size_t number = line_of(part);
  config_error::place where{name_, static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(column + 1),
                            snippet(line, number, column, characters(part.substr(0, part.find('\n'))), hint)};
  return config_error(std::move(message), std::move(where));
}

void refuse(std::string file, std::string message) { throw config_error(std::move(message), {std::move(file), 0, 0, {}}); }

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto between = [&](std::size_t k, unsigned low, unsigned high) {
    return k < text.size() && low <= static_cast<unsigned char>(text[k]) && static_cast<unsigned char>(text[k]) <= high;
  };
  const auto tail = [&](std::size_t k) { return between(k, 0x80, 0xbf); };
  if (between(0, 0, 0x7f)) return 1;
  if (between(0, 0xc2, 0xdf)) return tail(1) ? 2 : 0;
  if (between(0, 0xe0, 0xef)) {
    const unsigned low = between(0, 0xe0, 0xe0) ? 0xa0 : 0x80;
    const unsigned high = between(0, 0xed, 0xed) ? 0x9f : 0xbf;
    return between(1, low, high) && tail(2) ? 3 : 0;
  }
  const unsigned low = between(0, 0xf0, 0xf0) ? 0x90 : 0x80;
  const unsigned high = between(0, 0xf4, 0xf4) ? 0x8f : 0xbf;
  return between(0, 0xf0, 0xf4) && between(1, low, high) && tail(2) && tail(3) ? 4 : 0;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit) return out + "...";
    const std::string_view character = next_character(text);
    if (is_shown(character)) {
      out += character;
    } else {
      for (const char byte : character) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return out;
}

}  // namespace detail
}  // namespace jay
