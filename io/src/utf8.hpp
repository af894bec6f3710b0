// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace jay::detail {

/// How many bytes the character at `at` has; 0 if they are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
/// above U+10FFFF).
inline std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t k) {
    return at + k < text.size() ? static_cast<unsigned char>(text[at + k]) : 0u;
  };
  const auto between = [](unsigned b, unsigned low, unsigned high) { return low <= b && b <= high; };
  const auto tail = [&](std::size_t k) { return between(byte(k), 0x80, 0xbf); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (between(first, 0xc2, 0xdf)) return tail(1) ? 2 : 0;
  if (between(first, 0xe0, 0xef)) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return between(byte(1), low, high) && tail(2) ? 3 : 0;
  }
  if (between(first, 0xf0, 0xf4)) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return between(byte(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace jay::detail
