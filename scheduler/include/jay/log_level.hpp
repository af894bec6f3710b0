// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <jay/detail/config_fields.hpp>

namespace jay {

/// How bad what the runtime says about itself must be for it to be said (config key log.level).
///
///   error  an exception that nobody received, a program that waits for ever
///   warn   what goes on with less than was asked for, or not at once: threads, descriptors, io_uring, a late end
///   info   with what the runtime has started
///   debug  what it has done, at its end
enum class log_level { off, error, warn, info, debug };

template <>
struct detail::choice_words<log_level> {
  static constexpr std::string_view list[] = {"off", "error", "warn", "info", "debug"};
};

}  // namespace jay
