// SPDX-License-Identifier: MIT
#include <jay/config.hpp>

#include <unistd.h>

#include "keys.hpp"
#include "value.hpp"

namespace jay {
namespace {

using detail::config_keys;
using detail::setting;
using list = std::vector<setting>;

list defaults() {
  list out;
  for (const detail::key& k : config_keys()) out.push_back({k.get(config()), config_origin::default_value, "default"});
  return out;
}

void overlay(list& under, const detail::settings& over) {
  for (std::size_t i = 0; i < over.size(); ++i) under[i] = over[i].value_or(under[i]);
}

// Values that code has set in place of what was loaded.
void overlay_code(list& under, const config& c, const list& loaded) {
  for (std::size_t i = 0; i < under.size(); ++i) {
    const double value = config_keys()[i].get(c);
    if (value != loaded[i].value || loaded[i].origin == config_origin::code) under[i] = {value, config_origin::code, "code"};
  }
}

// Files and the environment are checked as they are read; code is checked here.
detail::loaded_settings assign(config& c, list settings) {
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const detail::key& k = config_keys()[i];
    try {
      if (settings[i].origin == config_origin::code) detail::check_number(k, settings[i].value);
    } catch (const detail::refusal& r) {
      detail::refuse("config", k.path() + ": " + r.message + " (set by code)");
    }
    k.set(c, settings[i].value);
  }
  return {std::make_shared<const list>(std::move(settings))};
}

}  // namespace

config config::load(const std::string& path) { return parse(detail::read_config_file(path), path); }

config config::parse(std::string_view text, const std::string& name) {
  std::vector<config_error> problems;
  list settings = defaults();
  overlay(settings, detail::read_settings(detail::config_text(name, text), problems));
  if (!problems.empty()) throw problems.front();
  overlay(settings, detail::read_environment(environ));
  config out;
  out.loaded_ = assign(out, std::move(settings));
  return out;
}

config config::from_environment() { return parse({}, "environment"); }

std::vector<config_error> config::problems(const std::string& path) {
  std::vector<config_error> out;
  try {
    detail::read_settings(detail::config_text(path, detail::read_config_file(path)), out);
  } catch (const config_error& e) {
    out.push_back(e);
  }
  return out;
}

void config::reload(const std::string& path) {
  config fresh = load(path);
  list settings = *fresh.loaded_.list;
  overlay_code(settings, *this, loaded_.list ? *loaded_.list : defaults());
  fresh.loaded_ = assign(fresh, std::move(settings));
  *this = std::move(fresh);
}

config config::resolved() const {
  config out = loaded_.list ? *this : from_environment();
  list settings = *out.loaded_.list;
  overlay_code(settings, *this, loaded_.list ? *loaded_.list : defaults());
  out.loaded_ = assign(out, std::move(settings));
  return out;
}

std::vector<config_setting> config::effective() const {
  const list loaded = loaded_.list ? *loaded_.list : defaults();
  list settings = loaded;
  overlay_code(settings, *this, loaded);
  std::vector<config_setting> out;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const detail::key& k = config_keys()[i];
    out.push_back({k.path(), detail::value_text(k, settings[i].value), settings[i].origin, settings[i].where});
  }
  return out;
}

std::vector<config_key> config::keys() { return {config_keys().begin(), config_keys().end()}; }

}  // namespace jay
