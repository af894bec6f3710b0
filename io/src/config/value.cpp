// SPDX-License-Identifier: MIT
#include "value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "suggest.hpp"
#include "text.hpp"

namespace jay::detail {
namespace {

struct time_unit {
  std::string_view name;
  double nanoseconds;
};
constexpr time_unit time_units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}};
constexpr const char* unit_hint = "units: ns, us, ms, s, min or h";

double nanoseconds_in(std::string_view unit) {
  for (const time_unit& u : time_units) {
    if (u.name == unit) return u.nanoseconds;
  }
  return 0;
}

bool is_number(const config_key& key) { return key.type == config_type::whole || key.type == config_type::real; }

// The allowed values: "0 to 1024 us".
std::string allowed_text(const config_key& key) {
  if (key.type == config_type::flag) return "true or false";
  if (is_number(key)) return fmt::format("{:.15g} to {:.15g}{}{}", key.min, key.max, key.unit.empty() ? "" : " ", key.unit);
  std::string out;
  for (std::size_t i = 0; i < key.choices.size(); ++i) {
    out += fmt::format("{}\"{}\"", i == 0 ? "" : i + 1 == key.choices.size() ? " or " : ", ", key.choices[i]);
  }
  return out;
}

std::string expected(const config_key& key) {
  return key.type == config_type::whole ? "a whole number" : key.type == config_type::real ? "a number" : allowed_text(key);
}

// The whole text as a number. Neither blanks nor '+' nor hexadecimal nor "inf"; no exponent, so that "1e3" is not taken for
// a whole number.
std::optional<double> number(std::string_view text) {
  if (text.find_first_not_of("0123456789.-") != text.npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A number that was written as `shown`, in the key's unit. `unit` stands behind the bound in the message.
double bounded(const config_key& key, double value, std::string_view shown, std::string_view unit = {}) {
  const auto wrong = [&](std::string message) { return refusal{std::move(message), "allowed: " + allowed_text(key)}; };
  if (std::isnan(value)) throw wrong(fmt::format("{} is not a number", shown));
  if (value < key.min) throw wrong(fmt::format("{} is below {:.15g}{}", shown, key.min, unit));
  if (value > key.max) throw wrong(fmt::format("{} is above {:.15g}{}", shown, key.max, unit));
  if (key.type == config_type::whole && value != std::floor(value)) {
    throw wrong(fmt::format("{} is not a whole number{}{}", shown, key.unit.empty() ? "" : " of ", key.unit));
  }
  return value;
}

// "2ms", for a key that has a unit.
double from_duration(const config_key& key, std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789.-"), text.size());
  const std::string_view unit = text.substr(digits);
  const std::optional<double> count = number(text.substr(0, digits));
  const std::string shown = printable(text);
  if (!count) {
    throw refusal{fmt::format("\"{}\" is not a duration", shown),
                  fmt::format("allowed: {}, or text with a unit such as \"2{}\"", allowed_text(key), key.unit)};
  }
  if (unit.empty()) throw refusal{fmt::format("\"{}\" has no unit", shown), unit_hint};
  const double from = nanoseconds_in(unit);
  const double to = nanoseconds_in(key.unit);
  if (from == 0) throw refusal{fmt::format("\"{}\" has an unknown unit '{}'", shown, printable(unit)), unit_hint};
  // Divided rather than multiplied where the unit is the smaller one: 3000ns is 3us exactly, 3000 * 0.001 need not be.
  double value = from < to ? *count / (to / from) : *count * (from / to);
  // 1.001ms is 1001us although 1.001 * 1000 is 1000.9999999999999.
  if (std::abs(value - std::round(value)) < 1e-9 * std::abs(value)) value = std::round(value);
  return bounded(key, value, shown, key.unit);
}

double from_word(const config_key& key, std::string_view word) {
  const auto at = std::find(key.choices.begin(), key.choices.end(), word);
  if (at != key.choices.end()) return static_cast<double>(at - key.choices.begin());
  const std::string near = suggest(word, key.choices);
  throw refusal{fmt::format("\"{}\" is not {}", printable(word), allowed_text(key)),
                near.empty() ? "" : fmt::format("did you mean \"{}\"?", near)};
}

double from_flag(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
  const auto at = std::find(std::begin(words), std::end(words), word);
  if (at != std::end(words)) return static_cast<double>((at - std::begin(words)) % 2);
  throw refusal{fmt::format("\"{}\" is neither true nor false", printable(text)), "allowed: 1, 0, true, false, on or off"};
}

}  // namespace

std::string found_text(const literal& value) {
  switch (value.kind) {
    case literal::form::text: return fmt::format("text \"{}\"", printable(value.text));
    case literal::form::whole: return "the whole number " + printable(value.written);
    case literal::form::real: return "the number " + printable(value.written);
    case literal::form::flag: return value.number != 0 ? "true" : "false";
    case literal::form::array: return "an array";
    case literal::form::braces: return "a table in braces";
    case literal::form::table: return "a table";
    case literal::form::table_array: return "[[...]], an array of tables";
  }
  return {};
}

double from_literal(const config_key& key, const literal& value) {
  using enum literal::form;
  if (key.type == config_type::flag && value.kind == flag) return value.number;
  if (key.type == config_type::choice && value.kind == text) return from_word(key, value.text);
  if (is_number(key)) {
    const bool fits = value.kind == whole || (value.kind == real && key.type == config_type::real);
    if (fits) return bounded(key, value.number, printable(value.written));
    if (value.kind == text && !key.unit.empty()) return from_duration(key, value.text);
  }
  throw refusal{fmt::format("expected {}, found {}", expected(key), found_text(value)),
                is_number(key) ? "allowed: " + allowed_text(key) : ""};
}

double from_text(const config_key& key, std::string_view text) {
  if (text.empty()) throw refusal{"is set but empty; unset it or give it " + allowed_text(key), {}};
  if (key.type == config_type::choice) return from_word(key, text);
  if (key.type == config_type::flag) return from_flag(text);
  if (const std::optional<double> value = number(text)) return bounded(key, *value, printable(text));
  if (!key.unit.empty()) return from_duration(key, text);
  throw refusal{fmt::format("\"{}\" is not {}", printable(text), expected(key)), "allowed: " + allowed_text(key)};
}

void check_number(const config_key& key, double value) {
  if (is_number(key)) bounded(key, value, fmt::format("{}", value));
  if (key.type == config_type::choice && value >= static_cast<double>(key.choices.size())) {
    throw refusal{fmt::format("{} is not {}", value, allowed_text(key)), {}};
  }
}

std::string value_text(const config_key& key, double value) {
  if (key.type == config_type::flag) return value != 0 ? "true" : "false";
  if (key.type == config_type::whole) return fmt::format("{:.0f}", value);
  if (key.type == config_type::choice) {
    const auto index = static_cast<std::size_t>(value);
    return index < key.choices.size() ? fmt::format("\"{}\"", key.choices[index]) : fmt::format("{}", index);
  }
  std::string out = fmt::format("{}", value);
  if (std::isfinite(value) && out.find_first_of(".e") == out.npos) out += ".0";
  return out;
}

}  // namespace jay::detail
