// SPDX-License-Identifier: MIT
// The keys of the configuration in the forms that people, editors and scripts read. All are made from the fields() of the
// tables.
#pragma once

#include <string>

#include <jay/config.hpp>

namespace jay_tool {

// A jay.toml in which every key stands with its default, commented out.
std::string config_template();

// The keys as a page of text, as docs/config.md, and as a JSON Schema, which editors check a jay.toml against.
std::string schema_text();
std::string schema_markdown();
std::string schema_json();

// A configuration as a file that would give it, each key with a comment on its origin if asked for; and as JSON.
std::string effective_toml(const jay::config& config, bool origins);
std::string effective_json(const jay::config& config);

}  // namespace jay_tool
