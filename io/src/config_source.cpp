// SPDX-License-Identifier: MIT
#include "config_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "utf8.hpp"

namespace jay::detail {
namespace {

// A line for a terminal: one column for each character. Tabs become blanks, what cannot be shown a question mark.
std::vector<std::string> displayed(std::string_view line) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t length = utf8_length(line, i);
    const auto byte = static_cast<unsigned char>(line[i]);
    const bool c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(line[i + 1]) < 0xa0;
    if (byte == '\t') {
      out.emplace_back(" ");
    } else if (length == 0 || byte < 0x20 || byte == 0x7f || c1) {
      out.emplace_back("?");
    } else {
      out.emplace_back(line.substr(i, length));
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace

config_source::config_source(std::string name, std::string_view text) : name_(std::move(name)) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.substr(0, 3) == byte_order_mark) text.remove_prefix(3);
  text_ = text;
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::string_view config_source::line(std::size_t number) const noexcept {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::size_t begin = line_starts_[number - 1];
  const std::size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
  std::string_view out = std::string_view(text_).substr(begin, end - begin);
  if (!out.empty() && out.back() == '\r') out.remove_suffix(1);
  return out;
}

std::string_view config_source::text_through(std::size_t number) const noexcept {
  return std::string_view(text_).substr(0, number < line_starts_.size() ? line_starts_[number] : text_.size());
}

//   4 | wrkers = 3
//     | ^~~~~~  did you mean 'workers'?
std::string config_source::snippet(const config_problem& problem) const {
  constexpr std::size_t window = 100;  // characters of a long line that are shown
  constexpr std::size_t before = 40;   // of them before the mistake
  const std::vector<std::string> characters = displayed(line(problem.line));
  const std::size_t at = std::min<std::size_t>(problem.column > 0 ? problem.column - 1 : 0, characters.size());
  const std::size_t begin = characters.size() > window && at > before ? at - before : 0;
  const std::size_t end = std::min(characters.size(), begin + window);

  std::string shown = begin > 0 ? "..." : "";
  const std::size_t indent = shown.size() + at - begin;
  for (std::size_t i = begin; i < end; ++i) shown += characters[i];
  if (end < characters.size()) shown += "...";

  const std::size_t width = std::clamp<std::size_t>(problem.width, 1, std::max<std::size_t>(end - at, 1));
  const std::string number = fmt::format("{:>3}", problem.line);
  const std::string hint = problem.hint.empty() ? "" : "  " + problem.hint;
  return fmt::format("{} | {}\n{:{}} | {:{}}^{:~<{}}{}", number, shown, "", number.size(), "", indent, "", width - 1, hint);
}

config_error config_source::error(const config_problem& problem) const {
  config_error::place where;
  where.file = name_;
  where.line = problem.line;
  where.column = problem.column;
  if (problem.line > 0) where.snippet = snippet(problem);
  return config_error(problem.message, std::move(where));
}

}  // namespace jay::detail
