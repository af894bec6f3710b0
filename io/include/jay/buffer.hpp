// SPDX-License-Identifier: MIT
// Buffers are spans of bytes; these make them from what people have.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace jay {

/// To write from: co_await s.write_all(jay::bytes_of("hello")).
inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
/// To read into: the string's present size.
inline std::span<std::byte> writable_bytes_of(std::string& text) noexcept {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}
inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace jay
