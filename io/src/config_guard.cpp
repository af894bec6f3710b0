// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "config_source.hpp"
#include "config_value.hpp"
#include "utf8.hpp"

namespace jay::detail {
namespace {

// toml++ bounds nested values but not dotted keys, and [a.a.a...] makes a table in a table for each dot, whose destructors
// call each other. No key of ours is nested deeper than two.
constexpr std::size_t max_brackets = 16;
constexpr std::size_t max_dots = 16;

// Follows the text just closely enough to know what is a bracket and what stands in a string or comment. Where it
// disagrees with TOML (a string that is not closed on its line, a carriage return alone), the parser stops with an error.
class scanner {
 public:
  explicit scanner(const config_source& source) : source_(source), text_(source.text()) {}

  void scan() {
    while (at_ < text_.size()) {
      const std::size_t length = utf8_length(text_, at_);
      if (length == 0) refuse_byte();
      if (text_[at_] == '\0') refuse("a NUL byte", "a configuration file is text");
      step(length);
    }
  }

 private:
  enum class state { plain, comment, basic, literal, basic_lines, literal_lines };

  void step(std::size_t length) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      column_ = 0;
      dots_ = 0;
      blank_so_far_ = true;
      if (state_ != state::basic_lines && state_ != state::literal_lines) state_ = state::plain;
    } else {
      // Whatever stands without quotes is ASCII.
      if (state_ == state::plain && length > 1) {
        refuse(fmt::format("unexpected '{}'", printable(text_.substr(at_, length))), "only text in quotes and comments may have it");
      }
      length = state_ == state::plain ? plain(c, length) : quoted(c, length);
    }
    at_ += length;
    ++column_;
  }

  // Both give how many bytes they have read.
  std::size_t plain(char c, std::size_t length) {
    switch (c) {
      case '#': state_ = state::comment; break;
      case '"':
      case '\'': return open(c);
      case '[':
        if (blank_so_far_ && brackets_ == 0) check_header();
        [[fallthrough]];
      case '{':
        dots_ = 0;
        if (++brackets_ > max_brackets) refuse(fmt::format("more than {} brackets deep", max_brackets), {});
        break;
      case ']':
      case '}':
        if (brackets_ > 0) --brackets_;
        break;
      case ',':
      case '=': dots_ = 0; break;
      case '.':
        if (++dots_ > max_dots) refuse(fmt::format("a key of more than {} parts", max_dots + 1), {});
        break;
      default: break;
    }
    if (c != ' ' && c != '\t') blank_so_far_ = false;
    return length;
  }

  // What follows [ or [[ must begin a name: toml++ 3.3 takes that for granted.
  void check_header() const {
    std::size_t next = at_ + 1;
    if (next < text_.size() && text_[next] == '[') ++next;
    next = std::min(text_.find_first_not_of(" \t", next), text_.size());
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-\"'";
    const bool name = next < text_.size() && allowed.find(text_[next]) != allowed.npos;
    if (!name) refuse("a table's name is missing", "write it as [scheduler]");
  }

  std::size_t open(char quote) {
    blank_so_far_ = false;
    const bool lines = text_.substr(at_, 3) == std::string(3, quote);
    if (quote == '"') state_ = lines ? state::basic_lines : state::basic;
    if (quote == '\'') state_ = lines ? state::literal_lines : state::literal;
    column_ += lines ? 2 : 0;
    return lines ? 3 : 1;
  }

  std::size_t quoted(char c, std::size_t length) {
    switch (state_) {
      case state::basic:
      case state::basic_lines:
        // The character behind a backslash cannot end the string; a newline there is counted by the next step.
        if (c == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) {
          ++column_;
          return 2;
        }
        return c == '"' ? close(c, state_ == state::basic_lines) : length;
      case state::literal:
      case state::literal_lines: return c == '\'' ? close(c, state_ == state::literal_lines) : length;
      default: return length;
    }
  }

  std::size_t close(char quote, bool lines) {
    if (lines && text_.substr(at_, 3) != std::string(3, quote)) return 1;
    state_ = state::plain;
    std::size_t length = lines ? 3 : 1;
    // Up to two quotes more belong to the text of a multi-line string: """a"""""
    while (lines && length < 5 && at_ + length < text_.size() && text_[at_ + length] == quote) ++length;
    column_ += static_cast<std::uint32_t>(length - 1);
    return length;
  }

  [[noreturn]] void refuse_byte() const {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    const bool utf16 = at_ == 0 && (byte == 0xff || byte == 0xfe);
    refuse(fmt::format("not UTF-8: byte 0x{:02x}", byte), utf16 ? "this looks like UTF-16; save the file as UTF-8"
                                                                : "save the file as UTF-8");
  }

  [[noreturn]] void refuse(std::string message, std::string hint) const {
    throw source_.error({line_, column_, 1, std::move(message), std::move(hint)});
  }

  const config_source& source_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
  std::size_t brackets_ = 0;
  std::size_t dots_ = 0;
  bool blank_so_far_ = true;  // on this line
  state state_ = state::plain;
};

}  // namespace

void guard_config_text(const config_source& source) { scanner(source).scan(); }

}  // namespace jay::detail
