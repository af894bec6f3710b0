// SPDX-License-Identifier: MIT
#include <jay/config.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include "config_parse.hpp"
#include "config_value.hpp"

namespace jay {
namespace {

using detail::config_origins;
using detail::config_slot;
using detail::config_slots;

using entries = std::vector<std::optional<config_origins::entry>>;

config_origins defaults() {
  config_origins out;
  const config c;
  for (const config_slot& slot : config_slots()) out.entries.push_back({slot.get(c), config_origin::default_value, "default"});
  return out;
}

void overlay(config_origins& under, const entries& over) {
  for (std::size_t i = 0; i < over.size(); ++i) {
    if (over[i]) under.entries[i] = *over[i];
  }
}

void assign(config& c, const config_origins& origins) {
  for (std::size_t i = 0; i < origins.entries.size(); ++i) config_slots()[i].set(c, origins.entries[i].value);
}

// Values that code has set in place of what was loaded.
void overlay_code(config_origins& under, const config& c, const config_origins& loaded) {
  for (std::size_t i = 0; i < under.entries.size(); ++i) {
    const double value = config_slots()[i].get(c);
    if (value != loaded.entries[i].value || loaded.entries[i].origin == config_origin::code) {
      under.entries[i] = {value, config_origin::code, "code"};
    }
  }
}

// Files and the environment are checked as they are read; this is for what code has assigned.
void check_code(const config_origins& origins) {
  for (std::size_t i = 0; i < origins.entries.size(); ++i) {
    if (origins.entries[i].origin != config_origin::code) continue;
    const config_key& key = config_slots()[i].key;
    const double value = origins.entries[i].value;
    detail::converted result;
    if (key.type == config_type::choice) {
      if (value >= static_cast<double>(key.choices.size())) {
        result.problem = fmt::format("{} is not {}", value, detail::allowed_text(key));
      }
    } else {
      result = detail::from_number(key, value, fmt::format("{}", value));
    }
    if (!result) {
      config_error::place where;
      where.file = "config";
      throw config_error(fmt::format("{}.{}: {} (set by code)", key.table, key.name, result.problem), std::move(where));
    }
  }
}

config_origins from_source(const detail::config_source& source) {
  const detail::parsed_config parsed = detail::parse_config(source);
  if (!parsed.problems.empty()) throw source.error(parsed.problems.front());
  config_origins out = defaults();
  overlay(out, parsed.entries);
  overlay(out, detail::read_environment(environ));
  return out;
}

}  // namespace

config config::load(const std::string& path) { return parse(detail::read_config_file(path), path); }

config config::parse(std::string_view text, const std::string& name) {
  config out;
  auto origins = std::make_shared<const config_origins>(from_source(detail::config_source(name, text)));
  assign(out, *origins);
  out.origins_ = std::move(origins);
  return out;
}

config config::from_environment() { return parse({}, "environment"); }

std::vector<config_error> config::problems(const std::string& path) {
  constexpr std::size_t enough = 100;
  std::vector<config_error> out;
  try {
    const detail::config_source source(path, detail::read_config_file(path));
    for (const detail::config_problem& problem : detail::parse_config(source).problems) {
      if (out.size() == enough) break;
      out.push_back(source.error(problem));
    }
  } catch (const config_error& e) {
    out.push_back(e);
  }
  return out;
}

void config::reload(const std::string& path) {
  config fresh = load(path);
  config_origins origins = *fresh.origins_;
  overlay_code(origins, *this, origins_ ? *origins_ : defaults());
  check_code(origins);
  assign(fresh, origins);
  fresh.origins_ = std::make_shared<const config_origins>(std::move(origins));
  *this = std::move(fresh);
}

config config::resolved() const {
  config out = origins_ ? *this : from_environment();
  config_origins origins = *out.origins_;
  overlay_code(origins, *this, origins_ ? *origins_ : defaults());
  check_code(origins);
  assign(out, origins);
  out.origins_ = std::make_shared<const config_origins>(std::move(origins));
  return out;
}

std::vector<config_setting> config::effective() const {
  config_origins origins = origins_ ? *origins_ : defaults();
  const config_origins loaded = origins;
  overlay_code(origins, *this, loaded);
  std::vector<config_setting> out;
  for (std::size_t i = 0; i < origins.entries.size(); ++i) {
    const config_key& key = config_slots()[i].key;
    const config_origins::entry& entry = origins.entries[i];
    out.push_back({key.table + '.' + key.name, detail::value_text(key, entry.value), entry.origin, entry.where});
  }
  return out;
}

std::vector<config_key> config::keys() {
  std::vector<config_key> out;
  for (const config_slot& slot : config_slots()) out.push_back(slot.key);
  return out;
}

}  // namespace jay
