// SPDX-License-Identifier: MIT
// JAY_<TABLE>_<KEY>=value, and JAY_DEBUG for debug.enabled.
#include <fmt/format.h>

#include "config_parse.hpp"
#include "config_value.hpp"
#include "suggest.hpp"

namespace jay::detail {
namespace {

constexpr std::string_view short_debug = "JAY_DEBUG";

[[noreturn]] void refuse(std::string_view variable, std::string message) {
  config_error::place where;
  where.file = printable(variable);
  throw config_error(std::move(message), std::move(where));
}

std::string with_hint(std::string problem, const std::string& hint) {
  if (hint.empty() || problem.find(hint) != problem.npos) return problem;
  return fmt::format("{} ({})", problem, hint);
}

std::size_t slot_of(std::string_view variable) {
  const auto& slots = config_slots();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].key.environment == variable) return i;
  }
  return no_slot;
}

// Only what begins with the name of a table is ours to judge: JAY_HOME may be anybody's.
bool names_a_table(std::string_view variable) {
  for (const config_slot& slot : config_slots()) {
    const std::string_view prefix =
        std::string_view(slot.key.environment).substr(0, std::string_view("JAY_").size() + slot.key.table.size() + 1);
    if (variable.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

[[noreturn]] void refuse_unknown(std::string_view variable) {
  std::vector<std::string> known;
  for (const config_slot& slot : config_slots()) known.push_back(slot.key.environment);
  const std::string near = suggest(variable, known);
  refuse(variable, near.empty() ? "unknown variable; 'jay config schema' lists all keys"
                                : fmt::format("unknown variable; did you mean {}?", near));
}

}  // namespace

std::vector<std::optional<config_origins::entry>> read_environment(const char* const* environment) {
  std::vector<std::optional<config_origins::entry>> out(config_slots().size());
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view line = *environment;
    if (line.substr(0, 4) != "JAY_") continue;
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view variable = line.substr(0, equals);
    const std::string_view text = line.substr(std::min(equals + 1, line.size()));

    std::size_t index = variable == short_debug ? find_slot("debug", "enabled") : slot_of(variable);
    if (index == no_slot) {
      if (names_a_table(variable)) refuse_unknown(variable);
      continue;
    }
    const config_key& key = config_slots()[index].key;
    const converted value = from_text(key, text);
    if (!value) refuse(variable, fmt::format("{}.{}: {}", key.table, key.name, with_hint(value.problem, value.hint)));
    if (out[index] && out[index]->value != value.value) {
      refuse(variable, fmt::format("{}.{}: contradicts {}; unset one of them", key.table, key.name, out[index]->where));
    }
    out[index] = config_origins::entry{value.value, config_origin::environment, std::string(variable)};
  }
  return out;
}

}  // namespace jay::detail
