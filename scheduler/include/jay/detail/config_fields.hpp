// SPDX-License-Identifier: MIT
#pragma once

// How a table of the configuration declares its keys.
//
// A table is a plain struct: members with their defaults, and one static `fields()` that shows every member to
// a visitor. That is the only declaration of a key; the parser, the bounds, the environment variables, the
// commented template, the schema and docs/config.md are all made by walking it. A new key is a member, a line in
// `fields()` and the code that reads the member.
//
//   struct scheduler_config {
//     std::uint32_t workers = 0;
//     template <class Visit> static constexpr void fields(Visit&& visit) {
//       visit(detail::whole("workers", &scheduler_config::workers, 0, 1024, "", "Worker threads; 0 means ..."));
//     }
//   };
//
// Nothing here reads a file or allocates: the scheduler includes it.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace jay::detail {

// The words of an enum in the order of its values, which count from 0. Specialised beside each enum as
//   template <> struct choice_words<order> { static constexpr std::string_view list[] = {"depth", "asyncio"}; };
template <class Enum>
struct choice_words;

template <class Enum>
[[nodiscard]] constexpr std::string_view choice_word(Enum value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  constexpr std::size_t count = sizeof(choice_words<Enum>::list) / sizeof(std::string_view);
  return index < count ? choice_words<Enum>::list[index] : std::string_view("?");
}

struct flag_type {};    // bool
struct whole_type {};   // std::uint32_t
struct real_type {};    // double
struct choice_type {};  // an enum with choice_words

// One key. `unit` is "" or one of us, ms, s: a key with a unit also takes text such as "2ms", and the member
// counts in that unit. `min` and `max` are inclusive and mean nothing for flags and choices.
template <class Table, class Value, class Type>
struct field {
  using table = Table;
  using value = Value;
  using type = Type;

  std::string_view name;
  Value Table::*member;
  double min;
  double max;
  std::string_view unit;
  std::string_view doc;
};

template <class Table>
[[nodiscard]] constexpr field<Table, bool, flag_type> flag(std::string_view name, bool Table::*member,
                                                           std::string_view doc) noexcept {
  return {name, member, 0, 1, {}, doc};
}

template <class Table>
[[nodiscard]] constexpr field<Table, std::uint32_t, whole_type> whole(std::string_view name,
                                                                      std::uint32_t Table::*member,
                                                                      std::uint32_t min, std::uint32_t max,
                                                                      std::string_view unit,
                                                                      std::string_view doc) noexcept {
  return {name, member, static_cast<double>(min), static_cast<double>(max), unit, doc};
}

template <class Table>
[[nodiscard]] constexpr field<Table, double, real_type> real(std::string_view name, double Table::*member,
                                                             double min, double max, std::string_view unit,
                                                             std::string_view doc) noexcept {
  return {name, member, min, max, unit, doc};
}

template <class Table, class Enum>
[[nodiscard]] constexpr field<Table, Enum, choice_type> choice(std::string_view name, Enum Table::*member,
                                                               std::string_view doc) noexcept {
  return {name, member, 0, 0, {}, doc};
}

}  // namespace jay::detail
