// SPDX-License-Identifier: MIT
// JAY_<TABLE>_<KEY>=value, and JAY_DEBUG for debug.enabled.
#include <fmt/format.h>

#include "keys.hpp"
#include "suggest.hpp"
#include "value.hpp"

namespace jay::detail {
namespace {

// The key that the variable sets, or no_key. Only what begins with the name of a table is ours to judge: JAY_HOME may be
// anybody's.
std::size_t key_of(std::string_view variable) {
  const std::size_t index = find_key([&](const key& k) {
    return k.environment == variable || (variable == "JAY_DEBUG" && k.environment == "JAY_DEBUG_ENABLED");
  });
  if (index != no_key) return index;
  std::vector<std::string> known;
  for (const key& k : config_keys()) known.push_back(k.environment);
  const bool ours = find_key([&](const key& k) {
    return variable.starts_with(std::string_view(k.environment).substr(0, sizeof "JAY_" + k.table.size()));
  }) != no_key;
  if (!ours) return no_key;
  const std::string near = suggest(variable, known);
  refuse(printable(variable), near.empty() ? "unknown variable; 'jay config schema' lists all keys"
                                           : fmt::format("unknown variable; did you mean {}?", near));
}

}  // namespace

settings read_environment(const char* const* environment) {
  settings out(config_keys().size());
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view line = *environment;
    if (!line.starts_with("JAY_")) continue;
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view variable = line.substr(0, equals);
    const std::size_t index = key_of(variable);
    if (index == no_key) continue;
    const key& k = config_keys()[index];
    try {
      const double value = from_text(k, line.substr(std::min(equals + 1, line.size())));
      if (out[index] && out[index]->value != value) {
        throw refusal{fmt::format("contradicts {}; unset one of them", out[index]->where), {}};
      }
      out[index] = setting{value, config_origin::environment, std::string(variable)};
    } catch (const refusal& r) {
      const bool told = r.hint.empty() || r.message.find(r.hint) != r.message.npos;
      refuse(printable(variable), fmt::format("{}: {}{}", k.path(), r.message, told ? "" : fmt::format(" ({})", r.hint)));
    }
  }
  return out;
}

}  // namespace jay::detail
