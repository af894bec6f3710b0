// SPDX-License-Identifier: MIT
#include "terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <jay/config.hpp>

namespace jay_tool {

bool has_colour(std::FILE* stream) {
  const char* const refused = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  if (refused != nullptr && *refused != '\0') return false;
  return ::isatty(::fileno(stream)) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::string styled(std::FILE* stream, style s, std::string_view text) {
  if (!has_colour(stream)) return std::string(text);
  const char* code = "0";
  switch (s) {
    case style::bold: code = "1"; break;
    case style::red: code = "31"; break;
    case style::green: code = "32"; break;
    case style::dim: code = "2"; break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void print_error(std::string_view message) {
  fmt::print(stderr, "{} {}\n", styled(stderr, style::red, "jay:"), message);
}

void print_config_error(const jay::config_error& error) {
  const std::string report = error.report();
  const std::size_t first = report.find('\n');
  fmt::print(stderr, "{}\n", styled(stderr, style::bold, report.substr(0, first)));
  if (first == report.npos) return;
  const std::string_view snippet = std::string_view(report).substr(first + 1);
  const std::size_t carets = snippet.find('\n');
  fmt::print(stderr, "{}\n", snippet.substr(0, carets));
  if (carets != snippet.npos) fmt::print(stderr, "{}\n", styled(stderr, style::red, snippet.substr(carets + 1)));
}

}  // namespace jay_tool
