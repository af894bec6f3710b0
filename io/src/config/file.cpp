// SPDX-License-Identifier: MIT
// A file: its bytes, and what its entries mean for the keys.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "errors.hpp"
#include "keys.hpp"
#include "reader.hpp"
#include "suggest.hpp"

namespace jay::detail {
namespace {

[[noreturn]] void refuse_errno(const std::string& path, const char* what, int error) {
  const char* const advice = error == ENOENT ? "; 'jay config init' writes a template" : "";
  refuse(path, fmt::format("cannot {}: {} ({}){}", what, std::strerror(error), strerrorname_np(error), advice));
}

// The table that has a key of this name, or "".
std::string table_of(std::string_view name) {
  const std::size_t index = find_key([&](const key& k) { return k.name == name; });
  return index == no_key ? "" : config_keys()[index].table;
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

class file_reader {
 public:
  file_reader(const config_text& text, std::vector<config_error>& problems) : text_(text), problems_(problems) {}

  settings read() {
    settings out(config_keys().size());
    for (const entry& e : read_toml(text_, problems_)) {
      if (problems_.size() >= 2 * enough_problems) break;
      // Whatever stands below what was refused is not told again.
      if (refused_.contains(e.path[0]) || (e.path.size() > 1 && refused_.contains(e.path[0] + '.' + e.path[1]))) continue;
      e.path.size() == 1 ? read_top(e) : read_below(e, out);
    }
    std::sort(problems_.begin(), problems_.end(), [](const config_error& a, const config_error& b) {
      return a.line() != b.line() ? a.line() < b.line() : a.column() < b.column();
    });
    if (problems_.size() > enough_problems) problems_.erase(problems_.begin() + enough_problems, problems_.end());
    return out;
  }

 private:
  void read_top(const entry& e) {
    const std::string& name = e.path[0];
    const bool table = e.value.kind == literal::form::table;
    if (is_table(name)) {
      if (table) return;
      return refuse(name, e.written, fmt::format("{}: expected a table, found {}", name, found_text(e.value)),
                    fmt::format("write [{}], and its keys below it", name));
    }
    if (table || e.value.kind == literal::form::braces || e.value.kind == literal::form::table_array) return unknown_table(e);
    const std::string home = table_of(name);
    refuse(name, e.written, fmt::format("unknown key '{}' outside of any table", printable(name)),
           home.empty() ? "tables: " + joined(tables_) : fmt::format("it belongs below [{}]", home));
  }

  void read_below(const entry& e, settings& out) {
    const std::string& table = e.path[0];
    if (!is_table(table)) return unknown_table(e);
    const std::size_t index = find_key([&](const key& k) { return k.table == table && k.name == e.path[1]; });
    if (index == no_key) return unknown_key(e);
    const key& k = config_keys()[index];
    // Something below a key makes the key a table, wherever its own value is.
    const bool deeper = e.path.size() > 2;
    const literal found = deeper ? literal{literal::form::table, e.written, {}, 0} : e.value;
    try {
      out[index] = setting{from_literal(k, found), config_origin::file,
                           fmt::format("{}:{}", text_.name(), text_.line_of(e.written))};
    } catch (const refusal& r) {
      refuse(k.path(), found.written.empty() ? e.written : found.written, fmt::format("{}: {}", k.path(), r.message), r.hint);
    }
  }

  void unknown_table(const entry& e) {
    const std::string near = suggest(e.path[0], tables_);
    refuse(e.path[0], e.written.substr(0, e.written.find('.')), fmt::format("unknown table [{}]", printable(e.path[0])),
           near.empty() ? "tables: " + joined(tables_) : fmt::format("did you mean [{}]?", near));
  }

  void unknown_key(const entry& e) {
    std::vector<std::string> names;
    for (const key& k : config_keys()) {
      if (k.table == e.path[0]) names.push_back(k.name);
    }
    const std::string near = suggest(e.path[1], names);
    const std::string home = table_of(e.path[1]);
    refuse(e.path[0] + '.' + e.path[1], e.written, fmt::format("unknown key '{}' in [{}]", printable(e.path[1]), e.path[0]),
           !near.empty()   ? fmt::format("did you mean '{}'?", near)
           : !home.empty() ? fmt::format("it belongs below [{}]", home)
                           : "keys: " + joined(names));
  }

  bool is_table(const std::string& name) const { return std::find(tables_.begin(), tables_.end(), name) != tables_.end(); }

  void refuse(std::string path, std::string_view part, std::string message, const std::string& hint) {
    refused_.insert(std::move(path));
    problems_.push_back(text_.error(part, std::move(message), hint));
  }

  const config_text& text_;
  std::vector<config_error>& problems_;
  const std::vector<std::string> tables_ = table_names();
  std::set<std::string> refused_;
};

}  // namespace

settings read_settings(const config_text& text, std::vector<config_error>& problems) { return file_reader(text, problems).read(); }

std::string read_config_file(const std::string& path) {
  if (path.find('\0') != path.npos) refuse(path.substr(0, path.find('\0')), "a NUL byte in the path");
  // Non-blocking, so that opening a pipe which nobody writes to does not hang; it means nothing for files.
  const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) refuse_errno(path, "open", errno);

  struct stat status;
  if (::fstat(file.get(), &status) != 0) refuse_errno(path, "look at", errno);
  if (S_ISDIR(status.st_mode)) refuse(path, "is a directory, not a file");
  // A character device is /dev/null, an empty configuration.
  if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) refuse(path, "is not a regular file");

  // What fstat says of the size means nothing in /proc, and the file may grow: what is read is counted.
  std::string text;
  char buffer[16384];
  while (text.size() <= max_config_bytes) {
    const ssize_t n = retry([&] { return ::read(file.get(), buffer, sizeof buffer); });
    if (n == 0) return text;
    if (n < 0) refuse_errno(path, "read", errno);
    text.append(buffer, static_cast<std::size_t>(n));
  }
  refuse(path, fmt::format("is larger than {} KiB, which no configuration is", max_config_bytes / 1024));
}

}  // namespace jay::detail
