// SPDX-License-Identifier: MIT
#include "list_line.hpp"

namespace tree_hash {
namespace {

constexpr std::size_t digits = 64;
constexpr std::string_view algorithm = "SHA256";

bool is_white(char c) { return c == ' ' || c == '\t'; }

/// Lower case; nothing if it is no digest.
std::optional<std::string> digest_of(std::string_view text) {
  if (text.size() != digits) return std::nullopt;
  std::string hex(text);
  for (char& c : hex) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return hex;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return std::nullopt;
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'n') name += '\n';
    else if (text[i] == 'r') name += '\r';
    else if (text[i] == '\\') name += '\\';
    else return std::nullopt;
  }
  return name;
}

std::optional<std::string> name_of(std::string_view text, bool is_escaped) {
  if (is_escaped) return unescaped(text);
  return std::string(text.substr(0, text.find('\0')));  // no name has a NUL; sha256sum ends it there
}

/// What stands behind "SHA256 (": name) = digest
std::optional<checksum> parse_tagged(std::string_view rest, bool is_escaped) {
  std::size_t end = rest.rfind(')');
  if (end == rest.npos) return std::nullopt;
  std::optional<std::string> name = name_of(rest.substr(0, end), is_escaped);
  rest.remove_prefix(end + 1);
  auto skip_white = [&] {
    while (!rest.empty() && is_white(rest.front())) rest.remove_prefix(1);
  };
  skip_white();
  if (!name || rest.empty() || rest.front() != '=') return std::nullopt;
  rest.remove_prefix(1);
  skip_white();
  std::optional<std::string> hex = digest_of(rest.substr(0, rest.find('\0')));
  if (!hex) return std::nullopt;
  return checksum{std::move(*name), std::move(*hex)};
}

}  // namespace

std::optional<checksum> line_parser::parse(std::string_view line) {
  while (!line.empty() && is_white(line.front())) line.remove_prefix(1);
  bool is_escaped = line.starts_with('\\');
  if (is_escaped) line.remove_prefix(1);
  if (line.starts_with(algorithm)) {
    line.remove_prefix(algorithm.size());
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!line.starts_with('(')) return std::nullopt;
    return parse_tagged(line.substr(1), is_escaped);
  }
  if (line.size() < digits + 2 || !is_white(line[digits])) return std::nullopt;
  std::optional<std::string> hex = digest_of(line.substr(0, digits));
  if (!hex) return std::nullopt;
  line.remove_prefix(digits + 1);
  if (line.size() == 1 || (line.front() != ' ' && line.front() != '*')) {
    if (form_ == form::usual) return std::nullopt;
    form_ = form::one_space;
  } else if (form_ != form::one_space) {
    form_ = form::usual;
    line.remove_prefix(1);
  }
  std::optional<std::string> name = name_of(line, is_escaped);
  if (!name) return std::nullopt;
  return checksum{std::move(*name), std::move(*hex)};
}

std::string escaped(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c == '\\') text += "\\\\";
    else if (c == '\n') text += "\\n";
    else if (c == '\r') text += "\\r";
    else text += c;
  }
  return text;
}

std::string shown(std::string_view name) {
  if (name.empty()) return "''";
  std::string text = escaped(name);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text;
}

std::string format_line(const std::string& name, const std::string& hex, line_form form) {
  std::string written = form.zero ? name : escaped(name);
  std::string line = written.size() == name.size() ? "" : "\\";
  if (form.tag) ((line += algorithm) += " (" + written + ") = ") += hex;
  else ((line += hex) += form.binary ? " *" : "  ") += written;
  return line += form.zero ? '\0' : '\n';
}

}  // namespace tree_hash
