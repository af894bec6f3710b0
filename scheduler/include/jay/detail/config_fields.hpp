// SPDX-License-Identifier: MIT
#pragma once

// How a table of the configuration declares its keys.
//
// A table is a plain struct: members with their defaults, and one static `fields()` that shows each member to a visitor.
// This is the only declaration of a key. The reader, the bounds, the environment variables, the commented template, the
// schema and docs/config.md are all made by walking it. A new key is a member, one call in `fields()`, and the code that
// reads the member.
//
//   struct scheduler_config {
//     std::uint32_t spin = 50;
//     template <class Visit> static constexpr void fields(Visit&& visit) {
//       visit(&scheduler_config::spin, "spin", detail::us(0, 10000), "How long an idle worker ...");
//     }
//   };
//
// The member says the type: bool, std::uint32_t, double, or an enum with choice_words. Numbers have a range, the others
// none. Nothing here reads a file or allocates, as the scheduler includes it.

#include <string_view>

namespace jay::detail {

// The words of an enum in the order of its values, which count from 0. Specialised beside each enum as
//   template <> struct choice_words<order> { static constexpr std::string_view list[] = {"depth", "asyncio"}; };
template <class Enum>
struct choice_words;

// What a number may be, both ends included. A number with a unit also takes text such as "2ms".
struct range {
  double min;
  double max;
  std::string_view unit;
};
[[nodiscard]] constexpr range count(double min, double max) noexcept { return {min, max, {}}; }
[[nodiscard]] constexpr range us(double min, double max) noexcept { return {min, max, "us"}; }
[[nodiscard]] constexpr range ms(double min, double max) noexcept { return {min, max, "ms"}; }
[[nodiscard]] constexpr range seconds(double min, double max) noexcept { return {min, max, "s"}; }

}  // namespace jay::detail
