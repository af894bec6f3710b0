// SPDX-License-Identifier: MIT
#include "config_slots.hpp"

#include <type_traits>

#include "config_value.hpp"

namespace jay::detail {
namespace {

std::string environment_name(std::string_view table, std::string_view name) {
  std::string out = "JAY_" + std::string(table) + '_' + std::string(name);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

template <class Field>
config_key describe(std::string_view table, const Field& f) {
  config_key key;
  key.table = table;
  key.name = f.name;
  key.min = f.min;
  key.max = f.max;
  key.unit = f.unit;
  key.environment = environment_name(table, f.name);
  key.doc = f.doc;
  if constexpr (std::is_same_v<typename Field::type, flag_type>) {
    key.type = config_type::flag;
  } else if constexpr (std::is_same_v<typename Field::type, whole_type>) {
    key.type = config_type::whole;
  } else if constexpr (std::is_same_v<typename Field::type, real_type>) {
    key.type = config_type::real;
  } else {
    key.type = config_type::choice;
    for (std::string_view word : choice_words<typename Field::value>::list) key.choices.emplace_back(word);
  }
  return key;
}

std::vector<config_slot> make_slots() {
  std::vector<config_slot> slots;
  const config defaults;
  config::tables([&](std::string_view name, auto table, std::string_view) {
    using table_type = std::remove_cvref_t<decltype(defaults.*table)>;
    table_type::fields([&](const auto& f) {
      using value_type = typename std::remove_cvref_t<decltype(f)>::value;
      config_slot slot;
      slot.key = describe(name, f);
      slot.get = [table, member = f.member](const config& c) { return static_cast<double>((c.*table).*member); };
      slot.set = [table, member = f.member](config& c, double v) { (c.*table).*member = static_cast<value_type>(v); };
      slot.key.default_value = value_text(slot.key, slot.get(defaults));
      slots.push_back(std::move(slot));
    });
  });
  return slots;
}

}  // namespace

const std::vector<config_slot>& config_slots() {
  static const std::vector<config_slot> slots = make_slots();
  return slots;
}

const std::vector<std::string>& config_table_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    config::tables([&](std::string_view name, auto, std::string_view) { out.emplace_back(name); });
    return out;
  }();
  return names;
}

std::size_t find_slot(std::string_view table, std::string_view name) {
  const auto& slots = config_slots();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].key.table == table && slots[i].key.name == name) return i;
  }
  return no_slot;
}

}  // namespace jay::detail
