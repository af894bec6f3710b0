// SPDX-License-Identifier: MIT
#include "config_value.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "suggest.hpp"
#include "utf8.hpp"

namespace jay::detail {
namespace {

struct time_unit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array<time_unit, 6> time_units{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};

std::optional<double> nanoseconds_in(std::string_view unit) {
  for (const time_unit& u : time_units) {
    if (u.name == unit) return u.nanoseconds;
  }
  return std::nullopt;
}

std::string unit_list() {
  std::string out;
  for (const time_unit& u : time_units) {
    if (!out.empty()) out += &u == &time_units.back() ? " or " : ", ";
    out += u.name;
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The whole text as a number. Neither blanks nor '+' nor hexadecimal nor "inf"; no exponent, so that "1e3" is not taken for
// a whole number.
std::optional<double> number(std::string_view text) {
  if (text.find_first_not_of("0123456789.-") != text.npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string expected(const config_key& key) {
  switch (key.type) {
    case config_type::flag: return "true or false";
    case config_type::whole: return "a whole number";
    case config_type::real: return "a number";
    case config_type::choice: return allowed_text(key);
  }
  return {};
}

converted refused(std::string problem, std::string hint) { return {0, std::move(problem), std::move(hint)}; }

}  // namespace

converted from_number(const config_key& key, double value, std::string_view shown) {
  // Written so that NaN, which is neither above nor below, is refused too.
  const std::string allowed = "allowed: " + allowed_text(key);
  if (std::isnan(value)) return refused(fmt::format("{} is not a number", shown), allowed);
  if (value < key.min) return refused(fmt::format("{} is below {:.15g}", shown, key.min), allowed);
  if (value > key.max) return refused(fmt::format("{} is above {:.15g}", shown, key.max), allowed);
  if (key.type == config_type::whole && value != std::floor(value)) {
    const std::string unit = key.unit.empty() ? "" : " of " + key.unit;
    return refused(fmt::format("{} is not a whole number{}", shown, unit), allowed);
  }
  return {value, {}, {}};
}

converted from_duration(const config_key& key, std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789.-"), text.size());
  const std::string_view unit = text.substr(digits);
  const std::optional<double> count = number(text.substr(0, digits));
  const std::string example = fmt::format("allowed: {}, or text with a unit such as \"2{}\"", allowed_text(key), key.unit);
  if (!count) return refused(fmt::format("\"{}\" is not a duration", printable(text)), example);
  if (unit.empty()) return refused(fmt::format("\"{}\" has no unit", printable(text)), "units: " + unit_list());
  const std::optional<double> nanoseconds = nanoseconds_in(unit);
  if (!nanoseconds) {
    return refused(fmt::format("\"{}\" has an unknown unit '{}'", printable(text), printable(unit)),
                   "units: " + unit_list());
  }
  const double factor = *nanoseconds / *nanoseconds_in(key.unit);
  // Divided rather than multiplied where the unit is the smaller one: 3000ns is 3us exactly, 3000 * 0.001 need not be.
  double value = factor < 1 ? *count / (*nanoseconds_in(key.unit) / *nanoseconds) : *count * factor;
  // 1.001ms is 1001us although 1.001 * 1000 is 1000.9999999999999.
  if (std::abs(value - std::round(value)) < 1e-9 * std::abs(value)) value = std::round(value);
  converted out = from_number(key, value, printable(text));
  if (!out && value > key.max) out.problem += key.unit;
  if (!out && value < key.min) out.problem += key.unit;
  return out;
}

converted from_word(const config_key& key, std::string_view word) {
  for (std::size_t i = 0; i < key.choices.size(); ++i) {
    if (key.choices[i] == word) return {static_cast<double>(i), {}, {}};
  }
  const std::string near = suggest(word, key.choices);
  return refused(fmt::format("\"{}\" is not {}", printable(word), allowed_text(key)),
                 near.empty() ? "" : fmt::format("did you mean \"{}\"?", near));
}

converted from_text(const config_key& key, std::string_view text) {
  if (text.empty()) return refused("is set but empty; unset it or give it " + allowed_text(key), {});
  switch (key.type) {
    case config_type::choice: return from_word(key, text);
    case config_type::flag: {
      const std::string word = lower(text);
      for (const char* yes : {"1", "true", "yes", "on"}) {
        if (word == yes) return {1, {}, {}};
      }
      for (const char* no : {"0", "false", "no", "off"}) {
        if (word == no) return {0, {}, {}};
      }
      return refused(fmt::format("\"{}\" is neither true nor false", printable(text)), "allowed: 1, 0, true, false, on or off");
    }
    case config_type::whole:
    case config_type::real: break;
  }
  if (const std::optional<double> value = number(text)) return from_number(key, *value, printable(text));
  if (!key.unit.empty()) return from_duration(key, text);
  return refused(fmt::format("\"{}\" is not {}", printable(text), expected(key)), "allowed: " + allowed_text(key));
}

converted wrong_type(const config_key& key, std::string_view found) {
  const bool bounded = key.type == config_type::whole || key.type == config_type::real;
  return refused(fmt::format("expected {}, found {}", expected(key), found),
                 bounded ? "allowed: " + allowed_text(key) : "");
}

std::string value_text(const config_key& key, double value) {
  switch (key.type) {
    case config_type::flag: return value != 0 ? "true" : "false";
    case config_type::whole: return fmt::format("{:.0f}", value);
    case config_type::real: {
      std::string out = fmt::format("{}", value);
      if (std::isfinite(value) && out.find_first_of(".e") == out.npos) out += ".0";
      return out;
    }
    case config_type::choice: {
      const auto index = static_cast<std::size_t>(value);
      return index < key.choices.size() ? '"' + key.choices[index] + '"' : fmt::format("{}", index);
    }
  }
  return {};
}

std::string allowed_text(const config_key& key) {
  if (key.type == config_type::flag) return "true or false";
  if (key.type == config_type::choice) {
    std::string out;
    for (std::size_t i = 0; i < key.choices.size(); ++i) {
      if (i > 0) out += i + 1 == key.choices.size() ? " or " : ", ";
      out += '"' + key.choices[i] + '"';
    }
    return out;
  }
  return fmt::format("{:.15g} to {:.15g}{}{}", key.min, key.max, key.unit.empty() ? "" : " ", key.unit);
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= limit) return out + "...";
    const std::size_t length = utf8_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    // 0xc2 0x80 to 0xc2 0x9f are the C1 control characters, which terminals obey too.
    const bool c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (length == 0 || byte < 0x20 || byte == 0x7f || c1) {
      for (std::size_t k = 0; k < std::max<std::size_t>(length, 1); ++k) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i + k]));
      }
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace jay::detail
