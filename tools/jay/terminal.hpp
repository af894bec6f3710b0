// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace jay {
class config_error;
}

namespace jay_tool {

// Colours are for people: only on a terminal that knows them, and not where NO_COLOR is set (no-color.org).
bool has_colour(std::FILE* stream);

enum class style { bold, red, green, dim };
std::string styled(std::FILE* stream, style s, std::string_view text);

// "jay: message" on standard error.
void print_error(std::string_view message);

// The error with its source line and carets, on standard error.
void print_config_error(const jay::config_error& error);

}  // namespace jay_tool
