// SPDX-License-Identifier: MIT
#include "config_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include <jay/detail/cpus.hpp>

namespace jay_tool {
namespace {

using json = nlohmann::ordered_json;

struct table {
  std::string name;
  std::string doc;
  std::vector<jay::config_key> keys;
};

std::vector<table> tables() {
  std::vector<table> out;
  jay::config::tables([&](std::string_view name, auto, std::string_view doc) {
    out.push_back({std::string(name), std::string(doc), {}});
  });
  for (jay::config_key& key : jay::config::keys()) {
    const auto at = std::find_if(out.begin(), out.end(), [&](const table& t) { return t.name == key.table; });
    at->keys.push_back(std::move(key));
  }
  return out;
}

std::string values_text(const jay::config_key& key) {
  switch (key.type) {
    case jay::config_type::flag: return "true or false";
    case jay::config_type::choice: {
      std::string out;
      for (const std::string& word : key.choices) out += (out.empty() ? "\"" : ", \"") + word + '"';
      return out;
    }
    default: break;
  }
  const std::string unit = key.unit.empty() ? "" : fmt::format(" {0}, or text such as \"2{0}\"", key.unit);
  return fmt::format("{:.15g} to {:.15g}{}", key.min, key.max, unit);
}

// Each line begins with the prefix and has at most 80 characters, as far as words allow.
std::string wrapped(std::string_view text, std::string_view prefix) {
  constexpr std::size_t width = 80;
  std::string out;
  std::string line(prefix);
  bool empty = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (!empty && line.size() + 1 + end > width) {
      out += line + '\n';
      line = prefix;
      empty = true;
    }
    if (!empty) line += ' ';
    line += text.substr(0, end);
    empty = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line + '\n';
}

// A value of a file is one of JSON too: numbers, true, false, "text".
json as_json(const std::string& value) { return json::parse(value); }

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string config_template() {
  std::string out =
      "# jay.toml: the configuration of a program that runs on jay.\n"
      "#\n"
      "# Each key stands here with its default; to change one, remove the # before it.\n"
      "# A variable of the environment wins over this file, and code wins over both.\n"
      "# `jay config check` finds mistakes, `jay config show --origin` tells what holds\n"
      "# and why.\n";
  for (const table& t : tables()) {
    out += '\n' + wrapped(t.doc, "# ") + '[' + t.name + "]\n";
    for (const jay::config_key& key : t.keys) {
      out += '\n' + wrapped(key.doc, "# ");
      out += wrapped(fmt::format("{}; {}", values_text(key), key.environment), "#   ");
      out += fmt::format("#{} = {}\n", key.name, key.default_value);
    }
  }
  return out;
}

std::string schema_text() {
  std::string out;
  for (const table& t : tables()) {
    out += fmt::format("{}[{}]  {}\n", out.empty() ? "" : "\n", t.name, t.doc);
    for (const jay::config_key& key : t.keys) {
      out += fmt::format("\n  {} = {}\n", key.name, key.default_value);
      out += wrapped(key.doc, "      ");
      out += wrapped(fmt::format("{}; {}", values_text(key), key.environment), "      ");
    }
  }
  return out;
}

std::string schema_markdown() {
  std::string out;
  for (const table& t : tables()) {
    out += fmt::format("{}## [{}]\n\n{}\n\n", out.empty() ? "" : "\n", t.name, t.doc);
    out += "| key | default | values | environment | meaning |\n|---|---|---|---|---|\n";
    for (const jay::config_key& key : t.keys) {
      out += fmt::format("| `{}` | `{}` | {} | `{}` | {} |\n", key.name, key.default_value, markdown_cell(values_text(key)),
                         key.environment, markdown_cell(key.doc));
    }
  }
  return out;
}

std::string schema_json() {
  json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "jay.toml"},
                 {"type", "object"},
                 {"additionalProperties", false},
                 {"properties", json::object()}};
  for (const table& t : tables()) {
    json properties = json::object();
    for (const jay::config_key& key : t.keys) {
      json value;
      switch (key.type) {
        case jay::config_type::flag: value["type"] = "boolean"; break;
        case jay::config_type::choice: value["enum"] = key.choices; break;
        case jay::config_type::whole:
        case jay::config_type::real:
          value["type"] = key.type == jay::config_type::whole ? "integer" : "number";
          value["minimum"] = as_json(fmt::format("{:.15g}", key.min));
          value["maximum"] = as_json(fmt::format("{:.15g}", key.max));
          break;
      }
      if (!key.unit.empty()) {
        const json text = {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|min|h)$"}};
        value = {{"anyOf", json::array({value, text})}};
        value["x-unit"] = key.unit;
      }
      value["default"] = as_json(key.default_value);
      value["description"] = key.doc;
      value["x-environment"] = key.environment;
      properties[key.name] = std::move(value);
    }
    schema["properties"][t.name] = {{"type", "object"},
                                    {"description", t.doc},
                                    {"additionalProperties", false},
                                    {"properties", std::move(properties)}};
  }
  return schema.dump(2) + '\n';
}

std::string effective_toml(const jay::config& config, bool origins) {
  std::string out;
  std::string last_table;
  for (const jay::config_setting& setting : config.effective()) {
    const std::size_t dot = setting.key.find('.');
    const std::string name = setting.key.substr(0, dot);
    if (name != last_table) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", name);
    last_table = name;
    const std::string line = fmt::format("{} = {}", setting.key.substr(dot + 1), setting.value);
    std::string comment = origins ? setting.where : "";
    if (setting.key == "scheduler.workers" && config.scheduler.workers == 0) {
      comment += fmt::format("{}{} here", comment.empty() ? "" : "; ", jay::detail::worker_count(config.scheduler));
    }
    out += comment.empty() ? line + '\n' : fmt::format("{:<28}# {}\n", line, comment);
  }
  return out;
}

std::string effective_json(const jay::config& config) {
  static constexpr const char* origin_names[] = {"default", "file", "environment", "code"};
  json out = json::object();
  for (const jay::config_setting& setting : config.effective()) {
    out[setting.key] = {{"value", as_json(setting.value)},
                        {"origin", origin_names[static_cast<std::size_t>(setting.origin)]},
                        {"where", setting.where}};
  }
  // A file's name need not be UTF-8; JSON must be.
  return out.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace jay_tool
