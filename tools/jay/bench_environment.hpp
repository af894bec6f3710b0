// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

namespace jay_tool {

/// The machine that measures: processor, cores, memory, kernel, system, date, load.
nlohmann::ordered_json bench_environment();

/// Processors that this process may use.
unsigned allowed_processors();

}  // namespace jay_tool
