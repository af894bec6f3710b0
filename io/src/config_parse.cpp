// SPDX-License-Identifier: MIT
// From TOML to values. The only file that includes toml++.
#include "config_parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config_syntax.hpp"
#include "config_value.hpp"
#include "private_toml.hpp"
#include "suggest.hpp"

namespace jay::detail {
namespace {

std::string found_text(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return fmt::format("text \"{}\"", printable(**node.as_string()));
    case toml::node_type::integer: return fmt::format("the whole number {}", **node.as_integer());
    case toml::node_type::floating_point: return fmt::format("the number {}", **node.as_floating_point());
    case toml::node_type::boolean: return **node.as_boolean() ? "true" : "false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return "a date or time";
    case toml::node_type::array: return "an array";
    case toml::node_type::table: return "a table";
    default: return "nothing";
  }
}

converted from_node(const config_key& key, const toml::node& node) {
  switch (key.type) {
    case config_type::flag:
      if (const auto* flag = node.as_boolean()) return {**flag ? 1.0 : 0.0, {}, {}};
      break;
    case config_type::choice:
      if (const auto* text = node.as_string()) return from_word(key, **text);
      break;
    case config_type::real:
      if (const auto* real = node.as_floating_point()) return from_number(key, **real, fmt::format("{}", **real));
      [[fallthrough]];
    case config_type::whole:
      if (const auto* whole = node.as_integer()) {
        return from_number(key, static_cast<double>(**whole), fmt::format("{}", **whole));
      }
      if (const auto* text = node.as_string(); text != nullptr && !key.unit.empty()) return from_duration(key, **text);
      break;
  }
  return wrong_type(key, found_text(node));
}

// Where a problem points to.
config_problem at(const toml::source_region& region, std::string message, std::string hint) {
  const bool one_line = region.begin.line == region.end.line && region.end.column > region.begin.column;
  return {region.begin.line, region.begin.column, one_line ? region.end.column - region.begin.column : 1,
          std::move(message), std::move(hint)};
}

class reader {
 public:
  explicit reader(const config_source& source) : source_(source) { out_.entries.resize(config_slots().size()); }

  parsed_config read() {
    const toml::parse_result result = toml::parse(source_.text());
    if (result.failed()) {
      const toml::parse_error& e = result.error();
      throw source_.error(syntax_problem(source_, e.source().begin.line, e.source().begin.column, e.description()));
    }
    for (const auto& [key, node] : result.table()) read_top(key, node);
    std::sort(out_.problems.begin(), out_.problems.end(), [](const auto& a, const auto& b) {
      return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
    return std::move(out_);
  }

 private:
  void read_top(const toml::key& key, const toml::node& node) {
    const auto& tables = config_table_names();
    const std::string_view name = key.str();
    if (std::find(tables.begin(), tables.end(), name) != tables.end()) {
      if (const toml::table* table = node.as_table()) return read_table(name, *table);
      const std::string found = node.is_array_of_tables() ? "[[...]], an array of tables" : found_text(node);
      return refuse(key.source(), fmt::format("{}: expected a table, found {}", name, found),
                    fmt::format("write [{}], and its keys below it", name));
    }
    if (node.is_table() || node.is_array_of_tables()) {
      const std::string near = suggest(name, tables);
      return refuse(key.source(), fmt::format("unknown table [{}]", printable(name)),
                    near.empty() ? "tables: " + joined(tables) : fmt::format("did you mean [{}]?", near));
    }
    const std::string home = table_of(name);
    refuse(key.source(), fmt::format("unknown key '{}' outside of any table", printable(name)),
           home.empty() ? "tables: " + joined(tables) : fmt::format("it belongs below [{}]", home));
  }

  void read_table(std::string_view table, const toml::table& content) {
    for (const auto& [key, node] : content) {
      const std::size_t index = find_slot(table, key.str());
      if (index == no_slot) {
        unknown_key(table, key);
        continue;
      }
      const config_key& slot = config_slots()[index].key;
      const converted value = from_node(slot, node);
      if (!value) {
        refuse(node.source(), fmt::format("{}.{}: {}", table, slot.name, value.problem), value.hint);
        continue;
      }
      out_.entries[index] = config_origins::entry{value.value, config_origin::file,
                                                  fmt::format("{}:{}", source_.name(), key.source().begin.line)};
    }
  }

  void unknown_key(std::string_view table, const toml::key& key) {
    std::vector<std::string> names;
    for (const config_slot& slot : config_slots()) {
      if (slot.key.table == table) names.push_back(slot.key.name);
    }
    const std::string near = suggest(key.str(), names);
    const std::string home = table_of(key.str());
    std::string hint = "keys: " + joined(names);
    if (!near.empty()) {
      hint = fmt::format("did you mean '{}'?", near);
    } else if (!home.empty()) {
      hint = fmt::format("it belongs below [{}]", home);
    }
    refuse(key.source(), fmt::format("unknown key '{}' in [{}]", printable(key.str()), table), std::move(hint));
  }

  // The table that has a key of this name, or "".
  static std::string table_of(std::string_view name) {
    for (const config_slot& slot : config_slots()) {
      if (slot.key.name == name) return slot.key.table;
    }
    return {};
  }

  static std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

  void refuse(const toml::source_region& region, std::string message, std::string hint) {
    out_.problems.push_back(at(region, std::move(message), std::move(hint)));
  }

  const config_source& source_;
  parsed_config out_;
};

// An assertion of the parser tells no place. What it failed on stands in the last line of the shortest beginning of the text
// on which it fails.
config_problem failure_problem(const config_source& source) {
  const auto fails = [&](std::size_t lines) {
    try {
      (void)toml::parse(source.text_through(lines));
      return false;
    } catch (const toml_failure&) {
      return true;
    }
  };
  std::size_t passes = 0;
  std::size_t failing = source.lines();
  while (failing - passes > 1) {
    const std::size_t middle = passes + (failing - passes) / 2;
    (fails(middle) ? failing : passes) = middle;
  }
  return {static_cast<std::uint32_t>(failing), 1, source.line(failing).size(), "is no TOML", {}};
}

}  // namespace

parsed_config parse_config(const config_source& source) {
  guard_config_text(source);
  try {
    return reader(source).read();
  } catch (const toml_failure&) {
    throw source.error(failure_problem(source));
  }
}

}  // namespace jay::detail
